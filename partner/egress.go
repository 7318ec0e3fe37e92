package partner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// errEgress is in every error about an address that may not be called.
var errEgress = errors.New("the address may not be called")

// guard is the one way out. It lets requests pass to the hosts of the
// configuration only, or to those of subscriptions, and judges the address that a
// name led to at the moment of dialing: a name that leads elsewhere by then
// changes nothing.
type guard struct {
	hosts   map[string]bool // scheme://host:port
	open    bool            // whether any host may be called: each call names an address that a supervisor gave
	private bool            // whether private and loopback addresses may be called
	next    http.RoundTripper
}

// newGuard allows the origins of those URLs.
func newGuard(addresses []string, private bool) (*guard, error) {
	g := &guard{hosts: map[string]bool{}, private: private}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("an address to be called is no http address")
		}
		g.hosts[origin(u)] = true
	}
	g.dial()
	return g, nil
}

// dial sets up how the guard calls.
func (g *guard) dial() {
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: g.control}
	g.next = &http.Transport{
		Proxy:                  nil, // not the environment's either
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		MaxResponseHeaderBytes: 32 << 10,
		MaxIdleConnsPerHost:    16,
		MaxConnsPerHost:        64,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}

// origin names scheme, host and port, the port always.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// RoundTrip lets a request pass, or not.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.User != nil || !g.open && !g.hosts[origin(r.URL)] {
		return nil, fmt.Errorf("%w: its host is not configured", errEgress)
	}
	return g.next.RoundTrip(r)
}

// control judges the address that is about to be dialed.
func (g *guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: it cannot be judged", errEgress)
	}
	if !g.allows(at.Addr()) {
		return fmt.Errorf("%w: it is private or reserved", errEgress)
	}
	return nil
}

// reserved are networks that are not private by name and yet no place on the
// internet: shared, benchmark, documentation, translation and the like.
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// allows reports whether an address may be called: one on the internet, or with
// private also a private or loopback one.
func (g *guard) allows(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if address.IsLoopback() || address.IsPrivate() {
		return g.private
	}
	if !address.IsGlobalUnicast() {
		return false // link-local, multicast, unspecified
	}
	for _, p := range reserved {
		if p.Contains(address) {
			return false
		}
	}
	return true
}

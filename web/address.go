package web

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// parseProxies reads addresses and networks.
func parseProxies(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if prefix, err := netip.ParsePrefix(text); err == nil {
			all = append(all, prefix.Masked())
			continue
		}
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is neither an address nor a network", text)
		}
		all = append(all, netip.PrefixFrom(address, address.BitLen()))
	}
	return all, nil
}

// trusts reports whether an address is one of our own proxies.
func (s *Server) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// address is where the request came from. X-Forwarded-For is read from its end,
// as far as our own proxies wrote it: what stands before was sent by the
// browser, who may write what it likes. Other forwarded headers never count.
func (s *Server) address(c *fiber.Ctx) string {
	address, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return ""
	}
	address = address.Unmap()
	hops := strings.Split(strings.Join(headerValues(c, fiber.HeaderXForwardedFor), ","), ",")
	for s.trusts(address) && len(hops) > 0 {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
		if err != nil {
			break
		}
		address, hops = hop.Unmap(), hops[:len(hops)-1]
	}
	return address.String()
}

// headerValues are all values of a header, in order.
func headerValues(c *fiber.Ctx, name string) []string {
	var values []string
	for _, value := range c.Context().Request.Header.PeekAll(name) {
		values = append(values, string(value))
	}
	return values
}

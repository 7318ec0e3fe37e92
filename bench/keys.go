package main

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/record/sample"
	"unireg/web/view"
)

// clients work at once where a rate is measured.
const clients = 4

// holder is an organization with a key of its own.
type holder struct {
	algorithm certificate.Algorithm
	key       crypto.Signer
	der       []byte
	code      string
	name      string
}

// keys are what the portal trusts and who has a key of it.
type keys struct {
	file    string // of the trusted issuers
	trust   *certificate.Trust
	holders []holder // one for each algorithm
	filers  []holder // organizations whose lists are measured
}

// newKeys draws an authority and a key in RSA and in SM2.
func newKeys(directory string) (*keys, error) {
	k := &keys{file: filepath.Join(directory, "trust.json")}
	began := time.Now().Add(-time.Hour)
	var entries []certificate.TrustEntry
	for i, algorithm := range []certificate.Algorithm{certificate.RSA, certificate.SM2} {
		name := "bench " + string(algorithm)
		root, err := authority.NewRoot(pkix.Name{CommonName: name + " root"}, algorithm, began, began.AddDate(20, 0, 0))
		if err != nil {
			return nil, err
		}
		issuing, err := root.NewIntermediate(pkix.Name{CommonName: name}, algorithm, began, began.AddDate(10, 0, 0))
		if err != nil {
			return nil, err
		}
		entries = append(entries, issuing.TrustEntry(name))
		h, err := newHolder(issuing, algorithm, sample.CreditCode(100+i), "示范"+string(algorithm)+"持钥有限公司")
		if err != nil {
			return nil, err
		}
		k.holders = append(k.holders, h)
		if h, err = newHolder(issuing, algorithm, sample.CreditCode(200+i), "示范"+string(algorithm)+"获奖有限公司"); err != nil {
			return nil, err
		}
		k.filers = append(k.filers, h)
	}
	text, err := authority.TrustJSON(entries...)
	if err != nil {
		return nil, err
	}
	if k.trust, err = certificate.ParseTrust(text); err != nil {
		return nil, err
	}
	return k, os.WriteFile(k.file, text, 0o600)
}

func newHolder(issuing *authority.Authority, algorithm certificate.Algorithm, code, name string) (holder, error) {
	h := holder{algorithm: algorithm, code: code, name: name}
	var err error
	if h.key, err = authority.GenerateKey(algorithm); err != nil {
		return holder{}, err
	}
	began := time.Now().Add(-time.Hour)
	h.der, err = issuing.Issue(h.key.Public(), authority.Request{
		Profile: authority.Organization, Code: code, Organization: name, NotBefore: began, NotAfter: began.AddDate(1, 0, 0),
	})
	return h, err
}

// browserOf is a browser without a session, from an address of its own.
func browserOf(portal string, n int64) (*bidder, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("new browser: %w", err)
	}
	from := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
	return &bidder{portal: portal, client: &http.Client{
		Jar: jar, Timeout: time.Minute, Transport: proxied(from),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// proxied makes requests come from an address, by the word of the proxy that the
// portal trusts.
type proxied string

func (f proxied) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	return http.DefaultTransport.RoundTrip(r)
}

// login asks for a challenge, signs it as the agent does and logs in. It returns
// the time of the two posts, without the signing, which happens elsewhere.
func (h holder) login(ctx context.Context, b *bidder) (time.Duration, error) {
	page, err := b.get(ctx, "/login/certificate")
	if err != nil {
		return 0, err
	}
	token := hidden(page, view.CSRFField)
	began := time.Now()
	body := url.Values{view.CSRFField: {token}}
	got, err := b.do(ctx, http.MethodPost, "/login/certificate/challenge", strings.NewReader(body.Encode()), "application/x-www-form-urlencoded")
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	var asked struct{ Statement, Nonce string }
	if err := json.Unmarshal([]byte(got.page), &asked); err != nil {
		return 0, fmt.Errorf("challenge: status %d: %w", got.status, err)
	}
	statement, err := base64.StdEncoding.DecodeString(asked.Statement)
	if err != nil {
		return 0, fmt.Errorf("challenge: %w", err)
	}
	signature, err := certificate.Sign(h.key, statement)
	if err != nil {
		return 0, err
	}
	began = time.Now()
	_, err = b.post(ctx, "/login/certificate", token, url.Values{
		"nonce": {asked.Nonce}, "certificate": {base64.StdEncoding.EncodeToString(h.der)}, "signature": {base64.StdEncoding.EncodeToString(signature)},
	})
	return took + time.Since(began), err
}

// enrol registers the holder through the login of its key, and returns its
// browser.
func (h holder) enrol(ctx context.Context, portal string) (*bidder, error) {
	b, err := browserOf(portal, 1)
	if err != nil {
		return nil, err
	}
	if _, err := h.login(ctx, b); err != nil {
		return nil, err
	}
	return b, b.send(ctx, "/register/details", "/register/details", url.Values{
		"name": {h.name}, "password": {word}, "password_again": {word},
	})
}

// measureKeys prints logins a second against bare verifications on the same
// machine, in turn.
func measureKeys(ctx context.Context, b *bench) error {
	fmt.Printf("\ncertificates, %d clients at once\n", clients)
	for _, h := range b.keys.holders {
		if _, err := h.enrol(ctx, b.portal.url); err != nil {
			return fmt.Errorf("enrol %s: %w", h.algorithm, err)
		}
		bare, err := h.bare(b.keys.trust)
		if err != nil {
			return err
		}
		var next atomic.Int64
		next.Store(2)
		var mu sync.Mutex
		var times []time.Duration
		began := time.Now()
		err = atOnce(func() error {
			for {
				n := next.Add(1)
				if n > int64(b.logins)+2 {
					return nil
				}
				browser, err := browserOf(b.portal.url, n)
				if err != nil {
					return err
				}
				took, err := h.login(ctx, browser)
				if err != nil {
					return err
				}
				mu.Lock()
				times = append(times, took)
				mu.Unlock()
			}
		})
		if err != nil {
			return fmt.Errorf("log in by %s: %w", h.algorithm, err)
		}
		rate := float64(len(times)) / time.Since(began).Seconds()
		row("login by "+string(h.algorithm)+", two posts", times)
		fmt.Printf("%-32s %6.0f /s; bare chain and signature %6.0f /s\n", "  with its page and signing", rate, bare)
	}
	return nil
}

// bare is how many chains and signatures a second the machine verifies when it
// does nothing else.
func (h holder) bare(trust *certificate.Trust) (perSecond float64, err error) {
	statement := []byte("as long as a statement is, about two hundred and fifty bytes" + strings.Repeat(".", 190))
	signature, err := certificate.Sign(h.key, statement)
	if err != nil {
		return 0, err
	}
	const span = 2 * time.Second
	var done atomic.Int64
	began := time.Now()
	err = atOnce(func() error {
		for time.Since(began) < span {
			c, err := certificate.Parse(h.der)
			if err != nil {
				return err
			}
			if _, err := trust.Verify(c, nil, time.Now()); err != nil {
				return err
			}
			if err := c.CheckSignature(statement, signature); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / time.Since(began).Seconds(), err
}

// atOnce has every client do the work.
func atOnce(work func() error) error {
	faults := make([]error, clients)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() { faults[i] = work() })
	}
	group.Wait()
	return errors.Join(faults...)
}

package certificate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

func TestParseTrustRefuses(t *testing.T) {
	rsa, sm2 := companies(t, certificate.RSA), companies(t, certificate.SM2)
	good := func(change func(*certificate.TrustEntry)) []certificate.TrustEntry {
		entry := rsa.TrustEntry("甲")
		change(&entry)
		return []certificate.TrustEntry{entry}
	}
	twice := func(a *authority.Authority) []certificate.TrustEntry {
		return []certificate.TrustEntry{a.TrustEntry("甲"), a.TrustEntry("乙")}
	}
	for want, entries := range map[string][]certificate.TrustEntry{
		"no name":                            good(func(e *certificate.TrustEntry) { e.Name = "" }),
		"no certificate in PEM":              good(func(e *certificate.TrustEntry) { e.Certificates = "" }),
		"something else than certificates":   good(func(e *certificate.TrustEntry) { e.Certificates = "-----BEGIN KEY-----\n-----END KEY-----\n" }),
		"parse certificate":                  good(func(e *certificate.TrustEntry) { e.Certificates = string(pemOf([]byte("x"))) }),
		"no self-signed root":                good(func(e *certificate.TrustEntry) { e.Certificates = string(pemOf(rsa.Certificate())) }),
		"more than 16 certificates":          good(func(e *certificate.TrustEntry) { e.Certificates = strings.Repeat(e.Certificates, 9) }),
		"PEM longer":                         good(func(e *certificate.TrustEntry) { e.Certificates += strings.Repeat(" ", 1<<18) }),
		"is neither oid":                     good(func(e *certificate.TrustEntry) { e.Code = "" }),
		"\"subject:UID\" is neither":         good(func(e *certificate.TrustEntry) { e.Code = "oid:1.2,subject:UID" }),
		"\"1.x\" is no object identifier":    good(func(e *certificate.TrustEntry) { e.Code = "oid:1.x" }),
		"\"1\" is no object identifier":      good(func(e *certificate.TrustEntry) { e.Code = "oid:1" }),
		"code_pattern: ":                     good(func(e *certificate.TrustEntry) { e.CodePattern = "(" }),
		"does not have exactly one group":    good(func(e *certificate.TrustEntry) { e.CodePattern = ".*" }),
		"no absolute http address":           good(func(e *certificate.TrustEntry) { e.CRL = "ldap://ca/x" }),
		"\"http://u@ca/\" is no absolute":    good(func(e *certificate.TrustEntry) { e.OCSP = "http://u@ca/" }),
		"issues in an earlier entry already": twice(rsa),
		"a crl and several issuing": good(func(e *certificate.TrustEntry) {
			e.Certificates += string(sm2.PEM())
			e.CRL = "http://ca.example/x.crl"
		}),
	} {
		t.Run(want, func(t *testing.T) {
			text, err := authority.TrustJSON(entries...)
			require.NoError(t, err)
			_, err = certificate.ParseTrust(text)
			require.ErrorContains(t, err, want)
		})
	}
	for want, text := range map[string]string{
		"EOF":                  ``,
		"unknown field":        `{"issuers":[],"issuer":1}`,
		"something follows":    `{"issuers":[]}{}`,
		"longer than":          strings.Repeat(" ", 5<<20),
		"cannot unmarshal":     `{"issuers":{}}`,
		"more than 64 issuers": `{"issuers":[` + strings.Repeat(`{},`, 64) + `{}]}`,
	} {
		t.Run(want, func(t *testing.T) {
			_, err := certificate.ParseTrust([]byte(text))
			require.ErrorContains(t, err, want)
		})
	}
}

func TestParseTrustOneEntryTwoAuthorities(t *testing.T) {
	rsa, sm2 := companies(t, certificate.RSA), companies(t, certificate.SM2)
	entry := rsa.TrustEntry("同一机构")
	entry.Certificates = string(sm2.PEM()) + string(rsa.PEM())
	entry.OCSP = "http://ca.example/ocsp"
	trust := pinning(t, entry)
	issuers := trust.Issuers()
	require.Len(t, issuers, 2)
	for i, a := range []*authority.Authority{sm2, rsa} {
		require.Equal(t, "CN="+a.Name(), issuers[i].Subject)
		require.Equal(t, "同一机构", issuers[i].Name)
		require.Equal(t, "http://ca.example/ocsp", issuers[i].OCSP)
		c, err := certificate.Parse(a.Certificate())
		require.NoError(t, err)
		require.Equal(t, c.SHA256(), issuers[i].Key)
		require.Equal(t, c.NotAfter(), issuers[i].NotAfter)
	}
}

func TestTrustFileNames(t *testing.T) {
	text, err := json.Marshal(certificate.TrustEntry{Name: "甲", Certificates: "PEM", Code: "subject:CN", CodePattern: "(.*)", CRL: "c", OCSP: "o"})
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"甲","certificates":"PEM","code":"subject:CN","code_pattern":"(.*)","crl":"c","ocsp":"o"}`, string(text))
}

func TestRefusalsExplainThemselves(t *testing.T) {
	seen := map[string]bool{}
	for _, refusal := range append(certificate.Refusals(), "of another version") {
		text := refusal.Explain()
		require.False(t, seen[text], "%s says the same as another", refusal)
		seen[text] = true
		require.True(t, strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }), refusal)
		require.Regexp(t, "请|可以", text, "%s names no next step", refusal)
		require.True(t, strings.HasSuffix(text, "。"), refusal)
	}
	for _, lost := range []certificate.Refusal{certificate.Expired, certificate.IsRevoked, certificate.IsSuspended, certificate.UnknownIssuer, certificate.Weak} {
		require.Contains(t, lost.Explain(), "【数字证书】", "where to get another")
		require.Contains(t, lost.Explain(), "密码登录")
	}
	require.Contains(t, certificate.Expired.Explain(), "续期")
}

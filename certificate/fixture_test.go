package certificate_test

import (
	"crypto"
	"crypto/x509/pkix"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

// noon is the instant at which most of the tests happen.
var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

const code = "91110000600001760Q"

var algorithms = []certificate.Algorithm{certificate.RSA, certificate.ECDSA, certificate.SM2}

// keys are drawn once: RSA takes its time.
var keys = func() func(testing.TB, certificate.Algorithm) crypto.Signer {
	var mutex sync.Mutex
	drawn := map[certificate.Algorithm]crypto.Signer{}
	return func(t testing.TB, algorithm certificate.Algorithm) crypto.Signer {
		t.Helper()
		mutex.Lock()
		defer mutex.Unlock()
		if drawn[algorithm] == nil {
			key, err := authority.GenerateKey(algorithm)
			require.NoError(t, err)
			drawn[algorithm] = key
		}
		return drawn[algorithm]
	}
}()

// company is an authority with a root above it, for ten years around noon.
func company(t testing.TB, name string, algorithm certificate.Algorithm) *authority.Authority {
	t.Helper()
	root, err := authority.NewRoot(pkix.Name{CommonName: name + " Root"}, algorithm, noon.AddDate(-5, 0, 0), noon.AddDate(15, 0, 0))
	require.NoError(t, err)
	ca, err := root.NewIntermediate(pkix.Name{CommonName: name + " CA"}, algorithm, noon.AddDate(-5, 0, 0), noon.AddDate(5, 0, 0))
	require.NoError(t, err)
	return ca
}

// companies are one company for each algorithm, drawn once.
var companies = func() func(testing.TB, certificate.Algorithm) *authority.Authority {
	var mutex sync.Mutex
	drawn := map[certificate.Algorithm]*authority.Authority{}
	return func(t testing.TB, algorithm certificate.Algorithm) *authority.Authority {
		t.Helper()
		mutex.Lock()
		defer mutex.Unlock()
		if drawn[algorithm] == nil {
			drawn[algorithm] = company(t, "Test "+string(algorithm), algorithm)
		}
		return drawn[algorithm]
	}
}()

// trusting pins authorities.
func trusting(t testing.TB, authorities ...*authority.Authority) *certificate.Trust {
	t.Helper()
	entries := make([]certificate.TrustEntry, len(authorities))
	for i, a := range authorities {
		entries[i] = a.TrustEntry("测试机构 " + a.Name())
	}
	return pinning(t, entries...)
}

func pinning(t testing.TB, entries ...certificate.TrustEntry) *certificate.Trust {
	t.Helper()
	text, err := authority.TrustJSON(entries...)
	require.NoError(t, err)
	trust, err := certificate.ParseTrust(text)
	require.NoError(t, err)
	return trust
}

// forCompany is a request for an organization's certificate of a year.
func forCompany() authority.Request {
	return authority.Request{
		Profile: authority.Organization, Organization: "测试建设有限公司", Code: code,
		NotBefore: noon.AddDate(0, -6, 0), NotAfter: noon.AddDate(0, 6, 0),
	}
}

// changed edits the template of forCompany.
func changed(change func(*smx509.Certificate)) authority.Request {
	r := forCompany()
	r.Change = change
	return r
}

func issue(t testing.TB, a *authority.Authority, public crypto.PublicKey, r authority.Request) *certificate.Certificate {
	t.Helper()
	der, err := a.Issue(public, r)
	require.NoError(t, err)
	c, err := certificate.Parse(der)
	require.NoError(t, err)
	return c
}

// subject is a verified certificate of an authority, and its key.
func subject(t testing.TB, a *authority.Authority, algorithm certificate.Algorithm) (certificate.Verified, *certificate.Certificate, crypto.Signer) {
	t.Helper()
	key := keys(t, algorithm)
	c := issue(t, a, key.Public(), forCompany())
	v, err := trusting(t, a).Verify(c, nil, noon)
	require.NoError(t, err)
	return v, c, key
}

func requireRefusal(t testing.TB, want certificate.Refusal, err error) {
	t.Helper()
	require.Error(t, err)
	got, ok := certificate.RefusalOf(err)
	require.True(t, ok, "%v is no refusal", err)
	require.Equal(t, want, got, err.Error())
}

// Package certificatetest gives the tests of other rooms authorities that are
// trusted, and keys with certificates of theirs.
package certificatetest

import (
	"crypto"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

// World is what is trusted: one authority that issues in RSA, one in SM2.
type World struct {
	Trust    *certificate.Trust
	RSA, SM2 *authority.Authority

	began time.Time
}

// New draws the authorities. crl and ocsp are the addresses of the first one's
// list and responder, "" for none.
func New(t testing.TB, crl, ocsp string) *World {
	t.Helper()
	w := &World{began: time.Now().Add(-time.Hour).UTC().Truncate(time.Second)}
	issuing := func(name string, algorithm certificate.Algorithm) *authority.Authority {
		root, err := authority.NewRoot(pkix.Name{CommonName: name + " 根"}, algorithm, w.began, w.began.AddDate(20, 0, 0))
		require.NoError(t, err)
		a, err := root.NewIntermediate(pkix.Name{CommonName: name}, algorithm, w.began, w.began.AddDate(10, 0, 0))
		require.NoError(t, err)
		return a
	}
	w.RSA, w.SM2 = issuing("测试CA RSA", certificate.RSA), issuing("测试CA SM2", certificate.SM2)
	first := w.RSA.TrustEntry("测试CA RSA")
	first.CRL, first.OCSP = crl, ocsp
	text, err := authority.TrustJSON(first, w.SM2.TrustEntry("测试CA SM2"))
	require.NoError(t, err)
	w.Trust, err = certificate.ParseTrust(text)
	require.NoError(t, err)
	return w
}

// Key is a key with its certificate.
type Key struct {
	Signer      crypto.Signer
	Certificate *certificate.Certificate
	Verified    certificate.Verified
}

// Issue draws a key with a signing certificate for an organization's code, by
// the authority of that algorithm.
func (w *World) Issue(t testing.TB, algorithm certificate.Algorithm, code string) Key {
	t.Helper()
	by := w.RSA
	if algorithm == certificate.SM2 {
		by = w.SM2
	}
	return w.IssueBy(t, by, algorithm, authority.Request{
		Profile: authority.Organization, Code: code, Organization: "测试单位", NotBefore: w.began, NotAfter: w.began.AddDate(1, 0, 0),
	})
}

// IssueBy is Issue for any request. Verified is filled in where the authority is
// trusted and the certificate counts.
func (w *World) IssueBy(t testing.TB, by *authority.Authority, algorithm certificate.Algorithm, r authority.Request) Key {
	t.Helper()
	signer, err := authority.GenerateKey(algorithm)
	require.NoError(t, err)
	der, err := by.Issue(signer.Public(), r)
	require.NoError(t, err)
	c, err := certificate.Parse(der)
	require.NoError(t, err)
	key := Key{Signer: signer, Certificate: c}
	if verified, err := w.Trust.Verify(c, nil, time.Now()); err == nil {
		key.Verified = verified
	}
	return key
}

// Sign signs as a token does.
func (k Key) Sign(t testing.TB, message []byte) []byte {
	t.Helper()
	signature, err := certificate.Sign(k.Signer, message)
	require.NoError(t, err)
	return signature
}

// List is a fresh list of the first authority that names those serial numbers.
func (w *World) List(t testing.TB, number int64, entries ...certificate.Entry) (certificate.List, []byte) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	der, err := w.RSA.RevocationList(number, entries, now, now.Add(10*time.Minute))
	require.NoError(t, err)
	list, err := w.Trust.ParseCRL(w.Trust.Issuers()[0].Key, der)
	require.NoError(t, err)
	return list, der
}

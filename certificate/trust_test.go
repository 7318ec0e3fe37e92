package certificate_test

import (
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

func TestN08SeveralAuthorities(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var entries []certificate.TrustEntry
	var as []*authority.Authority
	for _, alg := range []certificate.Algorithm{certificate.RSA, certificate.SM2, certificate.ECDSA} {
		root, err := authority.NewRoot(pkix.Name{CommonName: "root " + string(alg)}, alg, at.AddDate(-1, 0, 0), at.AddDate(20, 0, 0))
		require.NoError(t, err)
		sub, err := root.NewIntermediate(pkix.Name{CommonName: "ca " + string(alg)}, alg, at.AddDate(-1, 0, 0), at.AddDate(10, 0, 0))
		require.NoError(t, err)
		entries = append(entries, sub.TrustEntry("CA "+string(alg)))
		as = append(as, sub)
	}
	text, err := authority.TrustJSON(entries...)
	require.NoError(t, err)
	trust, err := certificate.ParseTrust(text)
	require.NoError(t, err)
	require.Len(t, trust.Issuers(), 3)
	for _, a := range as {
		for _, alg := range []certificate.Algorithm{certificate.RSA, certificate.SM2, certificate.ECDSA} {
			key, err := authority.GenerateKey(alg)
			require.NoError(t, err)
			der, err := a.Issue(key.Public(), authority.Request{Profile: authority.Organization, Organization: "甲", Code: "91110000600001760Q", NotBefore: at, NotAfter: at.AddDate(1, 0, 0)})
			require.NoError(t, err)
			c, err := certificate.Parse(der)
			require.NoError(t, err)
			require.Equal(t, alg, c.Algorithm())
			v, err := trust.Verify(c, nil, at)
			require.NoError(t, err)
			require.Equal(t, "91110000600001760Q", v.Code)
			require.Len(t, v.Chain, 3)
			sig, err := certificate.Sign(key, []byte("abc"))
			require.NoError(t, err)
			require.NoError(t, c.CheckSignature([]byte("abc"), sig))
			require.Error(t, c.CheckSignature([]byte("abd"), sig))
			list, err := a.RevocationList(7, []certificate.Entry{{Serial: c.Serial(), At: at, Reason: "certificateHold"}}, at, at.Add(time.Hour))
			require.NoError(t, err)
			r, err := v.StatusFromCRL(list, at, 0)
			require.NoError(t, err)
			require.Equal(t, certificate.Suspended, r.Status)
		}
	}
}

package certificate_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
)

// What strangers send never panics, and what is accepted is what was sent.

func FuzzW26_Certificate(f *testing.F) {
	trust := trusting(f, companies(f, certificate.RSA), companies(f, certificate.SM2))
	for _, algorithm := range algorithms {
		a := companies(f, algorithm)
		f.Add(issue(f, a, keys(f, algorithm).Public(), forCompany()).Raw())
		f.Add(a.Certificate())
		f.Add(a.PEM())
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		c, err := certificate.Parse(input)
		leaf, intermediates, pemErr := certificate.ParsePEM(input)
		if pemErr == nil {
			c = leaf
		} else if err != nil {
			return
		} else {
			require.Equal(t, input, c.Raw())
		}
		_ = c.Issuer() + c.Subject() + c.CommonName() + c.SHA256() + c.SM3() + c.Serial() + c.String()
		_, _ = trust.Verify(c, intermediates, noon)
		_ = c.CheckSignature(input, input)
	})
}

func FuzzW26_Statement(f *testing.F) {
	f.Add(encode(f, loginStatement()))
	f.Add(encode(f, submitStatement(content)))
	f.Fuzz(func(t *testing.T, input []byte) {
		s, err := certificate.ParseStatement(input)
		if err == nil {
			require.Equal(t, input, encode(t, s))
		}
	})
}

func FuzzW26_Trust(f *testing.F) {
	rsa := companies(f, certificate.RSA).TrustEntry("甲")
	rsa.CodePattern, rsa.CRL, rsa.OCSP = "^(.*)$", "http://ca.example/a.crl", "http://ca.example/ocsp"
	text, err := authority.TrustJSON(rsa, companies(f, certificate.SM2).TrustEntry("乙"))
	require.NoError(f, err)
	f.Add(text)
	c := issue(f, companies(f, certificate.RSA), keys(f, certificate.RSA).Public(), forCompany())
	f.Fuzz(func(t *testing.T, input []byte) {
		trust, err := certificate.ParseTrust(input)
		if err != nil {
			return
		}
		for _, issuer := range trust.Issuers() {
			require.NotEmpty(t, issuer.Name)
			require.Len(t, issuer.Key, 64)
		}
		_, _ = trust.Verify(c, nil, noon)
	})
}

func FuzzW26_OCSP(f *testing.F) {
	a := companies(f, certificate.SM2)
	v, _, _ := subject(f, a, certificate.SM2)
	request, err := v.OCSPRequest()
	require.NoError(f, err)
	f.Add(request)
	for _, state := range []authority.State{good, {Status: certificate.Revoked, At: noon, Reason: "superseded"}, {Status: certificate.Unknown}} {
		f.Add(responder(a, state).Respond(request))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if r, err := v.StatusFromOCSP(input, noon); err == nil {
			require.Equal(t, input, r.Proof)
		}
		require.NotEmpty(t, responder(a, good).Respond(input))
	})
}

func FuzzW26_List(f *testing.F) {
	a := companies(f, certificate.SM2)
	v, c, _ := subject(f, a, certificate.SM2)
	f.Add(list(f, a))
	f.Add(list(f, a, certificate.Entry{Serial: c.Serial(), At: noon, Reason: "certificateHold"}))
	f.Fuzz(func(t *testing.T, input []byte) {
		if r, err := v.StatusFromCRL(input, noon, 0); err == nil {
			require.Equal(t, input, r.Proof)
		}
	})
}

func FuzzW26_Evidence(f *testing.F) {
	a := companies(f, certificate.SM2)
	trust := trusting(f, a)
	e, _ := signed(f, a, certificate.SM2)
	encoded, err := e.Marshal()
	require.NoError(f, err)
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, input []byte) {
		e, err := certificate.ParseEvidence(input)
		if err != nil {
			return
		}
		again, err := e.Marshal()
		require.NoError(t, err)
		require.Equal(t, input, again)
		_, _ = trust.VerifyEvidence(e, sha256.Sum256(content), accepted)
	})
}

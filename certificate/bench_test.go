package certificate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
)

// BenchmarkLogin is what a certificate login costs the processor: parse, chain,
// signature, and a list that is at hand. "bare" is the two signature
// verifications alone (issuer's on the certificate, subject's on the statement).
func BenchmarkLogin(b *testing.B) {
	for _, algorithm := range algorithms {
		a := companies(b, algorithm)
		trust := trusting(b, companies(b, certificate.RSA), companies(b, certificate.ECDSA), companies(b, certificate.SM2))
		_, c, key := subject(b, a, algorithm)
		statement := encode(b, loginStatement())
		signature, err := certificate.Sign(key, statement)
		require.NoError(b, err)
		v, err := trust.Verify(c, nil, noon)
		require.NoError(b, err)
		parsed, err := trust.ParseCRL(v.Issuer.Key, list(b, a))
		require.NoError(b, err)
		der := c.Raw()
		b.Run(string(algorithm), func(b *testing.B) {
			for b.Loop() {
				c, err := certificate.Parse(der)
				require.NoError(b, err)
				v, err := trust.Verify(c, nil, noon)
				require.NoError(b, err)
				require.NoError(b, c.CheckSignature(statement, signature))
				r, err := v.StatusFromList(parsed, noon, 0)
				require.NoError(b, err)
				require.NoError(b, r.Err())
			}
		})
		b.Run(string(algorithm)+"-bare", func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, c.CheckSignature(statement, signature))
				require.NoError(b, c.CheckSignature(statement, signature))
			}
		})
	}
}

// BenchmarkEvidence is one signed version verified again.
func BenchmarkEvidence(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(string(algorithm), func(b *testing.B) {
			a := companies(b, algorithm)
			trust := trusting(b, a)
			e, _ := signed(b, a, algorithm)
			for b.Loop() {
				_, err := trust.VerifyEvidence(e, digest, accepted)
				require.NoError(b, err)
			}
		})
	}
}

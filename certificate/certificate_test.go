package certificate_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate"
)

func TestCertificateDescribesItself(t *testing.T) {
	a := companies(t, certificate.SM2)
	r := forCompany()
	r.Serial = big.NewInt(0xabc)
	c := issue(t, a, keys(t, certificate.SM2).Public(), r)
	require.Equal(t, "0ABC", c.Serial())
	require.Equal(t, "CN=Test SM2 CA", c.Issuer())
	require.Equal(t, "CN=测试建设有限公司,O=测试建设有限公司,C=CN", c.Subject())
	require.Equal(t, "测试建设有限公司", c.CommonName())
	require.Equal(t, r.NotBefore, c.NotBefore())
	require.Equal(t, r.NotAfter, c.NotAfter())
	require.True(t, c.Signs())
	require.False(t, c.Encrypts())
	require.Regexp(t, "^[0-9a-f]{64}$", c.SHA256())
	require.Regexp(t, "^[0-9a-f]{64}$", c.SM3())
	require.NotEqual(t, c.SHA256(), c.SM3())
	require.NotContains(t, c.String(), "测试", "no personal data in logs")

	again, rest, err := certificate.ParsePEM(c.PEM())
	require.NoError(t, err)
	require.Empty(t, rest)
	require.Equal(t, c.Raw(), again.Raw())
	c.Raw()[5] ^= 1
	require.Equal(t, again.Raw(), c.Raw(), "a caller changes a copy")

	public := c.PublicKey()
	algorithm, err := certificate.AlgorithmOf(public)
	require.NoError(t, err)
	require.Equal(t, certificate.SM2, algorithm)
}

func TestSubjectInOrderWithEscapes(t *testing.T) {
	a := companies(t, certificate.SM2)
	r := changed(func(x *smx509.Certificate) {
		x.Subject = pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: "一部"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "甲, 乙+丙"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: "二部"},
		}}
	})
	require.Equal(t, `OU=二部,CN=甲\, 乙\+丙,OU=一部`, issue(t, a, keys(t, certificate.SM2).Public(), r).Subject())
}

func TestParseRefuses(t *testing.T) {
	a := companies(t, certificate.RSA)
	good := issue(t, a, keys(t, certificate.RSA).Public(), forCompany()).Raw()
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	leave := changed(func(*smx509.Certificate) {})
	other, err := a.Issue(edwards, leave)
	require.NoError(t, err)
	curve, err := a.Issue(p384.Public(), leave)
	require.NoError(t, err)
	for name, der := range map[string][]byte{
		"nothing": nil, "text": []byte("certificate"), "cut": good[:len(good)-1], "longer": append(good, 0), "huge": make([]byte, 1<<20),
		"Ed25519": other, "P-384": curve,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificate.Parse(der)
			requireRefusal(t, certificate.Malformed, err)
		})
	}
}

func TestParsePEM(t *testing.T) {
	a := companies(t, certificate.SM2)
	_, c, _ := subject(t, a, certificate.SM2)
	chain := string(a.PEM())
	for name, text := range map[string]string{
		"leaf first": string(c.PEM()) + chain, "leaf last": chain + string(c.PEM()), "with text between": "subject=x\n" + string(c.PEM()) + "\nissuer=y\n" + chain,
	} {
		t.Run(name, func(t *testing.T) {
			leaf, intermediates, err := certificate.ParsePEM([]byte(text))
			require.NoError(t, err)
			require.Equal(t, c.Raw(), leaf.Raw())
			require.Equal(t, a.Chain(), intermediates)
		})
	}
	for name, text := range map[string]string{
		"nothing": "", "no leaf": chain, "two leaves": string(c.PEM()) + string(c.PEM()), "a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"rubbish within": string(pemOf([]byte("x"))), "too many": string(c.PEM()) + strings.Repeat(chain, 5), "too long": strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := certificate.ParsePEM([]byte(text))
			requireRefusal(t, certificate.Malformed, err)
		})
	}
}

func TestSerials(t *testing.T) {
	for _, serial := range []string{"00", "05", "7F", "0ABC", "40E6270F1B2C3D4E5F60718293A4B5C6"} {
		n, err := certificate.ParseSerial(serial)
		require.NoError(t, err)
		require.Equal(t, serial, certificate.SerialText(n))
	}
	for _, serial := range []string{"", "5", "0005", "0a", "-5", "0x", "+5", " 05", "05\n", "0_5", strings.Repeat("FF", 65)} {
		_, err := certificate.ParseSerial(serial)
		require.Error(t, err, serial)
	}
}

package pkcs11_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/cmd/ukey/internal/pkcs11"
	"unireg/cmd/ukey/internal/softhsmtest"
)

// issue draws a key in the token and writes a certificate for it beside it.
func issue(t *testing.T, module *pkcs11.Module, token pkcs11.Token, algorithm pkcs11.Algorithm) *x509.Certificate {
	t.Helper()
	der, err := module.NewKey(token, []byte(softhsmtest.PIN), algorithm, pkix.Name{CommonName: "示范建工", Country: []string{"CN"}})
	require.NoError(t, err)
	request, err := x509.ParseCertificateRequest(der)
	require.NoError(t, err)
	require.NoError(t, request.CheckSignature())
	issuer, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(0x4711), Subject: request.Subject, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}, request.PublicKey, issuer)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, module.Import(token, []byte(softhsmtest.PIN), [][]byte{certificate}), "a second time changes nothing")
	}
	parsed, err := x509.ParseCertificate(certificate)
	require.NoError(t, err)
	return parsed
}

func verify(t *testing.T, certificate *x509.Certificate, message, signature []byte) {
	t.Helper()
	digest := sha256.Sum256(message)
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature))
	case *ecdsa.PublicKey:
		require.True(t, ecdsa.VerifyASN1(key, digest[:], signature))
	default:
		t.Fatalf("a key of type %T", key)
	}
}

func TestDrawsKeysTakesCertificatesAndSigns(t *testing.T) {
	module, token := softhsmtest.Open(t, "示范锁")
	require.Equal(t, "示范锁", token.Label)
	for i, algorithm := range []pkcs11.Algorithm{pkcs11.RSA, pkcs11.ECDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			certificate := issue(t, module, token, algorithm)
			list, err := module.Certificates(token)
			require.NoError(t, err)
			require.Len(t, list, i+1)
			var own pkcs11.Certificate
			for _, c := range list {
				if string(c.DER) == string(certificate.Raw) {
					own = c
				}
			}
			require.NotEmpty(t, own.ID)
			message := []byte("what is signed, longer than one block of a hash function, so that nobody takes it for a digest")
			signature, err := module.Sign(token, []byte(softhsmtest.PIN), own.ID, message)
			require.NoError(t, err)
			verify(t, certificate, message, signature)
		})
	}
}

func TestWrongPINsAreToldApart(t *testing.T) {
	module, token := softhsmtest.Open(t, "t")
	certificate := issue(t, module, token, pkcs11.ECDSA)
	list, err := module.Certificates(token)
	require.NoError(t, err)
	_, err = module.Sign(token, []byte("000000"), list[0].ID, []byte("m"))
	require.ErrorIs(t, err, pkcs11.WrongPIN{TriesLeft: -1}, "SoftHSM counts no tries")
	_, err = module.Sign(token, nil, list[0].ID, []byte("m"))
	require.Error(t, err)
	tokens, err := module.Tokens()
	require.NoError(t, err)
	require.True(t, tokens[0].CountLow())
	signature, err := module.Sign(token, []byte(softhsmtest.PIN), list[0].ID, []byte("m"))
	require.NoError(t, err)
	verify(t, certificate, []byte("m"), signature)
	_, err = module.Sign(token, []byte(softhsmtest.PIN), []byte("no such key"), []byte("m"))
	require.Error(t, err)
	_, err = module.Sign(token, []byte(softhsmtest.PIN), nil, []byte("m"))
	require.Error(t, err)
}

func TestCertificatesOfOtherKeysAreRefused(t *testing.T) {
	module, token := softhsmtest.Open(t, "t")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "other"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	require.ErrorContains(t, module.Import(token, []byte(softhsmtest.PIN), [][]byte{der}), "no key for this certificate")
	require.Error(t, module.Import(token, []byte(softhsmtest.PIN), nil))
	require.ErrorIs(t, module.Import(token, []byte("000000"), [][]byte{der}), pkcs11.WrongPIN{TriesLeft: -1})
	_, err = module.NewKey(token, []byte(softhsmtest.PIN), "SM2", pkix.Name{})
	require.Error(t, err)
}

func TestARemovedTokenIsToldApart(t *testing.T) {
	softhsmtest.Configure(t)
	module, err := pkcs11.Open(softhsmtest.Module)
	require.NoError(t, err)
	defer func() { require.NoError(t, module.Close()) }()
	tokens, err := module.Tokens()
	require.NoError(t, err)
	require.Empty(t, tokens, "an uninitialised token is none")
	_, err = module.Certificates(pkcs11.Token{Label: "pulled out"})
	require.True(t, pkcs11.Removed(err))
	_, err = module.Sign(pkcs11.Token{Label: "pulled out"}, []byte("1"), []byte("1"), nil)
	require.True(t, pkcs11.Removed(err))
	require.False(t, pkcs11.Removed(pkcs11.WrongPIN{}))
}

func TestOneModuleServesManyGoroutines(t *testing.T) {
	module, token := softhsmtest.Open(t, "t")
	certificate := issue(t, module, token, pkcs11.ECDSA)
	list, err := module.Certificates(token)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 10 {
				signature, err := module.Sign(token, []byte(softhsmtest.PIN), list[0].ID, []byte("m"))
				if err != nil {
					t.Error(err)
					return
				}
				digest := sha256.Sum256([]byte("m"))
				if !ecdsa.VerifyASN1(certificate.PublicKey.(*ecdsa.PublicKey), digest[:], signature) {
					t.Error("a signature does not verify")
				}
			}
		})
	}
	all.Wait()
}

func TestWhatIsNoModuleIsRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "module.so")
	require.NoError(t, os.WriteFile(text, []byte("no library"), 0o600))
	for name, path := range map[string]string{
		"relative": "module.so", "missing": "/nowhere/module.so", "no library": text, "another library": "/lib/x86_64-linux-gnu/libm.so.6",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pkcs11.Open(path)
			require.Error(t, err)
		})
	}
}

func TestKeysThatAskForThePINEachTimeSign(t *testing.T) {
	module, token := softhsmtest.Open(t, "t")
	public, signature, err := module.SignWithCautiousKey(token, []byte(softhsmtest.PIN), []byte("m"))
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("m"))
	require.True(t, ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signature))
}

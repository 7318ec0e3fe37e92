package filetoken_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"unireg/certificate/filetoken"
)

const (
	pin     = "246810"
	puk     = "9876543210"
	message = "what is signed"
)

func newKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return map[string]crypto.Signer{"RSA": r, "SM2": s, "ECDSA": e}
}

// certify issues a certificate that the key signs itself.
func certify(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	template := &smx509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "示范建工"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: smx509.KeyUsageDigitalSignature,
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return der
}

// save writes a token file and opens it.
func save(t *testing.T, contents []byte) (*filetoken.Token, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t"+filetoken.Extension)
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	token, err := filetoken.Open(path)
	require.NoError(t, err)
	return token, path
}

func newToken(t *testing.T) (token *filetoken.Token, path string, der []byte) {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der = certify(t, key)
	contents, err := filetoken.Create(pin, puk, "示范", []filetoken.Entry{{Key: key, Certificates: [][]byte{der}, Use: filetoken.Signing}})
	require.NoError(t, err)
	token, path = save(t, contents)
	return token, path, der
}

func TestSignsWithEachAlgorithm(t *testing.T) {
	for name, key := range newKeys(t) {
		t.Run(name, func(t *testing.T) {
			der := certify(t, key)
			contents, err := filetoken.Create(pin, puk, "示范", []filetoken.Entry{{Key: key, Certificates: [][]byte{der}, Use: filetoken.Signing}})
			require.NoError(t, err)
			token, _ := save(t, contents)
			require.Equal(t, "示范", token.Label())
			require.Equal(t, []filetoken.Chain{{Use: filetoken.Signing, Certificates: [][]byte{der}}}, token.Certificates())
			signature, err := token.Sign(pin, der, []byte(message))
			require.NoError(t, err)
			digest := sha256.Sum256([]byte(message))
			switch public := key.Public().(type) {
			case *rsa.PublicKey:
				require.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature))
			case *ecdsa.PublicKey:
				if name == "SM2" {
					require.True(t, sm2.VerifyASN1WithSM2(public, []byte("1234567812345678"), []byte(message), signature))
				} else {
					require.True(t, ecdsa.VerifyASN1(public, digest[:], signature))
				}
			}
		})
	}
}

func TestTheFileHoldsNoKeyInTheClear(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	contents, err := filetoken.Create(pin, puk, "t", []filetoken.Entry{{Key: key, Use: filetoken.Signing}})
	require.NoError(t, err)
	pkcs8, err := smx509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.False(t, bytes.Contains(contents, pkcs8))
	require.NotContains(t, string(contents), pin)
	require.NotContains(t, string(contents), puk)
}

func TestWrongPINsAreCountedInTheFileAndLockIt(t *testing.T) {
	token, path, der := newToken(t)
	_, err := token.Sign("000000", der, []byte(message))
	require.ErrorIs(t, err, filetoken.WrongPIN{TriesLeft: 4})
	require.Equal(t, 4, token.TriesLeft())
	_, err = token.Sign(pin, der, []byte(message))
	require.NoError(t, err)
	require.Equal(t, filetoken.PINTries, token.TriesLeft(), "the right PIN restores the count")
	for left := filetoken.PINTries - 1; left > 0; left-- {
		again, err := filetoken.Open(path)
		require.NoError(t, err)
		_, err = again.Sign("000000", der, []byte(message))
		require.ErrorIs(t, err, filetoken.WrongPIN{TriesLeft: left})
	}
	_, err = token.Sign("000000", der, []byte(message))
	require.ErrorIs(t, err, filetoken.Locked{})
	_, err = token.Sign(pin, der, []byte(message))
	require.ErrorIs(t, err, filetoken.Locked{}, "the right PIN comes too late")

	require.ErrorIs(t, token.Unlock("0000000000", "135790"), filetoken.WrongPIN{TriesLeft: filetoken.PUKTries - 1})
	require.NoError(t, token.Unlock(puk, "135790"))
	_, err = token.Sign(pin, der, []byte(message))
	require.ErrorIs(t, err, filetoken.WrongPIN{TriesLeft: 4})
	_, err = token.Sign("135790", der, []byte(message))
	require.NoError(t, err)
	require.NoError(t, token.ChangePIN("135790", pin))
	_, err = token.Sign(pin, der, []byte(message))
	require.NoError(t, err)
}

func TestTheUnlockingCodeLocksForEver(t *testing.T) {
	token, _, _ := newToken(t)
	for range filetoken.PUKTries {
		require.Error(t, token.Unlock("0000000000", "135790"))
	}
	require.ErrorIs(t, token.Unlock(puk, "135790"), filetoken.Locked{})
}

func TestSignsOnlyForItsSigningCertificates(t *testing.T) {
	keys := newKeys(t)
	signing, encryption := certify(t, keys["SM2"]), certify(t, keys["RSA"])
	contents, err := filetoken.Create(pin, puk, "t", []filetoken.Entry{
		{Key: keys["SM2"], Certificates: [][]byte{signing}, Use: filetoken.Signing},
		{Key: keys["RSA"], Certificates: [][]byte{encryption}, Use: filetoken.Encryption},
	})
	require.NoError(t, err)
	token, _ := save(t, contents)
	require.Len(t, token.Certificates(), 2)
	for _, der := range [][]byte{encryption, certify(t, keys["ECDSA"]), nil} {
		_, err = token.Sign(pin, der, []byte(message))
		require.Error(t, err)
	}
	require.Equal(t, filetoken.PINTries, token.TriesLeft(), "no try was taken")
	_, err = token.Sign(pin, signing, []byte(message))
	require.NoError(t, err)
}

func TestRequestsAndImportsACertificate(t *testing.T) {
	for name, key := range newKeys(t) {
		t.Run(name, func(t *testing.T) {
			contents, err := filetoken.Create(pin, puk, "t", []filetoken.Entry{{Key: key, Use: filetoken.Signing}})
			require.NoError(t, err)
			token, path := save(t, contents)
			require.Empty(t, token.Certificates())
			der, err := token.Request(pin, pkix.Name{CommonName: "示范建工"})
			require.NoError(t, err)
			request, err := smx509.ParseCertificateRequest(der)
			require.NoError(t, err)
			require.NoError(t, request.CheckSignature())
			require.Equal(t, "示范建工", request.Subject.CommonName)
			other, err := sm2.GenerateKey(rand.Reader)
			require.NoError(t, err)
			require.Error(t, token.Import([][]byte{certify(t, other)}), "another key's certificate")
			require.Error(t, token.Import([][]byte{[]byte("none")}))
			require.Error(t, token.Import(nil))
			own := certify(t, key)
			require.NoError(t, token.Import([][]byte{own}))
			again, err := filetoken.Open(path)
			require.NoError(t, err)
			_, err = again.Sign(pin, own, []byte(message))
			require.NoError(t, err)
			_, err = again.Request(pin, pkix.Name{})
			require.Error(t, err, "no key waits for a certificate")
		})
	}
}

func TestRemovedAndDamagedFiles(t *testing.T) {
	token, path, der := newToken(t)
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	_, err = token.Sign(pin, der, []byte(message))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = filetoken.Open(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for name, damaged := range map[string][]byte{
		"empty":     nil,
		"cut":       contents[:len(contents)/2],
		"no token":  []byte(`{"format":"other"}`),
		"expensive": bytes.Replace(contents, []byte(`"memory": 65536`), []byte(`"memory": 4000000`), 1),
		"endless":   bytes.Repeat([]byte(" "), 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			_, err := filetoken.Open(path)
			require.Error(t, err)
		})
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	_, err = filetoken.Open(path)
	require.Error(t, err)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside the token")
}

func TestSealsOfAnotherTokenDoNotOpen(t *testing.T) {
	token, path, der := newToken(t)
	contents, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(contents, []byte(token.ID()), []byte("00000000000000000000000000000000"), 1), 0o600))
	_, err = token.Sign(pin, der, []byte(message))
	require.ErrorIs(t, err, filetoken.WrongPIN{TriesLeft: 4})
}

func TestCreateRefuses(t *testing.T) {
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	good := []filetoken.Entry{{Key: key, Use: filetoken.Signing}}
	for name, try := range map[string]struct {
		pin, puk, label string
		entries         []filetoken.Entry
	}{
		"short PIN":   {"12345", puk, "t", good},
		"short PUK":   {pin, "12345", "t", good},
		"no label":    {pin, puk, "", good},
		"no key":      {pin, puk, "t", nil},
		"unknown use": {pin, puk, "t", []filetoken.Entry{{Key: key, Use: "both"}}},
		"foreign certificate": {pin, puk, "t", []filetoken.Entry{
			{Key: key, Use: filetoken.Signing, Certificates: [][]byte{certify(t, other)}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := filetoken.Create(try.pin, try.puk, try.label, try.entries)
			require.Error(t, err)
		})
	}
}

func TestFifteenAtOnceLoseNoTry(t *testing.T) {
	token, path, der := newToken(t)
	outcomes := make(chan error, 15)
	for range cap(outcomes) {
		own, err := filetoken.Open(path)
		require.NoError(t, err)
		go func() {
			_, err := own.Sign("000000", der, []byte(message))
			outcomes <- err
		}()
	}
	locked := 0
	for range cap(outcomes) {
		if errors.Is(<-outcomes, filetoken.Locked{}) {
			locked++
		}
	}
	require.Equal(t, cap(outcomes)-filetoken.PINTries+1, locked)
	_, err := token.Sign(pin, der, []byte(message))
	require.ErrorIs(t, err, filetoken.Locked{})
}

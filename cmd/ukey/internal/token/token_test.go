package token_test

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/certificatetest"
	"unireg/certificate/filetoken"
	"unireg/cmd/ukey/internal/pkcs11"
	"unireg/cmd/ukey/internal/softhsmtest"
	"unireg/cmd/ukey/internal/token"
)

const (
	pin  = "246810"
	code = "91310000710000000X"
)

// request is what the authorities of these tests write into a certificate.
func request() authority.Request {
	now := time.Now()
	return authority.Request{
		Profile: authority.Organization, Code: code, Organization: "测试单位", NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
}

// save writes a token file into the folder.
func save(t *testing.T, dir, name string, entries ...filetoken.Entry) string {
	t.Helper()
	contents, err := filetoken.Create(pin, "9876543210", name, entries)
	require.NoError(t, err)
	path := filepath.Join(dir, name+filetoken.Extension)
	require.NoError(t, os.WriteFile(path, contents, 0o600))
	return path
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestFilesOfferSigningCertificatesOnly(t *testing.T) {
	world, dir := certificatetest.New(t, "", ""), t.TempDir()
	signer, err := authority.GenerateKey(certificate.SM2)
	require.NoError(t, err)
	pair, err := world.SM2.IssuePair(signer.Public(), request())
	require.NoError(t, err)
	rsa := world.Issue(t, certificate.RSA, code)
	save(t, dir, "a",
		filetoken.Entry{Key: signer, Certificates: append([][]byte{pair.Signing}, world.SM2.Chain()...), Use: filetoken.Signing},
		filetoken.Entry{Key: pair.EncryptionKey, Certificates: [][]byte{pair.Encryption}, Use: filetoken.Encryption},
		filetoken.Entry{Key: rsa.Signer, Use: filetoken.Signing}, // waits for its certificate
	)
	save(t, dir, "b", filetoken.Entry{Key: rsa.Signer, Certificates: [][]byte{rsa.Certificate.Raw()}, Use: filetoken.Signing})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "damaged.ukey"), []byte("{"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "note.txt"), []byte("no token"), 0o600))

	tokens, err := token.Directory(dir).Tokens()
	require.ErrorContains(t, err, "not a token file")
	require.Len(t, tokens, 2)
	require.Len(t, tokens[0].Certificates, 1)
	own := tokens[0].Certificates[0]
	require.Equal(t, pair.Signing, own.Raw())
	require.Equal(t, world.SM2.Chain(), own.Chain)
	require.Equal(t, filetoken.PINTries, own.TriesLeft)
	for _, held := range tokens {
		signature, err := held.Certificates[0].Sign([]byte(pin), []byte("message"))
		require.NoError(t, err)
		require.NoError(t, held.Certificates[0].CheckSignature([]byte("message"), signature))
	}
	_, err = own.Sign([]byte("000000"), nil)
	require.ErrorIs(t, err, token.WrongPIN{TriesLeft: 4})
	require.NoError(t, os.RemoveAll(dir))
	_, err = own.Sign([]byte(pin), nil)
	require.ErrorIs(t, err, token.ErrRemoved)
	tokens, err = token.Directory(dir).Tokens()
	require.NoError(t, err, "a missing folder is empty")
	require.Empty(t, tokens)
}

// issue has a key of the token certified and writes the chain into the token.
func issue(t *testing.T, world *certificatetest.World, module *pkcs11.Module, slot pkcs11.Token, algorithm pkcs11.Algorithm, change func(*authority.Request)) {
	t.Helper()
	csr, err := module.NewKey(slot, []byte(softhsmtest.PIN), algorithm, pkix.Name{CommonName: "测试单位"})
	require.NoError(t, err)
	r := request()
	if change != nil {
		change(&r)
	}
	der, err := world.RSA.IssueFromCSR(csr, r)
	require.NoError(t, err)
	require.NoError(t, module.Import(slot, []byte(softhsmtest.PIN), append([][]byte{der}, world.RSA.Chain()...)))
}

func TestModulesOfferSigningCertificatesOnly(t *testing.T) {
	world := certificatetest.New(t, "", "")
	softhsmtest.Configure(t)
	softhsmtest.AddToken(t, "示范锁")
	module, err := pkcs11.Open(softhsmtest.Module)
	require.NoError(t, err)
	slots, err := module.Tokens()
	require.NoError(t, err)
	issue(t, world, module, slots[0], pkcs11.RSA, nil)
	issue(t, world, module, slots[0], pkcs11.ECDSA, nil)
	issue(t, world, module, slots[0], pkcs11.RSA, func(r *authority.Request) { r.Usage = authority.Encryption })
	require.NoError(t, module.Close())

	again := filepath.Join(t.TempDir(), "again.so")
	require.NoError(t, os.Symlink(softhsmtest.Module, again))
	modules := token.NewModules("/nowhere/module.so", softhsmtest.Module, again)
	t.Cleanup(func() { require.NoError(t, modules.Close()) })
	tokens, err := modules.Tokens()
	require.NoError(t, err)
	require.Len(t, tokens, 1, "the same library by another name is one")
	require.Equal(t, "示范锁", tokens[0].Label)
	require.Len(t, tokens[0].Certificates, 2)
	algorithms := map[certificate.Algorithm]bool{}
	for _, c := range tokens[0].Certificates {
		algorithms[c.Algorithm()] = true
		require.Equal(t, world.RSA.Chain(), c.Chain)
		require.Equal(t, token.Unknown, c.TriesLeft)
		signature, err := c.Sign([]byte(softhsmtest.PIN), []byte("message"))
		require.NoError(t, err)
		require.NoError(t, c.CheckSignature([]byte("message"), signature))
		_, err = c.Sign([]byte("000000"), []byte("message"))
		require.ErrorIs(t, err, token.WrongPIN{TriesLeft: token.Unknown})
	}
	require.Equal(t, map[certificate.Algorithm]bool{certificate.RSA: true, certificate.ECDSA: true}, algorithms)
}

func TestModulesThatDoNotLoadAreNamedAndPassedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "module.so")
	require.NoError(t, os.WriteFile(path, []byte("no library"), 0o600))
	modules := token.NewModules(path)
	for range 2 {
		tokens, err := modules.Tokens()
		require.ErrorContains(t, err, path)
		require.Empty(t, tokens)
	}
	require.NoError(t, modules.Close())
}

func TestASignatureThatDoesNotFitIsNoticed(t *testing.T) {
	world, dir := certificatetest.New(t, "", ""), t.TempDir()
	shown, signs := world.Issue(t, certificate.SM2, code), world.Issue(t, certificate.SM2, code)
	path := save(t, dir, "t", filetoken.Entry{Key: signs.Signer, Certificates: [][]byte{signs.Certificate.Raw()}, Use: filetoken.Signing})
	tokens, err := token.Directory(dir).Tokens()
	require.NoError(t, err)
	mixed := tokens[0].Certificates[0]
	mixed.Certificate = shown.Certificate
	_, err = mixed.Sign([]byte(pin), []byte("message"))
	require.ErrorContains(t, err, "does not fit its certificate")
	require.FileExists(t, path)
}

func TestWatchTellsOfInsertionAndRemoval(t *testing.T) {
	world, dir := certificatetest.New(t, "", ""), t.TempDir()
	key := world.Issue(t, certificate.SM2, code)
	watch := token.NewWatch(quiet(), token.Directory(dir))
	ctx, cancel := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		watch.Run(ctx, 10*time.Millisecond)
	}()
	tokens, empty := watch.Tokens()
	require.Empty(t, tokens)
	path := save(t, dir, "t", filetoken.Entry{Key: key.Signer, Certificates: [][]byte{key.Certificate.Raw()}, Use: filetoken.Signing})
	watch.Wait(t.Context(), empty)
	_, inserted := watch.Tokens()
	require.NotEqual(t, empty, inserted)
	found, there := watch.Find(key.Certificate.SHA256())
	require.True(t, there)
	require.Equal(t, key.Certificate.Raw(), found.Raw())

	short, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	watch.Wait(short, inserted)
	require.Error(t, short.Err(), "nothing changed, so that it waited")

	require.NoError(t, os.Remove(path))
	watch.Wait(t.Context(), inserted)
	_, removed := watch.Tokens()
	require.Equal(t, empty, removed)
	_, there = watch.Find(key.Certificate.SHA256())
	require.False(t, there)
	cancel()
	<-finished
}

func TestAFaultIsLoggedOnce(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "damaged.ukey"), []byte("{"), 0o600))
	var log bytes.Buffer
	watch := token.NewWatch(slog.New(slog.NewTextHandler(&log, nil)), token.Directory(dir))
	watch.Look()
	watch.Look()
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
}

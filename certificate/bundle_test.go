package certificate_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
)

// bundleOf signs a document as a submit does and bundles it.
func bundleOf(t testing.TB, w *certificatetest.World, algorithm certificate.Algorithm) ([]byte, certificate.Bundle) {
	t.Helper()
	document := []byte(`{"content":{"name":"示范"},"kind":"organization","schema":1}`)
	digest := sha256.Sum256(document)
	key := w.Issue(t, algorithm, "91430100MA4L16JQ9B")
	now := time.Now().UTC().Truncate(time.Second)
	statement, err := certificate.Statement{
		Purpose: certificate.Submit, Origin: "https://reg.example.cn", Nonce: "0191", Session: base64.RawURLEncoding.EncodeToString(digest[:]),
		Time: now, Digest: hex.EncodeToString(digest[:]), Title: certificate.Title("基本信息 示范"),
	}.Bytes()
	require.NoError(t, err)
	_, list := w.List(t, 1)
	word, err := key.Verified.StatusFromCRL(list, now, time.Hour)
	require.NoError(t, err)
	evidence, err := certificate.NewEvidence(statement, key.Sign(t, statement), key.Verified, word, now).Marshal()
	require.NoError(t, err)
	b, err := w.Trust.NewBundle(document, evidence, now)
	require.NoError(t, err)
	text, err := b.Marshal()
	require.NoError(t, err)
	return text, b
}

func TestN03BundleProvesItselfAndNothingElse(t *testing.T) {
	w := certificatetest.New(t, "", "")
	text, b := bundleOf(t, w, certificate.RSA)
	read, err := certificate.ParseBundle(text)
	require.NoError(t, err)
	require.Equal(t, b, read)
	report, err := read.Verify(nil)
	require.NoError(t, err)
	require.Equal(t, "基本信息 示范", report.Statement.Title)
	_, err = read.Verify(w.Trust)
	require.NoError(t, err)
	_, err = read.Verify(certificatetest.New(t, "", "").Trust)
	require.Error(t, err, "issuers of one's own choice")

	for name, change := range map[string]func(*certificate.Bundle){
		"document": func(b *certificate.Bundle) { b.Document = append(b.Document, ' ') },
		"evidence": func(b *certificate.Bundle) { b.Evidence = b.Evidence[1:] },
		"accepted": func(b *certificate.Bundle) { b.AcceptedAt = b.AcceptedAt.AddDate(30, 0, 0) },
		"issuer":   func(b *certificate.Bundle) { b.Issuer.Certificates = "" },
	} {
		other, err := certificate.ParseBundle(text)
		require.NoError(t, err)
		change(&other)
		_, err = other.Verify(nil)
		require.Error(t, err, name)
	}
	for _, wrong := range []string{"", "{}", `{"format":"unireg-signed-version/2"}`, string(text) + "{}", `{"format":"unireg-signed-version/1","more":1}`} {
		_, err := certificate.ParseBundle([]byte(wrong))
		require.Error(t, err)
	}
}

func FuzzW26_Bundle(f *testing.F) {
	text, _ := bundleOf(f, certificatetest.New(f, "", ""), certificate.RSA)
	f.Add(text)
	f.Add([]byte(`{"format":"unireg-signed-version/1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if b, err := certificate.ParseBundle(text); err == nil {
			_, _ = b.Verify(nil) // whatever it says, it says it
		}
	})
}

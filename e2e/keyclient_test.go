package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/certificate/filetoken"
	"unireg/record"
)

// What a browser does with a key, without browser and agent: the same posts,
// signed with the key in the token file.

// key is a bidder's token file, open.
type key struct {
	token *filetoken.Token
	der   []byte
}

// keyOf opens the key that was issued on an application.
func (s *system) keyOf(t testing.TB, reference record.ID) key {
	t.Helper()
	token, err := filetoken.Open(s.tokenFile(string(reference)))
	require.NoError(t, err)
	chains := token.Certificates()
	i := slices.IndexFunc(chains, func(c filetoken.Chain) bool { return c.Use == filetoken.Signing })
	require.GreaterOrEqual(t, i, 0)
	return key{token, chains[i].Certificates[0]}
}

// signs has the portal's statement signed and returns the fields by which a
// page hands the signature in.
func (k key) signs(t testing.TB, asked answer) url.Values {
	t.Helper()
	require.Equal(t, http.StatusOK, asked.status, asked.body)
	var given struct{ Statement, Nonce string }
	require.NoError(t, json.Unmarshal([]byte(asked.body), &given))
	statement, err := base64.StdEncoding.DecodeString(given.Statement)
	require.NoError(t, err)
	signature, err := k.token.Sign(keyPIN, k.der, statement)
	require.NoError(t, err)
	return url.Values{
		"nonce": {given.Nonce}, "certificate": {base64.StdEncoding.EncodeToString(k.der)}, "signature": {base64.StdEncoding.EncodeToString(signature)},
	}
}

// post sends a form.
func (c *caller) post(t testing.TB, path string, fields url.Values) answer {
	t.Helper()
	got, err := c.send(t.Context(), http.MethodPost, path, urlencoded, strings.NewReader(fields.Encode()))
	require.NoError(t, err)
	return got
}

// enters logs in with the key. Where the portal lets it in, the bidder's session
// is the key's from here on.
func (b *bidder) enters(t testing.TB, k key) answer {
	t.Helper()
	c := b.at(b.system.origin)
	var err error
	c.visitor, _, err = access.NewToken()
	require.NoError(t, err)
	got := c.post(t, "/login/certificate", k.signs(t, c.post(t, "/login/certificate/challenge", nil)))
	if got.session != "" {
		b.cookie = got.session
	}
	return got
}

// submitsSigned hands the profile in, signed with the key.
func (b *bidder) submitsSigned(t testing.TB, k key, command record.ID) answer {
	t.Helper()
	return b.handsInSigned(t, k, b.profile, b.draft, command)
}

// handsInSigned hands a draft of any record in, as it was at that version.
func (b *bidder) handsInSigned(t testing.TB, k key, id record.ID, draft int, command record.ID) answer {
	t.Helper()
	c, page := b.at(b.system.origin), "/records/"+string(id)
	fields := submission(command, draft)
	for name, values := range k.signs(t, c.post(t, page+"/statement", fields)) {
		if name != "nonce" { // a submit's is the command
			fields[name] = values
		}
	}
	return c.post(t, page+"/submit", fields)
}

package agent

import (
	"bytes"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzFormValuesAreReadAsNetURLDoes(f *testing.F) {
	for _, seed := range []string{"", "a+b", "%E9%94%81", "%", "%4", "%zz", "100%25"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := url.QueryUnescape(text)
		got, ok := unescape([]byte(text))
		require.Equal(t, err == nil, ok)
		if ok {
			require.Equal(t, want, string(got))
		}
	})
}

func TestThePINIsWiped(t *testing.T) {
	raw := []byte("pin=13%35790&csrf=x")
	pin, ok := unescape(raw[4:12])
	require.True(t, ok)
	require.Equal(t, "135790", string(pin))
	form := pinForm{raw: raw, pin: pin}
	form.wipe()
	require.Equal(t, make([]byte, len(raw)), raw)
	require.False(t, bytes.ContainsAny(pin, "135790"))
}

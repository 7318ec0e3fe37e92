package filetoken

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParseNeverTakesWhatOpenCouldNotBear(f *testing.F) {
	f.Add([]byte(`{"format":"unireg-ukey/1","id":"00","label":"t","kdf":{"name":"argon2id","time":3,"memory":65536,"threads":2},"pairs":[{"use":"sign","public":"AA==","certificates":[]}]}`))
	f.Add([]byte(`{"pairs":[{"certificates":[""]}]}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		parsed, err := parse(encoded)
		if err != nil {
			require.ErrorIs(t, err, errFile)
			return
		}
		require.True(t, parsed.KDF.sane())
		for _, p := range parsed.Pairs {
			for _, der := range p.Certificates {
				require.NotEmpty(t, der)
			}
		}
	})
}

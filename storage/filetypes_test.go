package storage_test

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"unireg/storage"
)

func TestU8FileNamesAreMadeSafe(t *testing.T) {
	for _, row := range []struct{ name, want string }{
		{"营业执照（副本）.pdf", "营业执照（副本）.pdf"},
		{"𬀩城 资质 №1.PDF", "𬀩城 资质 №1.PDF"},
		{"C:\\Users\\周\\桌面\\扫描.jpg", "扫描.jpg"},
		{"../../etc/passwd.png", "passwd.png"},
		{"/absolute/执照.pdf", "执照.pdf"},
		{"a\r\nSet-Cookie: x=1\r\n.pdf", "aSet-Cookie: x=1.pdf"},
		{"nul\x00l.pdf", "null.pdf"},
		{"fdp.\u202egpj.pdf", "fdp.gpj.pdf"},
		{"e\u0301.pdf", "é.pdf"},
		{"  spaces.pdf . ", "spaces.pdf"},
		{"\xff\xfe.pdf", "未命名.pdf"},
		{".pdf", "未命名.pdf"},
		{"", "未命名"},
		{"..", "未命名"},
		{"👩‍👧.png", "👩‍👧.png"},
	} {
		require.Equal(t, row.want, storage.CleanFileName(row.name), "%q", row.name)
	}
	long := storage.CleanFileName(strings.Repeat("扫描", 200) + ".pdf")
	require.LessOrEqual(t, len(long), 255)
	require.True(t, utf8.ValidString(long))
	require.True(t, strings.HasSuffix(long, "描.pdf") || strings.HasSuffix(long, "扫.pdf"), long)
}

func TestU8DispositionHeaderCarriesAnyName(t *testing.T) {
	for _, name := range []string{
		"营业执照（副本）.pdf", "𬀩.png", `quote".pdf`, `semi;colon.pdf`, "per%20cent.pdf", "plain.jpg", "it's.pdf", "a\r\nX-Evil: 1.pdf",
	} {
		for inline, want := range map[bool]string{true: "inline", false: "attachment"} {
			header := storage.ContentDisposition(name, inline)
			require.NotContains(t, header, "\r")
			require.NotContains(t, header, "\n")
			for _, b := range []byte(header) {
				require.True(t, b >= ' ' && b <= '~', "%q", header)
			}
			// The plain name is for clients that know no other; a reader of the
			// standard takes the one in UTF-8.
			disposition, params, err := mime.ParseMediaType(strings.Replace(header, `filename="`, `fallback="`, 1))
			require.NoError(t, err, header)
			require.Equal(t, want, disposition)
			require.Equal(t, storage.CleanFileName(name), params["filename"])
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("营业执照.pdf")
	f.Add("a\r\n/..\\b.\x80")
	f.Fuzz(func(t *testing.T, name string) {
		clean := storage.CleanFileName(name)
		require.LessOrEqual(t, len(clean), 255)
		require.NotEmpty(t, clean)
		require.True(t, utf8.ValidString(clean))
		require.False(t, strings.ContainsAny(clean, "/\\\r\n\x00"))
		require.Equal(t, clean, storage.CleanFileName(clean), "cleaning twice changes nothing")
	})
}

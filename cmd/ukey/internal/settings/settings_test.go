package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/cmd/ukey/internal/settings"
)

func TestOriginsAreWrittenAsBrowsersDo(t *testing.T) {
	for text, want := range map[string]string{
		"https://Reg.Example.cn":      "https://reg.example.cn",
		"https://reg.example.cn/":     "https://reg.example.cn",
		"https://reg.example.cn:443":  "https://reg.example.cn",
		"https://reg.example.cn:8443": "https://reg.example.cn:8443",
		"http://127.0.0.1:8080":       "http://127.0.0.1:8080",
		"http://localhost:80":         "http://localhost",
		"http://[::1]:8080":           "http://[::1]:8080",
	} {
		got, err := settings.Origin(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, wrong := range []string{
		"", "*", "null", "reg.example.cn", "http://reg.example.cn", "https://*.example.cn", "https://reg.example.cn/path", "https://a@reg.example.cn",
		"https://reg.example.cn?x=1", "ftp://reg.example.cn", "https://", "file:///etc", "http://localhost.example.cn", "https://[::1", "https://中国.cn", "https://a b.cn", "https://[fe80::1%25eth0]",
	} {
		_, err := settings.Origin(wrong)
		require.Error(t, err, wrong)
	}
}

func TestOriginsAreKept(t *testing.T) {
	file := settings.File(filepath.Join(t.TempDir(), "deep", "config.json"))
	list, err := file.Origins()
	require.NoError(t, err)
	require.Empty(t, list)
	for range 2 {
		normal, err := file.Add("https://REG.example.cn/")
		require.NoError(t, err)
		require.Equal(t, "https://reg.example.cn", normal)
	}
	_, err = file.Add("http://127.0.0.1:8080")
	require.NoError(t, err)
	_, err = file.Add("http://evil.example.cn")
	require.Error(t, err)
	list, err = file.Origins()
	require.NoError(t, err)
	require.Equal(t, []string{"https://reg.example.cn", "http://127.0.0.1:8080"}, list)
	there, err := file.Remove("https://reg.example.cn")
	require.NoError(t, err)
	require.True(t, there)
	there, err = file.Remove("https://reg.example.cn")
	require.NoError(t, err)
	require.False(t, there)
	require.NoError(t, os.WriteFile(string(file), []byte("{"), 0o600))
	_, err = file.Origins()
	require.Error(t, err)
	_, err = file.Add("https://reg.example.cn")
	require.Error(t, err, "a damaged file is not written over")
}

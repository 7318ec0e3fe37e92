package install_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/cmd/ukey/internal/install"
)

func TestEachSystemHasItsPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		system, home     string
		env              map[string]string
		program, startup string
		contains         string
	}{
		"windows": {
			"windows", `C:\Users\Li`,
			map[string]string{"LocalAppData": `C:\Users\Li\AppData\Local`},
			`C:\Users\Li\AppData\Local\Programs\unireg-ukey\ukey.exe`, "unireg-ukey", `"C:\Users\Li\AppData\Local\Programs\unireg-ukey\ukey.exe" serve`,
		},
		"windows without the variable": {
			"windows", `D:\李 明`, nil,
			`D:\李 明\AppData\Local\Programs\unireg-ukey\ukey.exe`, "unireg-ukey", `"D:\李 明\AppData\Local\Programs\unireg-ukey\ukey.exe" serve`,
		},
		"darwin": {
			"darwin", "/Users/a&b", nil,
			"/Users/a&b/Library/Application Support/unireg-ukey/bin/ukey", "/Users/a&b/Library/LaunchAgents/unireg-ukey.plist",
			"<string>/Users/a&amp;b/Library/Application Support/unireg-ukey/bin/ukey</string>\n\t\t<string>serve</string>",
		},
		"linux": {
			"linux", "/home/li",
			map[string]string{"XDG_DATA_HOME": "relative"},
			"/home/li/.local/share/unireg-ukey/ukey", "/home/li/.config/autostart/unireg-ukey.desktop", `Exec="/home/li/.local/share/unireg-ukey/ukey" serve`,
		},
		"linux elsewhere": {
			"linux", "/home/li",
			map[string]string{"XDG_DATA_HOME": `/d/5% "$x\y`, "XDG_CONFIG_HOME": "/c"},
			`/d/5% "$x\y/unireg-ukey/ukey`, "/c/autostart/unireg-ukey.desktop", `Exec="/d/5%% \\"\\$x\\\\y/unireg-ukey/ukey" serve`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := install.NewPlan(c.system, c.home, func(key string) string { return c.env[key] })
			require.NoError(t, err)
			require.Equal(t, c.program, p.Program)
			require.Equal(t, c.startup, p.Startup)
			require.Contains(t, p.Contents, c.contains)
			if c.system == "darwin" {
				require.NoError(t, xml.Unmarshal([]byte(p.Contents), new(struct{ XMLName xml.Name })))
			}
		})
	}
	none := func(string) string { return "" }
	_, err := install.NewPlan("plan9", "/usr/li", none)
	require.Error(t, err)
	_, err = install.NewPlan("linux", "/home/li\nExec=evil", none)
	require.Error(t, err, "no line of its own in the entry")
	_, err = install.NewPlan("windows", `C:\a" & calc "`, none)
	require.Error(t, err)
}

// home gives the test a home folder of its own.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	return dir
}

func at(dir string) func() (string, error) { return func() (string, error) { return dir, nil } }

func TestTheProgramComesAndGoes(t *testing.T) {
	dir := home(t)
	tokens := filepath.Join(dir, "config", "unireg-ukey", "tokens")
	i := install.New(at(tokens))
	s, err := i.State()
	require.NoError(t, err)
	require.Equal(t, install.State{Program: filepath.Join(dir, "data", "unireg-ukey", "ukey")}, s)

	for range 2 {
		require.NoError(t, i.Install())
		s, err = i.State()
		require.NoError(t, err)
		require.True(t, s.Installed)
		require.False(t, s.Own)
	}
	own, err := os.Executable()
	require.NoError(t, err)
	want, err := os.ReadFile(own)
	require.NoError(t, err)
	got, err := os.ReadFile(s.Program)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	about, err := os.Stat(s.Program)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), about.Mode())
	require.DirExists(t, tokens)
	require.NoFileExists(t, s.Program+".new")
	entry := filepath.Join(dir, "config", "autostart", "unireg-ukey.desktop")
	text, err := os.ReadFile(entry)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "[Desktop Entry]\n"))

	require.NoError(t, os.Remove(entry))
	s, err = i.State()
	require.NoError(t, err)
	require.False(t, s.Installed, "a program that does not start at login is not installed")
	require.NoError(t, i.Install())
	for range 2 {
		require.NoError(t, i.Uninstall())
	}
	require.NoFileExists(t, entry)
	require.NoDirExists(t, filepath.Dir(s.Program))
	require.DirExists(t, tokens, "keys are the person's")
}

func TestWhereNothingCanBeWrittenItIsSaid(t *testing.T) {
	dir := home(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), nil, 0o600))
	require.Error(t, install.New(at(filepath.Join(dir, "tokens"))).Install())
	t.Setenv("HOME", "")
	i := install.New(at(filepath.Join(dir, "tokens")))
	_, err := i.State()
	require.ErrorContains(t, err, "home folder")
	require.Error(t, i.Install())
	require.Error(t, i.Uninstall())
}

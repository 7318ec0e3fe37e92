// Package softhsmtest gives tests a PKCS#11 token in software: SoftHSM 2, with a
// configuration and a folder of its own for each test.
package softhsmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/cmd/ukey/internal/pkcs11"
)

// Module is where Debian's package softhsm2 puts the library.
const Module = "/usr/lib/softhsm/libsofthsm2.so"

// The codes of every token made here.
const (
	PIN = "135790"
	PUK = "0246813579"
)

// Configure points SoftHSM, in this process and its children, to an empty
// folder, which it returns.
func Configure(t testing.TB) string {
	t.Helper()
	require.FileExists(t, Module, "the tests need SoftHSM: apt-get install softhsm2")
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	require.NoError(t, os.Mkdir(tokens, 0o700))
	config := filepath.Join(dir, "softhsm2.conf")
	require.NoError(t, os.WriteFile(config, []byte("directories.tokendir = "+tokens+"\nlog.level = ERROR\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", config)
	return tokens
}

// AddToken initialises a token with that label.
func AddToken(t testing.TB, label string) {
	t.Helper()
	command := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PUK) //nolint:gosec // a label of a test
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
}

// Open configures SoftHSM with one token and opens the module until the test
// ends.
func Open(t testing.TB, label string) (*pkcs11.Module, pkcs11.Token) {
	t.Helper()
	Configure(t)
	AddToken(t, label)
	module, err := pkcs11.Open(Module)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, module.Close()) })
	tokens, err := module.Tokens()
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	return module, tokens[0]
}

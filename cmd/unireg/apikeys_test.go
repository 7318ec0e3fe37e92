package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/config"
	"unireg/record"
	"unireg/storage"
)

func TestAPIKeysFromTheCommandLine(t *testing.T) {
	environment, database := system(t)
	code, said := run(t, environment, "", "api-key", "add", "示范交易系统", "--scope", "ca.read", "--days", "30")
	require.Zero(t, code, said)
	drawn := regexp.MustCompile(`id +(\S+)\nkey +(urk_\S+)`).FindStringSubmatch(said)
	require.NotNil(t, drawn, said)

	c, err := config.Load(environment, config.Staff)
	require.NoError(t, err)
	store := storage.New(database.App, c.Keyring(), c.Policy())
	key, err := store.APIKeyOf(t.Context(), drawn[2])
	require.NoError(t, err)
	require.True(t, key.May(storage.ScopeCARead))

	code, said = run(t, environment, "", "api-key", "list")
	require.Zero(t, code, said)
	require.Contains(t, said, "示范交易系统")
	require.Regexp(t, drawn[1]+` +valid +ca\.read`, said)
	require.NotContains(t, said, drawn[2], "a key is shown once")

	code, said = run(t, environment, "", "api-key", "revoke", drawn[1])
	require.Zero(t, code, said)
	_, err = store.APIKeyOf(t.Context(), drawn[2])
	require.Equal(t, record.Unauthorized, record.CodeOf(err))
	code, said = run(t, environment, "", "api-key", "revoke", drawn[1])
	require.Equal(t, 1, code)
	require.Contains(t, said, "no such key")
	code, said = run(t, environment, "", "api-key", "revoke", "none")
	require.Equal(t, 1, code)
	require.Contains(t, said, "no id")
	code, said = run(t, environment, "", "api-key", "add", "x", "--scope", "everything")
	require.Equal(t, 1, code)
	require.Contains(t, said, "权限")
	code, said = run(t, environment, "", "api-key", "list")
	require.Zero(t, code)
	require.Contains(t, said, "revoked")
}

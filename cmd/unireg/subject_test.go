package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/config"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

func TestTakeoverAndRotationFromTheCommandLine(t *testing.T) {
	environment, database := system(t)
	code, said := run(t, environment, sample.CreditCode(5)+"\n", "subject", "takeover")
	require.Equal(t, 1, code)
	require.Contains(t, said, "not registered")

	c, err := config.Load(environment, config.Staff)
	require.NoError(t, err)
	store := storage.New(database.App, c.Keyring(), c.Policy())
	registered, err := store.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(5), Name: "示范建工", Password: "a stranger's",
	})
	require.NoError(t, err)
	code, said = run(t, environment, sample.CreditCode(5)+"\n", "subject", "takeover")
	require.Zero(t, code, said)
	password := regexp.MustCompile(`password +(\S+)`).FindStringSubmatch(said)
	require.NotNil(t, password, said)
	match, err := store.AccountsByLogin(t.Context(), sample.CreditCode(5))
	require.NoError(t, err)
	require.Len(t, match.Accounts, 2)
	for _, account := range match.Accounts {
		require.Equal(t, account.ID == registered.Account, account.Disabled, "the stranger is out, the owner is in")
		if !account.Disabled {
			ok, _, err := access.Verify(t.Context(), password[1], account.Password)
			require.NoError(t, err)
			require.True(t, ok)
		}
	}
	code, said = run(t, environment, sample.CreditCode(5)+"\n", "subject", "takeover")
	require.Equal(t, 1, code)
	require.Contains(t, said, "已核实")

	code, said = run(t, environment, "", "keys", "rotate")
	require.Zero(t, code, said)
	require.Regexp(t, `wrapped anew: \d+ data keys, \d+ secrets of staff`, said)
}

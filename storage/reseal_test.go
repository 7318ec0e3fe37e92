package storage

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// Reseal seals another content in the place of a version's, with its hash, as
// somebody could who holds the keys.
func Reseal(t testing.TB, s *Store, subject, id record.ID, no int, change func([]byte) []byte) (sealed, sum []byte) {
	t.Helper()
	content, err := s.VersionContent(t.Context(), subject, id, no)
	require.NoError(t, err)
	changed := change(content)
	require.NotEqual(t, content, changed)
	sealed, err = s.sealDocument(t.Context(), s.db, subject, id, versionPurpose(no), changed)
	require.NoError(t, err)
	hash := sha256.Sum256(changed)
	return sealed, hash[:]
}

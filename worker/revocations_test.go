package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
)

// listShelf keeps lists in memory.
type listShelf struct {
	saved   map[string]certificate.List
	fetched map[string]time.Time
}

func (s *listShelf) RevocationList(_ context.Context, issuer string) (storage.RevocationList, error) {
	at, ok := s.fetched[issuer]
	if !ok {
		return storage.RevocationList{}, record.Errorf(record.NotFound, "none")
	}
	return storage.RevocationList{FetchedAt: at}, nil
}

func (s *listShelf) SaveRevocationList(_ context.Context, issuer string, list certificate.List, _ []byte) (int, error) {
	s.saved[issuer], s.fetched[issuer] = list, time.Now()
	return len(list.Entries), nil
}

type fetched func(url string) ([]byte, error)

func (f fetched) FetchCRL(_ context.Context, url string) ([]byte, error) { return f(url) }

func TestC7_ListsAreFetchedWhenDueAndForgedOnesLeftAlone(t *testing.T) {
	w := certificatetest.New(t, "http://ca.test/rsa.crl", "")
	key := w.Trust.Issuers()[0].Key
	shelf := &listShelf{saved: map[string]certificate.List{}, fetched: map[string]time.Time{}}
	_, der := w.List(t, 1, certificate.Entry{Serial: "0A", At: time.Now(), Reason: "keyCompromise"})
	asked, answer, fault := 0, der, error(nil)
	r := NewRevocations(w.Trust, fetched(func(url string) ([]byte, error) {
		asked++
		require.Equal(t, "http://ca.test/rsa.crl", url)
		return answer, fault
	}), shelf, time.Minute, slog.New(slog.DiscardHandler))

	require.NoError(t, r.Round(t.Context()))
	require.Len(t, shelf.saved[key].Entries, 1)
	require.NoError(t, r.Round(t.Context()))
	require.Equal(t, 1, asked, "another worker fetched it a moment ago")

	shelf.fetched[key] = time.Now().Add(-time.Hour)
	other := certificatetest.New(t, "", "")
	_, answer = other.List(t, 2)
	require.ErrorContains(t, r.Round(t.Context()), "read list")
	fault = errors.New("away")
	require.ErrorContains(t, r.Round(t.Context()), "away")
	require.Len(t, shelf.saved[key].Entries, 1, "the last list stays")
}

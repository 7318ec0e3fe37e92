package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/storage"
)

// scanShelf gives out files that wait.
type scanShelf struct {
	FileKeeper
	waiting []storage.Scan
	fault   error
	asked   int
}

func (s *scanShelf) ScanNext(ctx context.Context, scanner storage.Scanner) (*storage.Scan, error) {
	s.asked++
	if s.fault != nil || len(s.waiting) == 0 {
		return nil, s.fault
	}
	next := s.waiting[0]
	s.waiting = s.waiting[1:]
	_, err := scanner.Scan(ctx, bytes.NewReader(nil))
	return &next, err
}

// scannerAway is there or not.
type scannerAway struct{ away error }

func (s *scannerAway) Ping(context.Context) error                      { return s.away }
func (s *scannerAway) Scan(context.Context, io.Reader) (string, error) { return "", s.away }

func TestU5ScannerThatIsAwayIsNotedOnceAndNothingTriedInVain(t *testing.T) {
	var said bytes.Buffer
	shelf := &scanShelf{waiting: []storage.Scan{{File: "a"}, {File: "b", Found: "Eicar"}}}
	scanner := &scannerAway{away: errors.New("no such socket")}
	s := NewScans(shelf, scanner, slog.New(slog.NewTextHandler(&said, nil)))
	for range 3 {
		more, err := s.Round(t.Context())
		require.NoError(t, err)
		require.False(t, more)
	}
	require.Zero(t, shelf.asked)
	require.Equal(t, 1, bytes.Count(said.Bytes(), []byte("attachments wait")))

	scanner.away = nil
	for range 2 {
		more, err := s.Round(t.Context())
		require.NoError(t, err)
		require.True(t, more)
	}
	more, err := s.Round(t.Context())
	require.NoError(t, err)
	require.False(t, more, "nothing waits")
	require.Contains(t, said.String(), "the virus scanner is back")
	require.Contains(t, said.String(), "virus=Eicar")

	shelf.fault = errors.New("the object store is away")
	more, err = s.Round(t.Context())
	require.ErrorIs(t, err, shelf.fault)
	require.False(t, more, "a fault rests too")
}

func TestU5ScansEndWithTheWorker(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		NewScans(&scanShelf{}, &scannerAway{}, slog.New(slog.DiscardHandler)).Run(ctx)
		close(ended)
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		require.Fail(t, "still scanning")
	}
}

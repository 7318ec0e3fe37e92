package storage

import (
	"context"

	"unireg/record"
)

// Watcher is told what was committed, for the figures that operators read. It
// learns names of enumerations and sizes, never whose they are. It is called
// after the commit, in the goroutine that waits for it, and must not block.
type Watcher interface {
	// Accepted tells that a command was frozen, for the first time.
	Accepted(move record.Move)
	// Concluded tells that a command has its outcome; refusal is "" where it was
	// applied.
	Concluded(move record.Move, refusal record.Refusal)
	// Uploaded tells that an attachment was taken in.
	Uploaded(bytes int64)
}

// Watch has a watcher told from here on. It is called before the store is used.
func (s *Store) Watch(w Watcher) { s.watcher = w }

// notebook collects what a transaction would tell the watcher: what is rolled back
// is told to nobody.
type notebook struct{ notes []func(Watcher) }

type notebookKey struct{}

// note keeps what is to be told once the transaction of ctx is committed.
func note(ctx context.Context, tell func(Watcher)) {
	if t, ok := ctx.Value(notebookKey{}).(*notebook); ok {
		t.notes = append(t.notes, tell)
	}
}

// told reports the notes of a committed transaction.
func (s *Store) told(t *notebook) {
	if s.watcher == nil {
		return
	}
	for _, tell := range t.notes {
		tell(s.watcher)
	}
}

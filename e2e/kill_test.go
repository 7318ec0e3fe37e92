package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// journal is what a client noted of the acknowledgements that it got, each line
// on disk before the next request.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func newJournal(t testing.TB) *journal {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &journal{file: file}
}

func (j *journal) note(command record.ID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := fmt.Fprintln(j.file, command); err != nil {
		return fmt.Errorf("note an acknowledgement: %w", err)
	}
	return j.file.Sync() //nolint:wrapcheck // a test's own file
}

// noted reads the journal back from the disk.
func (j *journal) noted(t testing.TB) []record.ID {
	t.Helper()
	content, err := os.ReadFile(j.file.Name())
	require.NoError(t, err)
	var all []record.ID
	for line := range strings.FieldsSeq(string(content)) {
		all = append(all, record.ID(line))
	}
	return all
}

// TestT1_NothingAcknowledgedIsLost kills the portal at six points of a submit.
func TestT1_NothingAcknowledgedIsLost(t *testing.T) {
	s := theSystem(t)
	rope, err := newWire(s.temporal.target)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rope.close()) })
	victim, err := s.runPortal("victim", map[string]string{"TEMPORAL_ADDRESS": rope.address})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, victim.stop()) })
	victim.serves(t)
	notes := newJournal(t)
	revive := func(t *testing.T) {
		t.Helper()
		require.NoError(t, victim.start())
		victim.serves(t)
	}
	newcomer := func(t *testing.T) *bidder {
		t.Helper()
		return newBidder(t, s, fmt.Sprintf("断电%d有限公司", nextNumber())).complete(t)
	}

	t.Run("T1 before the request is whole", func(t *testing.T) {
		b, id := newcomer(t), storage.NewID()
		conn := half(t, b, victim.origin, id)
		require.NoError(t, victim.kill())
		_ = conn.Close() // the other end is dead
		b.notAccepted(t, id)
		revive(t)
		b.submitsAgain(t, victim.origin, id, notes)
	})
	t.Run("T1 inside the transaction", func(t *testing.T) {
		b, id := newcomer(t), storage.NewID()
		app, _ := storagetest.OpenDB(t)
		tx, err := app.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "SELECT 1 FROM drafts WHERE record = ? FOR UPDATE", b.profile)
		require.NoError(t, err)
		outcome := b.submitsInBackground(t, victim.origin, id)
		eventually(t, patience, func() string {
			var waiting int
			err := app.NewRaw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(t.Context(), &waiting)
			if err != nil || waiting == 0 {
				return fmt.Sprintf("the submit waits for the draft (%v)", err)
			}
			return ""
		})
		require.NoError(t, victim.kill())
		require.Error(t, (<-outcome).err, "there was no answer")
		require.NoError(t, tx.Rollback())
		b.notAccepted(t, id)
		revive(t)
		b.submitsAgain(t, victim.origin, id, notes)
	})
	t.Run("T1 T9 after the commit, before the answer", func(t *testing.T) {
		b, id := newcomer(t), storage.NewID()
		rope.stall() // the ring hangs, and the answer with it
		outcome := b.submitsInBackground(t, victim.origin, id)
		var first storage.CommandStatus
		eventually(t, patience, func() string {
			var err error
			if first, err = s.store.CommandStatus(t.Context(), id); err != nil {
				return err.Error()
			}
			return ""
		})
		require.NoError(t, victim.kill())
		require.Error(t, (<-outcome).err, "there was no answer")
		rope.mend()
		revive(t)
		b.submitsAgain(t, victim.origin, id, notes)
		again, err := s.store.CommandStatus(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, first.Receipt, again.Receipt, "the same command has the same receipt")
	})
	t.Run("T1 as soon as the answer is there", func(t *testing.T) {
		b, id := newcomer(t), storage.NewID()
		got, err := b.at(victim.origin).submit(t.Context(), id)
		require.NoError(t, err)
		require.True(t, got.accepted(), "%d %s", got.status, got.location)
		require.NoError(t, notes.note(id))
		require.NoError(t, victim.kill())
		b.reaches(t, record.UnderReview)
		revive(t)
	})
	t.Run("T1 U9 during an upload", func(t *testing.T) {
		b := newcomer(t)
		sent, more, outcome := b.uploads(t, victim.origin)
		<-sent
		require.NoError(t, victim.kill())
		close(more)
		require.Error(t, <-outcome, "there was no answer")
		files, err := s.store.FilesOf(t.Context(), b.subject.ID, b.profile)
		require.NoError(t, err)
		require.Len(t, files, 1, "the half of a file is no file")
		revive(t)
		b.submitsAgain(t, victim.origin, storage.NewID(), notes)
	})
	t.Run("T1 under load", func(t *testing.T) {
		bidders := make([]*bidder, 24)
		for i := range bidders {
			bidders[i] = newcomer(t)
		}
		acknowledged := make(chan struct{}, len(bidders))
		killed := make(chan error, 1)
		go func() {
			for range len(bidders) / 3 {
				<-acknowledged
			}
			killed <- victim.kill()
		}()
		ids := map[*bidder]record.ID{}
		for _, b := range bidders {
			ids[b] = storage.NewID()
		}
		each(bidders, 4, func(b *bidder) {
			if got, err := b.at(victim.origin).submit(t.Context(), ids[b]); err == nil && got.accepted() {
				assert.NoError(t, notes.note(ids[b]))
				acknowledged <- struct{}{}
			}
		})
		require.NoError(t, <-killed)
		revive(t)
		for _, b := range bidders {
			b.submitsAgain(t, victim.origin, ids[b], notes)
		}
	})
	t.Run("T1 I1 every acknowledgement is in the database, and was applied once", func(t *testing.T) {
		noted := notes.noted(t)
		require.Greater(t, len(noted), 24)
		for _, id := range noted {
			eventually(t, time.Minute, func() string {
				status, err := s.store.CommandStatus(t.Context(), id)
				switch {
				case err != nil:
					return err.Error()
				case !status.Done:
					return "a command waits for its outcome"
				case !status.Outcome.Applied:
					return "a command was refused: " + string(status.Outcome.Refusal)
				}
				return ""
			})
		}
		s.undisputed(t)
	})
}

// half sends the first half of a submit.
func half(t testing.TB, b *bidder, origin string, id record.ID) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(origin, "http://"))
	require.NoError(t, err)
	form := b.form(id)
	_, err = fmt.Fprintf(conn, "POST /records/%s/submit HTTP/1.1\r\nHost: %s\r\nCookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		b.profile, strings.TrimPrefix(origin, "http://"), b.cookie, urlencoded, len(form), form[:len(form)/2])
	require.NoError(t, err)
	return conn
}

// notAccepted reports that the command left nothing.
func (b *bidder) notAccepted(t testing.TB, id record.ID) {
	t.Helper()
	_, err := b.system.store.CommandStatus(t.Context(), id)
	require.Equal(t, record.NotFound, record.CodeOf(err), "%v", err)
}

// submitsAgain is what a person does who got no answer: the same form again,
// which is acknowledged, and noted.
func (b *bidder) submitsAgain(t testing.TB, origin string, id record.ID, notes *journal) {
	t.Helper()
	got, err := b.at(origin).submit(t.Context(), id)
	require.NoError(t, err)
	require.True(t, got.accepted(), "%d %s", got.status, got.location)
	require.NoError(t, notes.note(id))
	b.reaches(t, record.UnderReview)
	versions, err := b.system.store.Versions(t.Context(), b.subject.ID, b.profile)
	require.NoError(t, err)
	require.Len(t, versions, 1, "one submit, one version")
}

type sentAnswer struct {
	answer answer
	err    error
}

func (b *bidder) submitsInBackground(t testing.TB, origin string, id record.ID) <-chan sentAnswer {
	outcome := make(chan sentAnswer, 1)
	go func() {
		got, err := b.at(origin).submit(context.WithoutCancel(t.Context()), id)
		outcome <- sentAnswer{got, err}
	}()
	return outcome
}

// uploads sends the first half of a file, tells so, and waits for more.
func (b *bidder) uploads(t testing.TB, origin string) (sent <-chan struct{}, more chan<- struct{}, outcome <-chan error) {
	t.Helper()
	var head bytes.Buffer
	parts := multipart.NewWriter(&head)
	file, err := parts.CreateFormFile("file", "执照.pdf")
	require.NoError(t, err)
	_, err = file.Write(bytes.Repeat(pdfContent("half"), 1000))
	require.NoError(t, err)
	reader, writer := io.Pipe()
	begun, wait, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, _ = writer.Write(head.Bytes()) // the reader fails when the portal dies
		close(begun)
		<-wait
		_ = writer.Close()
	}()
	go func() {
		path := fmt.Sprintf("/files?record=%s&field=licence", b.profile)
		got, err := b.at(origin).send(context.WithoutCancel(t.Context()), http.MethodPost, path, parts.FormDataContentType(), reader)
		_ = reader.CloseWithError(io.ErrClosedPipe)
		if err == nil && got.status < 300 {
			err = nil
		} else if err == nil {
			err = fmt.Errorf("refused: %d", got.status)
		}
		done <- err
	}()
	return begun, wait, done
}

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"unireg/storage"
	"unireg/web"
)

// stopsInOrder ends a process by SIGTERM and reports that it meant to.
func (p *process) stopsInOrder(t testing.TB) {
	t.Helper()
	require.NoError(t, p.stop())
	require.Zero(t, p.cmd.ProcessState.ExitCode(), "%s ended with a fault:\n%s", p.name, p.said())
}

// refused reports that nobody listened: nothing was sent, and the person tries
// again.
func refused(err error) bool {
	var dial *net.OpError
	return errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &dial) && dial.Op == "dial"
}

// submitsThrough submits until it is acknowledged, trying again only where
// nobody listened: that nobody is cut off is the promise.
func (b *bidder) submitsThrough(t testing.TB, origin string, notes *journal, turnedAway *atomic.Int64) bool {
	id := storage.NewID()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := b.at(origin).submit(t.Context(), id)
		if !refused(err) {
			return assert.NoError(t, err, "nobody is cut off") &&
				assert.True(t, got.accepted(), "%d %s", got.status, got.location) && assert.NoError(t, notes.note(id))
		}
		turnedAway.Add(1)
		<-tick.C
	}
}

// stopsDuring ends the portal while half of a file has arrived: /readyz tells of
// the end, and the file is taken in.
func (p *portal) stopsDuring(t testing.TB, b *bidder) {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	file, err := parts.CreateFormFile("file", "执照.pdf")
	require.NoError(t, err)
	_, err = file.Write(append(pdfContent("slow"), bytes.Repeat([]byte("\n% "), 100_000)...))
	require.NoError(t, err)
	require.NoError(t, parts.Close())
	reader, writer := io.Pipe()
	outcome := make(chan sentAnswer, 1)
	go func() {
		path := fmt.Sprintf("/files?record=%s&field=licence", b.profile)
		got, err := b.at(p.origin).send(context.WithoutCancel(t.Context()), http.MethodPost, path, parts.FormDataContentType(), reader)
		outcome <- sentAnswer{got, err}
	}()
	_, err = writer.Write(body.Next(body.Len() / 2))
	require.NoError(t, err)
	require.NoError(t, p.signal(syscall.SIGTERM))
	eventually(t, patience, func() string {
		status, r, err := p.readiness(t.Context())
		if err != nil || status != http.StatusServiceUnavailable || r.Status != web.Stopping {
			return fmt.Sprintf("the portal says that it stops (%d %v %v)", status, r, err)
		}
		return ""
	})
	_, err = writer.Write(body.Bytes())
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	got := <-outcome
	require.NoError(t, got.err, "an upload under way is finished")
	require.Equal(t, http.StatusCreated, got.answer.status, got.answer.body)
}

// TestT1_RestartsLoseNoAcknowledgement has several clients submit while the
// portal is restarted five times in a row, as a deployment does, and a worker
// beside it.
func TestT1_RestartsLoseNoAcknowledgement(t *testing.T) {
	s := theSystem(t)
	deployed, err := s.runPortal("deployed", nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, deployed.stop()) })
	deployed.serves(t)
	private, err := freeAddress()
	require.NoError(t, err)
	second, err := s.run("second-worker", map[string]string{"UNIREG_OPS_LISTEN": private}, "worker")
	require.NoError(t, err)
	second.showWhenFailed(t)

	const restarts, submits, clients = 5, 200, 6
	bidders := make([]*bidder, submits)
	for i := range bidders {
		bidders[i] = newBidder(t, s, fmt.Sprintf("滚动%d有限公司", nextNumber())).complete(t)
	}
	uploader := newBidder(t, s, fmt.Sprintf("滚动%d有限公司", nextNumber()))
	notes := newJournal(t)
	var acknowledged, turnedAway atomic.Int64
	submitted := make(chan struct{})
	go func() {
		defer close(submitted)
		each(bidders, clients, func(b *bidder) {
			if b.submitsThrough(t, deployed.origin, notes, &turnedAway) {
				acknowledged.Add(1)
			}
		})
	}()
	for n := range restarts {
		// A share of the submits between two restarts; the last are after them.
		eventually(t, time.Minute, func() string {
			if acknowledged.Load() < int64((n+1)*submits/(restarts+1)) {
				return "the clients submit"
			}
			return ""
		})
		if n == 0 {
			deployed.stopsDuring(t, uploader)
		}
		deployed.stopsInOrder(t)
		require.NoError(t, deployed.start())
		if n == 2 {
			second.stopsInOrder(t)
			require.NoError(t, second.start())
		}
		deployed.serves(t)
	}
	<-submitted
	t.Logf("%d submits acknowledged over %d restarts, %d connections refused and tried again", acknowledged.Load(), restarts, turnedAway.Load())

	noted := notes.noted(t)
	require.Len(t, noted, submits)
	for _, id := range noted {
		eventually(t, time.Minute, func() string {
			status, err := s.store.CommandStatus(t.Context(), id)
			if err != nil || !status.Done || !status.Outcome.Applied {
				return fmt.Sprintf("an acknowledged command was applied (%+v %v)", status, err)
			}
			return ""
		})
	}
	for _, b := range bidders {
		versions, err := s.store.Versions(t.Context(), b.subject.ID, b.profile)
		require.NoError(t, err)
		require.Len(t, versions, 1, "one submit, one version")
	}
	files, err := s.store.FilesOf(t.Context(), uploader.subject.ID, uploader.profile)
	require.NoError(t, err)
	require.Len(t, files, 1, "the upload that a restart met")
	s.undisputed(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+private+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "unireg_commands_applied_total")
	second.stopsInOrder(t)
}

package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// shelf is a drawer with the archives of its subject.
type shelf struct {
	*drawer
	exports *storage.Exports
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	d := newDrawer(t, storage.FileLimits{})
	return &shelf{d, storage.NewExports(d.Store, d.objects)}
}

func (s *shelf) by() record.Actor {
	return record.Actor{Role: record.Applicant, ID: s.account, Assurance: record.ByPassword}
}

func (s *shelf) request(t testing.TB) storage.Export {
	t.Helper()
	export, err := s.RequestExport(t.Context(), s.by(), s.subject.ID)
	require.NoError(t, err)
	return export
}

func (s *shelf) begin(t testing.TB, id record.ID) storage.ExportAttempt {
	t.Helper()
	attempt, ok, err := s.exports.Begin(t.Context(), id)
	require.NoError(t, err)
	require.True(t, ok)
	return attempt
}

// built is an export with that archive.
func (s *shelf) built(t testing.TB, content []byte) record.ID {
	t.Helper()
	id := s.request(t).ID
	require.NoError(t, s.exports.Finish(t.Context(), s.begin(t, id), time.Now(), bytes.NewReader(content)))
	return id
}

// keys are what lies in the bucket.
func (s *shelf) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for object, err := range s.objects.List(t.Context(), "exports/") {
		require.NoError(t, err)
		keys = append(keys, object.Key)
	}
	return keys
}

// later lets time pass for all exports.
func (s *shelf) later(t testing.TB, d time.Duration) {
	t.Helper()
	_, err := s.db.Owner.NewRaw(`
		UPDATE exports SET requested_at = requested_at - ?0 * interval '1 second', expires_at = expires_at - ?0 * interval '1 second',
		    removed_at = removed_at - ?0 * interval '1 second'`, int(d.Seconds())).Exec(t.Context())
	require.NoError(t, err)
}

func (s *shelf) verify(t testing.TB) []storage.Disagreement {
	t.Helper()
	found, err := s.Files.Verify(t.Context(), false)
	require.NoError(t, err)
	return found
}

func TestB25_AnExportIsAskedForOnceAtATimeAndSoOftenADay(t *testing.T) {
	s := newShelf(t)
	first := s.request(t)
	require.Equal(t, storage.ExportBuilding, first.State)
	require.Equal(t, first.ID, s.request(t).ID, "while it is built")
	require.NoError(t, s.exports.Finish(t.Context(), s.begin(t, first.ID), time.Now(), strings.NewReader("archive")))
	require.Equal(t, first.ID, s.request(t).ID, "a click that came a moment later")
	s.later(t, 2*time.Minute)
	open, err := s.OpenExports(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, open)
	for n := range storage.ExportsADay - 1 {
		s.built(t, []byte("archive"))
		s.later(t, 2*time.Minute)
		all, err := s.Exports(t.Context(), s.subject.ID, s.account, 10)
		require.NoError(t, err)
		require.Len(t, all, n+2)
	}
	_, err = s.RequestExport(t.Context(), s.by(), s.subject.ID)
	require.Equal(t, record.TooMany, record.CodeOf(err))
	s.later(t, 24*time.Hour)
	require.NotEqual(t, first.ID, s.request(t).ID)
	open, err = s.OpenExports(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, open, 1)

	require.NoError(t, s.DisableAccount(t.Context(), record.Actor{Role: record.Supervisor}, s.account))
	_, err = s.RequestExport(t.Context(), s.by(), s.subject.ID)
	require.Equal(t, record.Forbidden, record.CodeOf(err))
}

func TestB25_W17_AnArchiveIsItsAccountsAlone(t *testing.T) {
	s := newShelf(t)
	content := bytes.Repeat([]byte("全部个人信息"), 20_000)
	id := s.built(t, content)
	export, archive, err := s.exports.Open(t.Context(), s.by(), s.subject.ID, id)
	require.NoError(t, err)
	got, err := io.ReadAll(archive)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.True(t, bytes.Equal(content, got))
	sum := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(sum[:]), export.SHA256)
	require.Equal(t, int64(len(content)), export.Size)
	require.Equal(t, storage.ExportReady, export.State)

	t.Run("B25 W29 in the bucket it is sealed", func(t *testing.T) {
		raw, err := s.objects.Get(t.Context(), s.keys(t)[0], 0, -1)
		require.NoError(t, err)
		sealed, err := io.ReadAll(raw)
		require.NoError(t, err)
		require.NoError(t, raw.Close())
		require.NotContains(t, string(sealed), "个人信息")
		require.Greater(t, len(sealed), len(content))
	})
	t.Run("B25 nobody else's", func(t *testing.T) {
		other := s.another(t)
		stranger := record.Actor{Role: record.Applicant, ID: other.account}
		colleague := record.Actor{Role: record.Applicant, ID: storage.NewID()}
		for _, c := range []struct {
			by      record.Actor
			subject record.ID
			id      record.ID
		}{
			{stranger, other.subject.ID, id}, {stranger, s.subject.ID, id}, {s.by(), other.subject.ID, id}, {colleague, s.subject.ID, id}, {s.by(), s.subject.ID, storage.NewID()},
		} {
			_, _, err := s.exports.Open(t.Context(), c.by, c.subject, c.id)
			require.Equal(t, record.NotFound, record.CodeOf(err))
		}
		all, err := s.Exports(t.Context(), s.subject.ID, colleague.ID, 10)
		require.NoError(t, err)
		require.Empty(t, all)
	})
	t.Run("B25 it is told and noted", func(t *testing.T) {
		messages, err := s.Notifications(t.Context(), s.subject.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, storage.TopicExportReady, messages[0].Topic)
		var types []string
		require.NoError(t, s.db.App.NewRaw("SELECT type FROM events WHERE chain = ? AND type LIKE 'export%' ORDER BY no", s.subject.ID).Scan(t.Context(), &types))
		require.Equal(t, []string{storage.EventExportRequested, storage.EventExportReady, storage.EventExportTaken}, types)
	})
	t.Run("B25 after its days it is gone", func(t *testing.T) {
		s.later(t, storage.ExportAge)
		_, _, err := s.exports.Open(t.Context(), s.by(), s.subject.ID, id)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		require.ErrorContains(t, err, "过期")
	})
}

func TestB25_OfSeveralAttemptsOneBecomesTheArchive(t *testing.T) {
	s := newShelf(t)
	id := s.request(t).ID
	thoughtDead, alive := s.begin(t, id), s.begin(t, id)
	require.NoError(t, s.exports.Finish(t.Context(), alive, time.Now(), strings.NewReader("the second")))
	require.NoError(t, s.exports.Finish(t.Context(), thoughtDead, time.Now(), strings.NewReader("the first")))
	require.Len(t, s.keys(t), 1)
	_, archive, err := s.exports.Open(t.Context(), s.by(), s.subject.ID, id)
	require.NoError(t, err)
	got, err := io.ReadAll(archive)
	require.NoError(t, errors.Join(err, archive.Close()))
	require.Equal(t, "the second", string(got))
	_, ok, err := s.exports.Begin(t.Context(), id)
	require.NoError(t, err)
	require.False(t, ok, "there is nothing left to do")
	require.NoError(t, s.FailExport(t.Context(), id), "and nothing to give up")
	messages, err := s.Notifications(t.Context(), s.subject.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, messages, 1)

	t.Run("B25 an attempt that breaks leaves no archive", func(t *testing.T) {
		s.later(t, time.Hour)
		id := s.request(t).ID
		fault := errors.New("a file did not come")
		require.ErrorIs(t, s.exports.Finish(t.Context(), s.begin(t, id), time.Now(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(fault))), fault)
		require.Len(t, s.keys(t), 1)
		require.NoError(t, s.FailExport(t.Context(), id))
		require.NoError(t, s.FailExport(t.Context(), id))
		messages, err := s.Notifications(t.Context(), s.subject.ID, "", 10)
		require.NoError(t, err)
		require.Equal(t, storage.TopicExportFailed, messages[0].Topic)
		require.Len(t, messages, 2)
		_, _, err = s.exports.Open(t.Context(), s.by(), s.subject.ID, id)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		require.NotEqual(t, id, s.request(t).ID, "it can be asked for again at once")
	})
}

func TestB25_I4_TheSweepDeletesWhatIsOverAndNothingElse(t *testing.T) {
	s := newShelf(t)
	put := func(key string) {
		t.Helper()
		_, err := s.objects.Put(t.Context(), key, strings.NewReader("x"), 10, "text/plain")
		require.NoError(t, err)
	}
	sweep := func() int {
		t.Helper()
		n, err := s.exports.Sweep(t.Context())
		require.NoError(t, err)
		return n
	}
	id := s.built(t, []byte("archive"))
	ready := s.keys(t)[0]
	put(strings.TrimSuffix(ready, "1") + "0") // of an attempt that died after its upload
	s.later(t, time.Hour)
	other := s.request(t)
	s.begin(t, other.ID)
	var folder string
	require.NoError(t, s.db.App.NewRaw("SELECT folder FROM exports WHERE id = ?", other.ID).Scan(t.Context(), &folder))
	put(folder + "1") // it is being built
	require.Empty(t, s.verify(t), "what waits for the sweep, or is being built, is no fault")
	require.Equal(t, 1, sweep())
	require.ElementsMatch(t, []string{ready, folder + "1"}, s.keys(t))
	_, err := s.Sweep(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, s.keys(t), 2, "the sweep of attachments passes by")

	t.Run("I4 an archive that is gone, and one of nobody's, are named", func(t *testing.T) {
		put("exports/00000000000000000000000000000000/1")
		require.NoError(t, s.objects.Remove(t.Context(), ready))
		found := s.verify(t)
		require.Len(t, found, 2)
		require.ElementsMatch(t, []string{string(id), "exports/00000000000000000000000000000000/1"}, []string{found[0].ID, found[1].ID})
		require.Equal(t, 1, sweep())
	})
	require.NoError(t, s.FailExport(t.Context(), other.ID))
	require.Equal(t, 1, sweep(), "what a failed one left")
	s.later(t, storage.ExportAge)
	require.Zero(t, sweep())
	require.Empty(t, s.keys(t))
	require.Empty(t, s.verify(t))
	s.later(t, 31*24*time.Hour)
	require.Zero(t, sweep())
	all, err := s.Exports(context.WithoutCancel(t.Context()), s.subject.ID, s.account, 10)
	require.NoError(t, err)
	require.Empty(t, all, "a month later nothing is remembered but in the chain")
}

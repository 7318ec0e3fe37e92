package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/web"
)

// outageFilings is how many filings are submitted while Temporal is away.
const outageFilings = 500

// The tests of outages cut the wire of the one worker, so they do not run
// beside the journeys: none of them is parallel.

func TestOutageOfTemporal(t *testing.T) {
	s := theSystem(t)
	staff := newMember(t, s, "停机值班员", record.Reviewer, true)
	settled := newBidder(t, s, fmt.Sprintf("停机前%d建设有限公司", nextNumber())).complete(t).submitted(t)
	seen := newBidder(t, s, fmt.Sprintf("停机中%d建设有限公司", nextNumber())).complete(t)
	bidders := make([]*bidder, outageFilings)
	for i := range bidders {
		bidders[i] = newBidder(t, s, fmt.Sprintf("停机%d号%d有限公司", i, nextNumber())).complete(t)
	}
	p, desk := seen.sit(t), staff.sit(t, s)
	mended := false
	mend := func() { s.temporal.mend(); require.NoError(t, s.worker.resume()); mended = true }
	s.temporal.cut()
	require.NoError(t, s.worker.pause())
	t.Cleanup(func() {
		if !mended {
			mend()
		}
	})

	var receipt string
	p.part("N02 a submit is accepted with a receipt", func() {
		p.open("/profile")
		p.checksAndSubmits()
		p.sees("已受理，正在处理", "回执号", "不需要重复提交")
		require.Regexp(t, `^/receipts/\d{8}-`, p.path())
		receipt = strings.TrimPrefix(p.path(), "/receipts/")
		p.sees(receipt)
	})
	t.Run("T2 submits are accepted, and quickly", func(t *testing.T) {
		var mu sync.Mutex
		var took []time.Duration
		each(bidders, 8, func(b *bidder) {
			began := time.Now()
			got, err := b.at(s.origin).submit(t.Context(), storage.NewID())
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			assert.NoError(t, err)
			assert.True(t, got.accepted(), "%d %s", got.status, got.location)
		})
		slices.Sort(took)
		t.Logf("submits without Temporal: p50 %s, p95 %s of %d", took[len(took)/2], took[len(took)*95/100], len(took))
		require.Less(t, took[len(took)*95/100], 10*time.Second, "p95; the breaker keeps all but the first from waiting")
	})
	t.Run("T3 every page is there", func(t *testing.T) {
		for _, b := range []*bidder{settled, seen, bidders[0]} {
			c, profile := b.at(s.origin), "/records/"+string(b.profile)
			for _, path := range []string{"/home", profile, "/history", "/certificates", "/account", "/messages", "/records?kind=qualification"} {
				c.shows(t, path)
			}
		}
		seen.at(s.origin).shows(t, "/receipts/"+receipt)
		settled.at(s.origin).shows(t, "/records/"+string(settled.profile)+"/versions/1")
		for _, path := range []string{"/", "/login", "/login/certificate", "/register", "/staff/login"} {
			visitor := &bidder{system: s, cookie: strings.Repeat("A", 43), address: ownAddress()}
			visitor.at(s.origin).shows(t, path)
		}
		desk.open("/staff")
		desk.takes(settled.subject.Name)
		desk.open("/staff/subjects")
		desk.sees("单位库")
	})
	t.Run("T4 a portal boots and says that it is degraded", func(t *testing.T) {
		born, err := s.runPortal("born-in-outage", nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, born.stop()) }()
		born.serves(t)
		status, r, err := born.readiness(t.Context())
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, web.Degraded, r.Status)
		require.Equal(t, web.PartFailed, r.Parts["workflows"])
		for _, name := range []string{"database", "schema", "objects", "scanner", "pages"} {
			require.Equal(t, web.PartOK, r.Parts[name], name)
		}
		settled.at(born.origin).shows(t, "/home")
	})
	healed := time.Now()
	mend()
	t.Run("T2 I6 all are processed within a minute of its return", func(t *testing.T) {
		for _, b := range bidders {
			eventually(t, time.Minute-time.Since(healed), func() string { return b.standsAt(t, record.UnderReview) })
		}
		t.Logf("%d filings drained %s after the return", len(bidders), time.Since(healed).Round(time.Millisecond))
		for _, b := range bidders {
			versions, err := s.store.Versions(t.Context(), b.subject.ID, b.profile)
			require.NoError(t, err)
			require.Len(t, versions, 1, "nothing is doubled")
		}
	})
	p.part("N02 the receipt page comes to say what became of it", func() {
		p.sees("提交成功", "审核中", receipt)
		p.follow("查看基本信息")
		p.sees("等待审核")
	})
	s.undisputed(t)
}

// standsAt tells what keeps the filing from standing there.
func (b *bidder) standsAt(t testing.TB, filing record.Filing) string {
	r, err := b.system.store.Record(t.Context(), b.subject.ID, b.profile)
	switch {
	case err != nil:
		return err.Error()
	case r.State.Filing != filing:
		return fmt.Sprintf("the filing is %q, not %q", r.State.Filing, filing)
	}
	return ""
}

// each works on all of a list, so many at a time.
func each[T any](all []T, atOnce int, work func(T)) {
	queue := make(chan T)
	var done sync.WaitGroup
	for range atOnce {
		done.Go(func() {
			for one := range queue {
				work(one)
			}
		})
	}
	for _, one := range all {
		queue <- one
	}
	close(queue)
	done.Wait()
}

// undisputed proves that nothing in the database, or between it and the object
// store, disagrees.
func (s *system) undisputed(t testing.TB) {
	t.Helper()
	found, err := s.store.Verify(t.Context())
	require.NoError(t, err)
	files, err := s.files.Verify(t.Context(), true)
	require.NoError(t, err)
	all := slices.Concat(found, files)
	slices.SortFunc(all, func(a, b storage.Disagreement) int { return cmp.Compare(a.Invariant, b.Invariant) })
	require.Empty(t, all)
}

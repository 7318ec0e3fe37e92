package site_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/webhook"
)

func TestP2CallbackIsRepeatedUnchangedUntilItIsWrittenDown(t *testing.T) {
	f := newFirm(t)
	refusals := []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusOK, http.StatusFound}
	left := slices.Clone(refusals)
	f.portal.answers(func(received) int {
		if len(left) == 0 {
			return http.StatusNoContent
		}
		status := left[0]
		left = left[1:]
		return status
	})
	a := application()
	f.apply(a)
	f.decide(a.Reference, "accept")
	f.settle()
	got := f.portal.got()
	require.Len(t, got, len(refusals)+1)
	for _, one := range got {
		require.Equal(t, got[0].body, one.body)
		require.Equal(t, got[0].event.ID, one.header.Get("webhook-id"))
		require.NoError(t, webhook.Verify(one.header, []byte(one.body), f.settings.Checking()[:1], time.Now()), "v1")
		require.NoError(t, webhook.Verify(one.header, []byte(one.body), f.settings.Checking()[1:], time.Now()), "v1a")
	}
	require.Equal(t, f.state(a.Reference).Events[0], got[0].event, "polling tells the same")
}

func TestP3EventsAreNumberedWithoutGapsAndSentInOrder(t *testing.T) {
	f := newFirm(t)
	failing := map[string]bool{}
	f.portal.answers(func(one received) int { // each fails once
		if !failing[one.event.ID] {
			failing[one.event.ID] = true
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	a := application()
	f.apply(a)
	f.decide(a.Reference, "accept", "supplement", "accept", "payment", "producing")
	f.settle()
	var sequence []int
	for _, one := range f.portal.got() {
		sequence = append(sequence, one.event.Sequence)
	}
	require.Equal(t, []int{1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, sequence)
}

func TestRefusedCallbackIsParkedForTheOperator(t *testing.T) {
	f := newFirm(t)
	f.portal.answers(func(received) int { return http.StatusNotFound })
	a := application()
	f.apply(a)
	f.decide(a.Reference, "accept")
	f.settle()
	require.Equal(t, 1, f.counts().Deliveries[ledger.Parked])
	require.Len(t, f.portal.got(), 1, "not again by itself")
	page := f.login()
	require.Contains(t, page.get("/desk/deliveries?state=parked"), "HTTP 404")

	f.portal.answers(func(received) int { return http.StatusNoContent })
	page.post(http.StatusSeeOther, "/desk/deliveries/1/resend", nil)
	f.settle()
	require.Equal(t, 1, f.counts().Deliveries[ledger.Delivered])
	page.post(http.StatusConflict, "/desk/deliveries/1/resend", nil)
	page.post(http.StatusNotFound, "/desk/deliveries/77/resend", nil)
}

func TestFaultSwitchesOfCallbacks(t *testing.T) {
	// path takes an application through its first steps under the switches.
	path := func(t *testing.T, f *firm, s faults.Switches) protocol.Application {
		t.Helper()
		require.NoError(t, f.board.Set(s))
		a := application()
		f.apply(a)
		f.decide(a.Reference, "accept", "payment", "producing")
		f.settle()
		return a
	}
	t.Run("P7 all dropped, told when asked", func(t *testing.T) {
		f := newFirm(t)
		a := path(t, f, faults.Switches{DropPercent: 100})
		require.Empty(t, f.portal.got())
		require.Equal(t, 3, f.counts().Deliveries[ledger.Dropped])
		require.Len(t, f.state(a.Reference).Events, 3)
	})
	t.Run("P2 duplicates bear the same id and body", func(t *testing.T) {
		f := newFirm(t)
		path(t, f, faults.Switches{Duplicates: 4})
		bodies := map[string]int{}
		for _, one := range f.portal.got() {
			bodies[one.header.Get("webhook-id")+one.body]++
		}
		require.Len(t, bodies, 3)
		for _, n := range bodies {
			require.Equal(t, 5, n)
		}
	})
	t.Run("P3 any order, numbers without gaps", func(t *testing.T) {
		f := newFirm(t)
		path(t, f, faults.Switches{Reorder: true})
		var sequence []int
		for _, one := range f.portal.got() {
			sequence = append(sequence, one.event.Sequence)
		}
		require.ElementsMatch(t, []int{1, 2, 3}, sequence)
	})
	for _, c := range []struct {
		lie   faults.Lie
		check func(t *testing.T, a protocol.Application, truth, lie received, keys []string)
	}{
		{faults.IllegalEdge, func(t *testing.T, a protocol.Application, truth, lie received, keys []string) {
			t.Helper()
			require.NoError(t, webhook.Verify(lie.header, []byte(lie.body), keys, time.Now()))
			require.Equal(t, a.Reference, lie.event.Reference)
			require.NotEqual(t, truth.event.ID, lie.event.ID)
			require.Equal(t, truth.event.Sequence+1, lie.event.Sequence)
			require.False(t, ledger.Status(truth.event.Type).May(ledger.Status(lie.event.Type)))
		}},
		{faults.OtherReference, func(t *testing.T, a protocol.Application, _, lie received, keys []string) {
			t.Helper()
			require.NoError(t, webhook.Verify(lie.header, []byte(lie.body), keys, time.Now()))
			require.NotEqual(t, a.Reference, lie.event.Reference)
		}},
		{faults.WrongSignature, func(t *testing.T, _ protocol.Application, truth, lie received, keys []string) {
			t.Helper()
			require.ErrorIs(t, webhook.Verify(lie.header, []byte(lie.body), keys, time.Now()), webhook.ErrSignature)
			require.Equal(t, truth.header.Get("webhook-id"), lie.header.Get("webhook-id"))
		}},
		{faults.OtherBody, func(t *testing.T, _ protocol.Application, truth, lie received, keys []string) {
			t.Helper()
			require.NoError(t, webhook.Verify(lie.header, []byte(lie.body), keys, time.Now()))
			require.Equal(t, truth.header.Get("webhook-id"), lie.header.Get("webhook-id"))
			require.NotEqual(t, truth.body, lie.body)
		}},
	} {
		t.Run("lie "+string(c.lie), func(t *testing.T) {
			f := newFirm(t)
			require.NoError(t, f.board.Set(faults.Switches{Lie: c.lie}))
			a := application()
			f.apply(a)
			f.decide(a.Reference, "accept")
			f.settle()
			truth, got := f.state(a.Reference).Events[0], f.portal.got()
			require.Len(t, got, 2)
			if c.lie == faults.WrongSignature { // told before the truth
				slices.Reverse(got)
			}
			require.Equal(t, truth, got[0].event, "the truth is told as well")
			c.check(t, a, got[0], got[1], f.settings.Checking())
			counts := f.counts()
			require.Equal(t, 1, counts.Deliveries[ledger.Lie])
			require.Equal(t, 1, counts.Deliveries[ledger.Delivered])
			require.Equal(t, 1, counts.Events, "a lie is no event")
		})
	}
	t.Run("set by programs", func(t *testing.T) {
		f := newFirm(t)
		status, _ := f.ask(http.MethodPost, "/faults", "", []byte(`{}`))
		require.Equal(t, http.StatusUnauthorized, status)
		status, body := f.ask(http.MethodPost, "/faults", f.settings.OperatorToken, []byte(`{"silent_percent":20,"lie":"other_body"}`))
		require.Equal(t, http.StatusOK, status, "%s", body)
		require.Equal(t, faults.Switches{SilentPercent: 20, Lie: faults.OtherBody}, f.board.Read())
		for _, wrong := range []string{`{"silent_percent":101}`, `{"lie":"big"}`, `{"slo":1}`, `{"slow_seconds":-1}`, `{"lists":"x"}`, `x`} {
			status, _ = f.ask(http.MethodPost, "/faults", f.settings.OperatorToken, []byte(wrong))
			require.Equal(t, http.StatusUnprocessableEntity, status, wrong)
		}
	})
}

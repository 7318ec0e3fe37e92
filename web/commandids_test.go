package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// A nonce that somebody else's form carried gives nobody anything: no receipt of
// theirs, no effect, no word of what they did.
func TestW27_TheNonceOfSomebodyElseServesOnNoRoute(t *testing.T) {
	w := newTown(t, false)
	other := w.bidder()
	other.filled()
	filed := w.bidder()
	require.Equal(t, filed.path(""), filed.file().location())
	free := filed.review()
	second, _ := w.member(record.Reviewer)

	var foreign, resets []string
	require.NoError(t, w.database.Owner.NewRaw("SELECT id::text FROM commands WHERE subject = ?", w.firm.who.subject.ID).Scan(t.Context(), &foreign))
	require.NoError(t, w.database.Owner.NewRaw("SELECT id::text FROM password_resets").Scan(t.Context(), &resets))
	require.Greater(t, len(foreign), 10)
	require.NotEmpty(t, resets)
	before := w.effects(foreign)

	type form struct {
		who    *browser
		home   string // where the session's token stands
		action string
		fields url.Values
	}
	own := func(b *bidder, rest string, fields url.Values) form {
		return form{b.browser, "/account", b.path(rest), fields}
	}
	version := other.check(other.draft().Document).input("draft_version")
	forms := []form{
		own(other, "/submit", url.Values{"draft_version": {version}}), own(other, "/discard", nil),
		own(filed, "/withdraw", nil), own(filed, "/discard", nil), own(filed, "/void", url.Values{"reason": {"x"}}),
		own(filed, "/confirmation", url.Values{"true": {"on"}, "revision": {"1"}}),
		own(filed, "/restore", nil), own(filed, "/release", url.Values{"reason": {"x"}}),
		{other.browser, "/account", "/ca/applications", url.Values{"business": {"apply"}, "kind": {"organization"}, "years": {"1"}, "pickup": {"counter"}}},
		{second, "/staff", free + "/approve", url.Values{"version": {second.get(free).input("version")}}},
		{second, "/staff", free + "/return", url.Values{"version": {second.get(free).input("version")}, "reason": {"x"}}},
		{second, "/staff", free + "/confirm", url.Values{"version": {second.get(free).input("version")}}},
		{second, "/staff", free + "/reject", url.Values{"version": {second.get(free).input("version")}, "reason": {"x"}}},
		{w.boss, "/staff", staffRecordPath(filed.id) + "/reopen", url.Values{"revision": {"1"}, "reason": {"x"}}},
		{second, "/staff", other.desk() + "/resets", url.Values{"account": {string(other.who.account)}, "reason": {"forgotten"}, "paper": {"licence"}}},
	}
	for _, f := range forms {
		page := f.who.get(f.home)
		ids := foreign
		if strings.HasSuffix(f.action, "/resets") {
			ids = resets // the nonce of a link is no command's
		}
		for _, id := range ids {
			fields := url.Values{"command": {id}}
			maps.Copy(fields, f.fields)
			a := f.who.submit(page, f.action, fields)
			what := fmt.Sprintf("%s with %s: %d %s", f.action, id, a.Status, a.location())
			require.GreaterOrEqual(t, a.Status, 400, what)
			require.Less(t, a.Status, 500, what)
			require.NotContains(t, a.Body, w.firm.who.subject.Name, what)
		}
	}
	t.Run("W27 a batch of somebody else's", func(t *testing.T) {
		page := second.get("/staff")
		a := second.submit(page, "/staff/queue/claim", url.Values{"batch": {w.drawn}, "task": w.reviews})
		require.Equal(t, http.StatusConflict, a.Status, a.location())
		approve := url.Values{"batch": {page.input("batch")}, "task": {strings.TrimPrefix(free, "/staff/reviews/")}}
		approve.Set("command."+approve.Get("task"), foreign[0])
		approve.Set("version."+approve.Get("task"), second.get(free).input("version"))
		report := second.submit(page, "/staff/queue/approve", approve)
		require.Contains(t, strings.Join(strings.Fields(second.follow(report).text()), ""), "办成0件，没有办成1件")
	})
	t.Run("W27 a decision of somebody else's is not undone", func(t *testing.T) {
		for _, id := range foreign[:10] {
			require.Equal(t, http.StatusNotFound, second.submit(second.get("/staff"), "/staff/decisions/"+id+"/undo", nil).Status)
		}
	})
	require.Equal(t, before, w.effects(foreign), "nothing came of it")
	require.Equal(t, record.UnderReview, filed.state().Filing)
	require.True(t, storage.ValidID(string(other.draft().Record)), "the draft is open still")

	t.Run("W27 every place that reads a nonce is tried above", func(t *testing.T) {
		names, err := filepath.Glob("*.go")
		require.NoError(t, err)
		places := 0
		for _, name := range names {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			if !strings.HasSuffix(name, "_test.go") {
				places += strings.Count(string(source), " := commandID(")
			}
		}
		require.Equal(t, 11, places, "whoever adds one adds its routes above")
	})
}

// effects are what came of commands: of those, and how many others there are.
func (w *town) effects(ids []string) string {
	w.t.Helper()
	var sum string
	quoted := "'" + strings.Join(ids, "','") + "'"
	require.NoError(w.t, w.database.Owner.NewRaw(`SELECT concat_ws('/',
		(SELECT md5(string_agg(md5(c::text), '' ORDER BY c.id)) FROM commands c WHERE c.id::text IN (`+quoted+`)),
		(SELECT count(*) FROM commands), (SELECT count(*) FROM ca_applications), (SELECT count(*) FROM occupancy_claims),
		(SELECT count(*) FROM password_resets WHERE used_at IS NULL AND revoked_at IS NULL), (SELECT count(*) FROM versions), (SELECT count(*) FROM events))`).
		Scan(w.t.Context(), &sum))
	return sum
}

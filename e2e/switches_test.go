package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// on are the fault switches of the CA company, as docs/cacompany.md names them.
type on map[string]any

// faulty is one fault switch and what has to come of an application while it is
// on.
type faulty struct {
	name   string
	on     on
	failed bool // the page says that the handing over failed, until the switch is off
	taken  int  // applications that the CA company has written down while it fails
	resend bool // the person presses 重新发送; otherwise the system tries again by itself
	polls  bool // the worker asks often
	// atOther has another application lie open at the CA company.
	atOther bool
	// inbox is what became of the callbacks; nil: three, applied.
	inbox map[string]int
	lies  []string // what the portal answered to the lies, oldest first
	drops int      // callbacks that were never sent
}

// switches is docs/cacompany.md's table of outcomes, but for the lists.
var switches = []faulty{
	{name: "P4 slow_seconds: the answer is late, and is waited for", on: on{"slow_seconds": 2}},
	{name: "P4 silent_percent: the answer is lost, and the next attempt finds the same application", on: on{"silent_percent": 100}, failed: true, taken: 1},
	{name: "P6 hang: no answer within ten seconds, and sending again sends nothing twice", on: on{"hang": true}, failed: true, taken: 1, resend: true},
	{name: "S17 refuse_percent: not taken, and sent again", on: on{"refuse_percent": 100}, failed: true, resend: true},
	{name: "P2 duplicates: each callback six times has one effect", on: on{"duplicates": 5}},
	{name: "P3 reorder: callbacks in any order take effect in theirs", on: on{"reorder": true}},
	{
		name: "P1 lie wrong_signature: refused", on: on{"lie": "wrong_signature"},
		lies: []string{"HTTP 401", "HTTP 401", "HTTP 401"},
	},
	{
		name: "P2 lie other_body: another content under an id that is known is refused", on: on{"lie": "other_body"},
		lies: []string{"HTTP 409", "HTTP 409", "HTTP 409"},
	},
	{
		name: "I5 lie illegal_edge: written down, not adopted, and not in the way of the truth", on: on{"lie": "illegal_edge"},
		inbox: map[string]int{"applied": 3, "illegal": 2, "late": 1}, lies: []string{"HTTP 204", "HTTP 204", "HTTP 204"},
	},
	{
		name: "C5 lie other_reference: nothing of one is bound to another", on: on{"lie": "other_reference"}, atOther: true,
		lies: []string{"HTTP 204", "HTTP 204", "HTTP 204"},
	},
	{name: "P7 drop_percent: polling finds what was never called back", on: on{"drop_percent": 100}, polls: true, drops: 3},
}

// TestN07_EveryFaultSwitchOfTheCACompany takes an application from
// 【CA办理申请】 to the bound certificate under each of the switches, on a portal, a
// worker and a CA company of their own: a switch is for all who meet that
// company.
func TestN07_EveryFaultSwitchOfTheCACompany(t *testing.T) {
	t.Parallel()
	h := newTrial(t)
	h.liesAboutRevocation(t)
	for _, f := range switches {
		t.Run(f.name, func(t *testing.T) { h.meets(t, f) })
	}
}

// trial is a system whose CA company misbehaves.
type trial struct {
	*system
	db       *bun.DB
	operator *http.Client // in a session of the CA company's pages
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	database := storagetest.Fresh(t)
	h := &trial{system: &system{dir: t.TempDir(), program: theSystem(t).program}, db: database.App}
	t.Cleanup(func() { require.NoError(t, h.stop()) })
	require.NoError(t, h.furnish(ctx, t, database))
	h.keys = h.dir
	address, err := freeAddress()
	require.NoError(t, err)
	require.NoError(t, h.startCompany(ctx, address))
	h.company.serves(t)
	// From the first moment on nobody has a list that counts.
	h.turn(t, on{"lists": "stale"})
	require.NoError(t, h.serve(ctx, address))
	for _, p := range []*process{h.portal, h.worker, h.company.process} {
		p.showWhenFailed(t)
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	h.operator = &http.Client{Jar: jar}
	entered, err := h.operator.PostForm(h.company.origin+"/login", url.Values{"login": {h.company.login}, "password": {h.company.password}})
	require.NoError(t, err)
	require.NoError(t, entered.Body.Close())
	require.Equal(t, "/desk", entered.Request.URL.Path)
	return h
}

// serves waits until the CA company answers at all.
func (c *company) serves(t testing.TB) {
	t.Helper()
	eventually(t, patience, func() string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.origin+"/login", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err.Error()
		}
		_ = answer.Body.Close()
		return ""
	})
}

// turn puts switches in force; those that are not named are off.
func (h *trial) turn(t testing.TB, switches on) { h.company.operates(t, "/faults", switches) }

// applicant is a bidder with an application.
type applicant struct {
	*bidder
	application record.ID
}

// applies presses 【CA办理申请】 for a new bidder.
func (h *trial) applies(t testing.TB) *applicant {
	t.Helper()
	b := newBidder(t, h.system, fmt.Sprintf("风雨建设%d有限公司", nextNumber())).complete(t)
	a := &applicant{bidder: b, application: storage.NewID()}
	posted := b.at(h.origin).post(t, "/ca/applications", url.Values{
		"command": {string(a.application)}, "business": {"apply"}, "kind": {"organization"}, "years": {"1"}, "pickup": {"counter"},
	})
	require.Equal(t, http.StatusSeeOther, posted.status, posted.body)
	return a
}

// look opens the application's page.
func (a *applicant) look(t testing.TB) string {
	t.Helper()
	page, err := a.at(a.system.origin).get(t.Context(), "/ca/applications/"+string(a.application))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, page.status)
	return page.body
}

// stands waits until the application stands there.
func (a *applicant) stands(t testing.TB, status record.ApplicationStatus) storage.Application {
	t.Helper()
	var found storage.Application
	eventually(t, time.Minute, func() string {
		var err error
		found, err = a.system.store.Application(t.Context(), a.subject.ID, a.application)
		require.NoError(t, err)
		if found.Status != status {
			return fmt.Sprintf("the application is %q, not %q", found.Status, status)
		}
		return ""
	})
	return found
}

// meets takes an application through a fault.
func (h *trial) meets(t *testing.T, f faulty) {
	var other *applicant
	if f.atOther {
		other = h.applies(t)
		other.stands(t, record.ApplicationSent)
	}
	if f.polls {
		require.NoError(t, h.worker.stop())
		asking, err := h.run("asking", map[string]string{"UNIREG_CA_POLL_EVERY": "1s"}, "worker")
		require.NoError(t, err)
		asking.showWhenFailed(t)
	}
	before := h.ledger(t)
	h.turn(t, f.on)
	began := time.Now()
	a := h.applies(t)
	if f.failed {
		a.stands(t, record.ApplicationFailed)
		require.Less(t, time.Since(began), 20*time.Second, "ten seconds are promised")
		page := a.look(t)
		require.Contains(t, page, "申请没有发送成功")
		require.Contains(t, page, "0731-82210013")
		require.Equal(t, f.taken, h.ledger(t).applications-before.applications, "in the ledger, while the switch is on")
		h.turn(t, on{})
		if f.resend {
			again := a.at(h.origin).post(t, "/ca/applications/"+string(a.application)+"/resend", url.Values{"command": {string(storage.NewID())}})
			require.Equal(t, http.StatusSeeOther, again.status, again.body)
		}
	}
	a.stands(t, record.ApplicationSent)
	require.Contains(t, a.look(t), "申请成功")
	serial := h.company.issues(t, h.system, string(a.application), "SM2")
	a.stands(t, record.ApplicationBound)
	if other != nil {
		h.staysApart(t, other, serial)
	}
	h.turn(t, on{})
	h.settled(t, a, serial, f)
	require.Equal(t, 1, h.ledger(t).applications-before.applications, "applications in the CA company's ledger")
	require.Equal(t, f.drops, h.ledger(t).dropped-before.dropped)
}

// staysApart is what becomes of an application about which the CA company lied:
// of the other one's certificates nothing is bound, and the truth heals it.
func (h *trial) staysApart(t *testing.T, other *applicant, foreign string) {
	eventually(t, patience, func() string {
		if got := h.inbox(t, other); !maps.Equal(got, map[string]int{"applied": 2, "doubted": 1}) {
			return fmt.Sprintf("the lies are not all looked at: %v", got)
		}
		return ""
	})
	other.stands(t, record.ApplicationProducing)
	h.turn(t, on{})
	serial := h.company.issues(t, h.system, string(other.application), "SM2")
	require.NotEqual(t, foreign, serial)
	other.stands(t, record.ApplicationBound)
	h.settled(t, other, serial, faulty{inbox: map[string]int{"applied": 3, "duplicate": 2, "illegal": 1}})
}

// settled asserts the facts that every row has in the end.
func (h *trial) settled(t *testing.T, a *applicant, serial string, f faulty) {
	bound, err := h.store.Certificates(t.Context(), a.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 2, "an SM2 pair, bound once")
	for _, c := range bound {
		require.Equal(t, a.application, c.Application)
		require.Equal(t, record.CertificateValid, c.State(time.Now()))
		require.Equal(t, c.Use == storage.UseSigning, c.Serial == serial)
	}
	var steps []record.ApplicationStatus
	for _, e := range a.stands(t, record.ApplicationBound).Events {
		if e.Status != "" && e.Status != record.ApplicationPending && e.Status != record.ApplicationFailed {
			steps = append(steps, e.Status)
		}
	}
	require.Equal(t, []record.ApplicationStatus{
		record.ApplicationSent, record.ApplicationInProgress, record.ApplicationProducing, record.ApplicationIssued, record.ApplicationBound,
	}, steps, "each step once, in order")
	want := f.inbox
	if want == nil {
		want = map[string]int{"applied": 3}
	}
	eventually(t, patience, func() string {
		if got := h.inbox(t, a); !maps.Equal(got, want) {
			return fmt.Sprintf("the inbox came to %v, not to %v", got, want)
		}
		return ""
	})
	var alarms int
	err = h.db.NewRaw("SELECT count(*) FROM events WHERE type = 'callback_forged' AND record = ?", a.application).Scan(t.Context(), &alarms)
	require.NoError(t, err)
	require.Equal(t, strings.Count(fmt.Sprint(f.lies), "409"), alarms, "alarms of a known id with another content")
	page := a.look(t)
	require.Contains(t, page, "证书已签发并绑定")
	require.Equal(t, want["illegal"], strings.Count(page, "与当前进度不符，未采用"), "what was not adopted is told")
	eventually(t, patience, func() string {
		if said := h.lies(t, a.application); !slices.Equal(said, f.lies) {
			return fmt.Sprintf("the CA company lists the answers %q to its lies, not %q", said, f.lies)
		}
		return ""
	})
}

// inbox counts what became of the callbacks of an application.
func (h *trial) inbox(t testing.TB, a *applicant) map[string]int {
	t.Helper()
	var rows []struct {
		Outcome string
		N       int
	}
	err := h.db.NewRaw("SELECT outcome, count(*) AS n FROM ca_callbacks WHERE application = ? GROUP BY 1", a.application).Scan(t.Context(), &rows)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Outcome] = r.N
	}
	return counts
}

// books is what the CA company counts.
type books struct{ applications, dropped int }

func (h *trial) ledger(t testing.TB) books {
	t.Helper()
	status, counts := h.company.asked(t, http.MethodGet, "/operator/ledger", nil)
	require.Equal(t, http.StatusOK, status)
	applications, _ := counts["applications"].(float64)
	deliveries, _ := counts["deliveries"].(map[string]any)
	dropped, _ := deliveries["dropped"].(float64)
	return books{int(applications), int(dropped)}
}

// toldLie is a row of the operator's page about an application: the answer to a
// lie stands before its state.
var toldLie = regexp.MustCompile(`(?s)<td>\s*([^<]*?)\s*</td>\s*<td>\s*<span[^>]*>伪报</span>`)

// lies reads what the CA company's operator sees of the lies about an
// application: what the portal answered, oldest first.
func (h *trial) lies(t testing.TB, application record.ID) []string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.company.origin+"/desk/applications/"+string(application), nil)
	require.NoError(t, err)
	status, content := exchanged(t, h.operator, request)
	require.Equal(t, http.StatusOK, status)
	var said []string
	for _, match := range toldLie.FindAllStringSubmatch(content, -1) {
		said = append(said, match[1])
	}
	return said
}

// liesAboutRevocation is the switch of the lists: applications go on, a key
// still logs in, and nothing is signed while nobody can say whether the key is
// good.
func (h *trial) liesAboutRevocation(t *testing.T) {
	unknown := certificate.StatusUnknown.Explain()
	holders := map[string]*applicant{}
	for _, state := range []string{"stale", "down"} {
		t.Run("C4 lists "+state+": a key logs in, and a signed submit is refused", func(t *testing.T) {
			h.turn(t, on{"lists": state})
			a := h.applies(t)
			holders[state] = a
			serial := h.company.issues(t, h.system, string(a.application), "SM2")
			a.stands(t, record.ApplicationBound)
			h.settled(t, a, serial, faulty{})
			k := h.keyOf(t, a.application)
			require.Equal(t, "/home", a.enters(t, k).location)
			a.shows(t, "CA 证书登录")
			command := storage.NewID()
			refused := a.submitsSigned(t, k, command)
			require.Equal(t, http.StatusForbidden, refused.status)
			require.Contains(t, refused.body, unknown)
			a.notAccepted(t, command)
		})
	}
	t.Run("C4 lists served again: both submit, signed", func(t *testing.T) {
		h.turn(t, on{})
		for _, a := range holders {
			k := h.keyOf(t, a.application)
			got := a.submitsSigned(t, k, storage.NewID())
			require.True(t, got.accepted(), "%d %s", got.status, got.body)
			a.reaches(t, record.UnderReview)
		}
		eventually(t, patience, func() string {
			var current int
			require.NoError(t, h.db.NewRaw("SELECT count(*) FROM revocation_lists WHERE next_update > now()").Scan(t.Context(), &current))
			if current != 2 {
				return fmt.Sprintf("%d of 2 lists are current", current)
			}
			return ""
		})
	})
	t.Run("C4 lists down: the newest list counts for as long as its issuer said", func(t *testing.T) {
		a := h.applies(t)
		h.company.issues(t, h.system, string(a.application), "SM2")
		a.stands(t, record.ApplicationBound)
		h.turn(t, on{"lists": "down"})
		k := h.keyOf(t, a.application)
		require.Equal(t, "/home", a.enters(t, k).location)
		got := a.submitsSigned(t, k, storage.NewID())
		require.True(t, got.accepted(), "%d %s", got.status, got.body)
		a.reaches(t, record.UnderReview)
		h.turn(t, on{})
	})
}

// shows reports that the bidder's first page says so.
func (a *applicant) shows(t testing.TB, text string) {
	t.Helper()
	got, err := a.at(a.system.origin).get(t.Context(), "/home")
	require.NoError(t, err)
	require.Contains(t, got.body, text)
}

package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/view"
)

// looked is what a visitor saw at an address.
type looked struct {
	who, route, path string
	*answer
}

// String names the look where a test fails.
func (l looked) String() string { return fmt.Sprintf("%s looks at %s: %d", l.who, l.path, l.Status) }

// walk looks at every GET route of the table, by everybody who may. A route for
// which the town knows no address fails the test: whoever adds one says where it
// is to be looked at.
func (w *town) walk() []looked {
	w.t.Helper()
	halfway, _ := w.newStaff(record.Reviewer, false)
	addresses := w.addresses()
	var all []looked
	for _, r := range routes() {
		if r.unsafe() {
			continue
		}
		paths, ok := addresses[r.path]
		require.True(w.t, ok || !strings.Contains(r.path, ":"), "the town has no address for %s", r.path)
		if !ok {
			paths = []string{r.path}
		}
		visitors := map[string]*browser{}
		switch r.who {
		case anyone, anonymousOnly:
			visitors["nobody"] = w.nobody
		case applicant:
			visitors["the firm"] = w.firm.browser
			if !ok {
				visitors["the person"] = w.someone.browser
			}
		case staffPassword:
			visitors["staff before the second factor"] = halfway
		case staffMember:
			visitors["a reviewer"], visitors["a supervisor"] = w.reviewer, w.boss
		case supervisor:
			visitors["a supervisor"] = w.boss
		case partnerSystem:
			visitors["a system"] = w.browser()
			visitors["a system"].header.Set("Authorization", "Bearer "+w.key)
		}
		for _, who := range []string{"nobody", "the firm", "the person", "staff before the second factor", "a reviewer", "a supervisor", "a system"} {
			if b := visitors[who]; b != nil {
				for _, path := range paths {
					all = append(all, looked{who, r.path, path, b.get(path)})
				}
			}
		}
	}
	for _, path := range []string{w.someone.path(""), w.someone.path("/versions/1")} {
		all = append(all, looked{"the person", "/records/:id", path, w.someone.get(path)})
	}
	return all
}

// with adds queries to a path.
func with(path string, queries ...string) []string {
	all := []string{path}
	for _, query := range queries {
		all = append(all, path+"?"+query)
	}
	return all
}

// addresses are where a town is looked at, by the path of the route.
func (w *town) addresses() map[string][]string {
	q := url.QueryEscape(w.v.say(60) + "查无此文") // what is found must not depend on the voice
	firm, someone := string(w.firm.who.subject.ID), string(w.someone.who.subject.ID)
	all := map[string][]string{
		"/help/pictures/:name": {"/help/pictures/01-start.png"}, "/codes/:table": {"/codes/region"},
		"/challenge": {"/challenge?purpose=organization"}, "/downloads/:file": {"/downloads/ukey-linux-amd64"},
		"/login": with("/login", "next="+q), "/login/certificate": with("/login/certificate", "next="+q), "/staff/login": with("/staff/login", "next="+q),
		"/register": with("/register", "code="+q), "/reset/:token": {w.reset, "/reset/" + q},
		"/disclosure":                with("/disclosure", "q="+q, "kind=qualification", "kind=qualification&state=voided", "kind=performance", "kind=award", "unit="+q+"&region="+q+"&class="+q),
		"/disclosure/recent":         with("/disclosure/recent", "kind=qualification", "after="+q),
		"/disclosure/export":         with("/disclosure/export", "kind=qualification", "kind=performance"),
		"/disclosure/subjects/:code": {"/disclosure/subjects/" + w.firm.who.subject.Code, "/disclosure/subjects/" + w.someone.who.subject.Code, "/disclosure/subjects/" + q},
		"/preferences":               with("/preferences", "next="+q),
		"/claims":                    {"/claims?number=" + q}, "/people": with("/people", "q="+q),
		"/exports": {"/exports?kind=practitioner", "/exports?kind=performance", "/exports?kind=qualification", "/exports?kind=award"},
		"/forgot":  {"/forgot", "/forgot?asked=1"}, "/account/contacts/:channel": {"/account/contacts/email", "/account/contacts/sms"},
		"/unsubscribe/:token": {"/unsubscribe/" + w.Store.LeaveToken(storage.Subscription{Account: w.firm.who.account, Channel: storage.ByEmail, Group: storage.Progress}), "/unsubscribe/" + q},
		"/imports":            {"/imports?kind=practitioner"}, "/imports/template": {"/imports/template?kind=practitioner"},
		"/ca/section":          with("/ca/section", "form="+w.firm.pathID(w.records[record.OrganizationProfile])),
		"/ca/applications/new": with("/ca/applications/new", "business=renew&certificate="+w.certificate, "business="+q),
		"/ca/applications/:id": {"/ca/applications/" + w.application, "/ca/applications/" + w.refused}, "/certificates/:id": {"/certificates/" + w.certificate},
		"/certificates/:id/file":             {"/certificates/" + w.certificate + "/file"},
		"/staff":                             with("/staff", "state=mine", "state=all&q="+q, "kind="+q+"&region="+q),
		"/staff/queue/batches/:id":           {"/staff/queue/batches/" + w.batch},
		"/staff/subjects":                    with("/staff/subjects", "q="+q, "q="+w.firm.who.subject.Code, "q="+w.someone.who.subject.Code),
		"/staff/subjects/:id/resets":         {"/staff/subjects/" + firm + "/resets"},
		"/staff/subjects/:id/at":             {"/staff/subjects/" + firm + "/at", "/staff/subjects/" + someone + "/at", "/staff/subjects/" + firm + "/at?time=" + q},
		"/history/at":                        with("/history/at", "time="+q, "time=2020-01-01T08:30"),
		"/account/exports/:id/file":          {"/account/exports/" + w.export + "/file"},
		"/account/members/:id":               {"/account/members/" + w.colleague, "/account/members/" + string(w.firm.who.account)},
		"/invitations/:token":                {w.invitation, "/invitations/" + q},
		"/join/:token":                       {w.join, w.granted, "/join/" + q},
		"/staff/members/:id":                 {"/staff/members/" + string(w.reviewerID), "/staff/members/" + string(w.bossID)},
		"/staff/members/:id/work":            {"/staff/members/" + string(w.reviewerID) + "/work"},
		"/staff/calendar":                    with("/staff/calendar", fmt.Sprintf("year=%d", time.Now().Year()+2)),
		"/staff/calendar/days/:date":         {"/staff/calendar/days/" + nextWorkday().Format(time.DateOnly), fmt.Sprintf("/staff/calendar/days/%d-01-01", time.Now().Year()+2)},
		"/staff/statistics":                  with("/staff/statistics", "from="+q),
		"/staff/log":                         with("/staff/log", "q="+q),
		"/staff/checkpoints/:no":             {"/staff/checkpoints/1"},
		"/staff/withdrawals":                 with("/staff/withdrawals", "kind=qualification"),
		"/api/v1/ca/applications/:reference": {"/api/v1/ca/applications/" + w.application},
		"/api/v1/subjects/:code":             {"/api/v1/subjects/" + w.firm.who.subject.Code, "/api/v1/subjects/" + w.firm.who.subject.Code + "?limit=1"},
		"/api/v1/changes":                    with("/api/v1/changes", "limit=3", "after="+q),
		"/api/v1/eligibility":                {asking("/api/v1/eligibility", w.firm.who.subject.Code)},
		"/api/v1/connections":                {asking("/api/v1/connections", w.firm.who.subject.Code, sample.CreditCode(9001))},
		"/staff/interfaces/subscribers/:id":  {"/staff/interfaces/subscribers/" + w.subscriber},
		"/api/v1/subjects/:code/eligibility": {"/api/v1/subjects/" + w.firm.who.subject.Code + "/eligibility"},
	}
	for _, number := range w.receipts() {
		all["/receipts/:number"] = append(all["/receipts/:number"], "/receipts/"+number)
	}
	for _, k := range record.KindsOf(record.Organization) {
		all["/records"] = append(all["/records"], with(listPath(k.Kind))[0], listPath(k.Kind)+"&q="+q, listPath(k.Kind)+"&state=draft&sort=title", listPath(k.Kind)+"&state=voided")
	}
	for _, kind := range record.Kinds() {
		path, ok := w.records[kind]
		if !ok {
			continue
		}
		all["/records/:id"] = append(all["/records/:id"], path, path+"?version=in_force")
		all["/records/:id/print"] = append(all["/records/:id/print"], path+"/print?of=1", path+"/print?of=draft")
		if kind.Profile() {
			all["/records/:id/confirmation"] = []string{path + "/confirmation"}
		}
		all["/records/:id/files"] = append(all["/records/:id/files"], path+"/files")
		all["/records/:id/versions/:no"] = append(all["/records/:id/versions/:no"], path+"/versions/1", path+"/versions/3?against=1")
		all["/records/:id/versions/:no/signature"] = append(all["/records/:id/versions/:no/signature"], path+"/versions/1/signature")
		id := w.firm.pathID(path)
		all["/staff/records/:id"] = append(all["/staff/records/:id"], "/staff/records/"+id, "/staff/records/"+id+"?version=1")
	}
	for _, kind := range record.Kinds() {
		path, ok := w.drafts[kind]
		if !ok {
			continue
		}
		all["/records/:id"] = append(all["/records/:id"], path)
		all["/records/:id/edit"] = append(all["/records/:id/edit"], path+"/edit", path+"/edit?tab=registrations", path+"/edit?tab=awards", path+"/edit?tab=safety")
		all["/records/:id/check"] = append(all["/records/:id/check"], path+"/check")
	}
	for _, path := range []string{w.returned, w.changing} {
		all["/records/:id"] = append(all["/records/:id"], path)
		all["/records/:id/edit"] = append(all["/records/:id/edit"], path+"/edit")
		all["/records/:id/check"] = append(all["/records/:id/check"], path+"/check")
	}
	all["/records/:id/rows/:group/:row"] = []string{w.returned + "/rows/lines/line1", w.drafts[record.Qualification] + "/rows/lines/line1"}
	for _, row := range []string{"registrations/registration1", "awards/award1", "safety/safety1", "safety/new1"} {
		all["/records/:id/rows/:group/:row"] = append(all["/records/:id/rows/:group/:row"], w.drafts[record.Practitioner]+"/rows/"+row)
	}
	for _, id := range w.files[:4] {
		all["/files/:id"] = append(all["/files/:id"], "/files/"+id, "/files/"+id+"?inline=1")
		all["/files/:id/preview"] = append(all["/files/:id/preview"], "/files/"+id+"/preview?size=thumb")
		all["/staff/files/:id"] = append(all["/staff/files/:id"], "/staff/files/"+id)
		all["/staff/files/:id/preview"] = append(all["/staff/files/:id/preview"], "/staff/files/"+id+"/preview")
	}
	for _, id := range w.imports {
		all["/imports/:id"] = append(all["/imports/:id"], "/imports/"+id)
		all["/imports/:id/returned"] = append(all["/imports/:id/returned"], "/imports/"+id+"/returned")
	}
	for _, number := range w.claims {
		all["/claims/:number"] = append(all["/claims/:number"], "/claims/"+number)
		all["/staff/claims/:id"] = append(all["/staff/claims/:id"], w.claimDesk(number))
	}
	for _, id := range w.reviews {
		all["/staff/reviews/:id"] = append(all["/staff/reviews/:id"], with("/staff/reviews/"+id, "fields=all", "layout=stacked", "since=return", "queue="+q)...)
	}
	for _, subject := range []string{firm, someone} {
		all["/staff/subjects/:id"] = append(all["/staff/subjects/:id"], "/staff/subjects/"+subject)
		for _, tab := range []view.SubjectTab{
			view.SubjectRecords, view.SubjectHistory, view.SubjectStaff, view.SubjectCertificates, view.SubjectApplications, view.SubjectSessions,
			view.SubjectMessages, view.SubjectClaims,
		} {
			all["/staff/subjects/:id"] = append(all["/staff/subjects/:id"], "/staff/subjects/"+subject+"?tab="+string(tab))
		}
	}
	return all
}

// pathID is the id in the path of a record.
func (f *firm) pathID(path string) string { return strings.TrimPrefix(path, "/records/") }

// receipts are some of the numbers of what the firm gave.
func (w *town) receipts() []string {
	w.t.Helper()
	var numbers []string
	require.NoError(w.t, w.database.Owner.NewRaw("SELECT receipt FROM commands WHERE subject = ? AND receipt <> '' ORDER BY accepted_at LIMIT 3",
		w.firm.who.subject.ID).Scan(w.t.Context(), &numbers))
	return numbers
}

// deeds are the answers to what was done that are pages of their own.
func (w *town) deeds() []looked {
	w.t.Helper()
	var all []looked
	send := func(who string, b *browser, page, action string, fields url.Values) {
		w.t.Helper()
		a := b.submit(b.get(page), action, fields)
		require.Equal(w.t, http.StatusOK, a.Status, "%s sends %s: %s", who, action, a.location())
		all = append(all, looked{who, "POST", action, a})
	}
	why := func() url.Values { return url.Values{"reason": {"other"}, "note": {w.v.say(200)}} }
	newcomer := w.newSubject(record.Organization, "", newCreditCode(), w.v.say(200))
	b := w.browser()
	b.login(newcomer)
	begin := b.get("/profile")
	all = append(all, looked{"a newcomer", "/profile", "/profile", begin}, looked{"a newcomer", "POST", "/profile", b.follow(b.submit(begin, "/profile", nil))})
	queue := w.reviewer.get("/staff")
	checked := w.reviewer.submit(queue, "/staff/queue/check", bulk(queue, w.reviews...))
	require.Equal(w.t, http.StatusOK, checked.Status)
	all = append(all, looked{"a reviewer", "POST", "/staff/queue/check", checked})
	desk := w.firm.desk()
	send("a reviewer", w.reviewer, desk, desk+"/reveal", why())
	filed := staffRecordPath(record.ID(w.firm.pathID(w.records[record.Qualification])))
	send("a supervisor", w.boss, filed, filed+"/reveal", why())
	claim := w.claimDesk(w.claims[1])
	send("a supervisor", w.boss, claim, claim+"/reveal", why())
	send("a supervisor", w.boss, claim, claim+"/grant", url.Values{"grant": {w.v.say(500)}, "verified": {"on"}})
	send("a supervisor", w.boss, "/staff/members/new", "/staff/members", url.Values{
		"login": {"m" + suffix()}, "name": {w.v.say(50)}, "identity": {newResidentID()}, "role": {"reviewer"},
	})
	send("a supervisor", w.boss, "/staff/interfaces/keys/new", "/staff/interfaces/keys", url.Values{"name": {line(w.v.say(100))}, "scopes": {"subjects.read"}})
	subscriber := "/staff/interfaces/subscribers/" + w.subscriber
	send("a supervisor", w.boss, subscriber, subscriber+"/exchange", nil)
	year := time.Now().Year() + 3
	notice := fmt.Sprintf("date\tkind\tname\tsource\r\n%d-01-01\tholiday\t%s\t%s\r\n", year, line(w.v.say(20)), line(w.v.say(60)))
	send("a supervisor", w.boss, "/staff/calendar/notice", "/staff/calendar/notice", url.Values{"tsv": {notice}, "note": {w.v.say(record.MaxNote)}})
	return all
}

// echoes are the answers that give back what was just typed, because something
// about it was wrong.
func (w *town) echoes() []looked {
	w.t.Helper()
	var all []looked
	send := func(who string, b *browser, page, action string, fields url.Values) {
		w.t.Helper()
		a := b.submit(b.get(page), action, fields)
		require.GreaterOrEqual(w.t, a.Status, 400, "%s sends %s", who, action)
		require.Less(w.t, a.Status, 500, "%s sends %s", who, action)
		all = append(all, looked{who, "POST", action, a})
	}
	say := func() []string { return []string{w.v.say(300)} }
	long := func(most int) []string { return []string{w.v.say(300) + strings.Repeat("长", most)} }
	send("nobody", w.nobody, "/login", "/login", url.Values{"account": say(), "password": {"x"}, "next": say()})
	send("nobody", w.nobody, "/register", "/register", url.Values{"type": say(), "code": say(), "id_type": say()})
	send("nobody", w.nobody, "/claims/new", "/claims", url.Values{
		"command": {string(storage.NewID())}, "type": {"organization"}, "code": say(), "name": long(60), "position": long(60), "phone": long(40), "text": long(maxStatement),
	})
	b := w.browser()
	step2 := b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {newCreditCode()}}))
	a := b.submit(step2, "/register/details", url.Values{"ticket": {step2.input("ticket")}, "name": {w.v.say(100)}, "password": {testPassword}, "password_again": {"x"}})
	require.Equal(w.t, http.StatusUnprocessableEntity, a.Status)
	all = append(all, looked{"nobody", "POST", "/register/details", a})

	firm := w.firm.browser
	for _, kind := range record.Kinds() {
		path, ok := w.drafts[kind]
		if !ok {
			continue
		}
		page := firm.get(path + "/edit")
		values := url.Values{"draft_version": {page.value("draft_version")}, "shown": {page.value("shown")}}
		others := maps.Clone(values) // of another window, which collide
		definition, ok := record.DefinitionOf(kind)
		require.True(w.t, ok, kind)
		for _, f := range definition.New().Form(today()).Fields() {
			if worded(f) {
				values[f.Name] = []string{w.v.say(cmpLength(f.MaxLength))}
				others[f.Name] = []string{w.v.say(cmpLength(f.MaxLength) - 1)}
			}
		}
		sent := firm.submit(page, path+"/check", values)
		require.Equal(w.t, http.StatusUnprocessableEntity, sent.Status, path)
		all = append(all, looked{"the firm", "POST", path + "/check", sent})
		stale := firm.submit(page, path+"/draft", others)
		require.Equal(w.t, http.StatusConflict, stale.Status, path)
		all = append(all, looked{"the firm", "POST", path + "/draft", stale})
	}
	row := w.drafts[record.Qualification] + "/rows/lines/line1"
	send("the firm", firm, row, row, url.Values{"lines.line1.major": say(), "lines.line1.scope": long(1000), "lines.line1.approved_on": say()})
	send("the firm", firm, "/ca/applications/new", "/ca/applications", url.Values{
		"command": {string(storage.NewID())}, "business": {"apply"}, "kind": say(), "years": say(), "pickup": {"mail"}, "mail_address": long(200),
	})
	send("staff", w.browser(), "/staff/login", "/staff/login", url.Values{"login": say(), "password": {"x"}, "next": say()})

	review := "/staff/reviews/" + w.reviews[1]
	send("a reviewer", w.reviewer, review, review+"/return", url.Values{
		"command": {string(storage.NewID())}, "version": {"0"}, "decision": say(), "reason": long(1000), "remark.project_name": say(),
	})
	desk := w.firm.desk()
	send("a reviewer", w.reviewer, desk, desk+"/reveal", url.Values{"reason": {"x"}, "note": say()})
	send("a reviewer", w.reviewer, desk+"/resets", desk+"/resets", url.Values{"command": {string(storage.NewID())}, "account": say(), "reason": say(), "paper": say(), "note": say()})
	send("a reviewer", w.reviewer, "/staff/phrases", "/staff/phrases", url.Values{"text": long(storage.MaxPhrase)})
	send("a supervisor", w.boss, "/staff/members/new", "/staff/members", url.Values{"login": long(70), "name": long(60), "identity": say(), "role": say()})
	member := "/staff/members/" + string(w.reviewerID)
	send("a supervisor", w.boss, member, member, url.Values{"revision": {"1"}, "name": long(60), "role": say(), "regions": say(), "kinds": say()})
	edit := w.boss.get(member)
	saved := url.Values{"revision": {edit.value("revision")}, "name": {w.v.say(50)}, "role": {"reviewer"}}
	require.Equal(w.t, member, w.boss.submit(edit, member, saved).location())
	stale := w.boss.submit(edit, member, url.Values{"revision": {edit.value("revision")}, "name": {w.v.say(50)}, "role": {"reviewer"}})
	require.Equal(w.t, http.StatusConflict, stale.Status, stale.location())
	all = append(all, looked{"a supervisor", "POST", member, stale})
	send("a supervisor", w.boss, "/staff/calendar/notice", "/staff/calendar/notice", url.Values{"tsv": say(), "note": long(record.MaxNote)})
	send("a supervisor", w.boss, "/staff/calendar", "/staff/calendar/periods", url.Values{"award.review": say(), "periods_note": long(record.MaxNote), "edition": {"0"}})
	send("a supervisor", w.boss, "/staff/calendar", "/staff/calendar/sample", url.Values{"sample": say(), "edition": {"0"}})
	send("a supervisor", w.boss, "/staff/calendar", "/staff/calendar/confirmation", url.Values{"confirm_days": say(), "confirm_note": long(record.MaxNote), "edition": {"0"}})
	day := "/staff/calendar/days/" + nextWorkday().Format(time.DateOnly)
	send("a supervisor", w.boss, day, day, url.Values{"works": {"x"}, "name": long(30), "note": long(record.MaxNote), "edition": {"0"}})
	claim := w.claimDesk(w.claims[1])
	send("a supervisor", w.boss, claim, claim+"/grant", url.Values{"grant": say()})
	send("a supervisor", w.boss, "/staff/interfaces/keys/new", "/staff/interfaces/keys", url.Values{"name": long(100), "days": say(), "scopes": say()})
	send("a supervisor", w.boss, "/staff/interfaces/subscribers/new", "/staff/interfaces/subscribers", url.Values{"name": long(100), "url": say(), "types": say()})
	subscriber := "/staff/interfaces/subscribers/" + w.subscriber
	send("a supervisor", w.boss, subscriber, subscriber, url.Values{"name": long(100), "url": say(), "types": say()})

	// A form that came after its session had ended is carried on.
	r := httptest.NewRequest(http.MethodPost, w.drafts[record.Award]+"/draft", strings.NewReader(url.Values{"name": say(), "granted_by": say()}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	ended := w.browser().send(r)
	require.Equal(w.t, http.StatusUnauthorized, ended.Status)
	return append(all, looked{"nobody", "POST", "a session that ended", ended})
}

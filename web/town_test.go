package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// town is a portal with a database of its own in which a firm, a person, a
// stranger, staff and the CA company typed with one voice wherever something can
// be typed. Two towns with different voices differ in nothing else, so that what
// differs between their pages came from a text.
type town struct {
	*portal
	v        *voice
	database *storagetest.Database
	world    *certificatetest.World
	company  *company

	firm                   *firm
	someone                *bidder
	nobody, reviewer, boss *browser
	reviewerID, bossID     record.ID
	key                    string                 // of another system
	records                map[record.Kind]string // paths of the firm's filings
	drafts                 map[record.Kind]string // and of its drafts
	returned, changing     string                 // paths of what is to be corrected, and of a change that was begun
	reviews                []string               // ids
	files                  []string               // ids, submitted
	application, refused   string                 // of the CA company
	certificate            string
	claims                 []string // numbers
	reset                  string   // path of a link of the counter
	imports                []string
	export                 string // id
	colleague              string // id of an account
	invitation             string // paths of links
	join, granted          string
	subscriber             string // id
	batch, drawn           string // the id of a batch, and the nonce of its form
	people                 int
}

// theSensitive are the numbers of people and accounts that stand in the
// documents of a town. They are typed by no voice.
var theSensitive = []string{sample.ResidentID(1001), sample.ResidentID(2002), sample.ResidentID(4004), "6200000000004471"}

func newTown(t *testing.T, hostile bool) *town {
	t.Helper()
	database := storagetest.Fresh(t)
	store := database.Store()
	w := &town{
		v: &voice{hostile: hostile, used: map[string]bool{}}, database: database, world: certificatetest.New(t, "http://ca.test/rsa.crl", ""),
		records: map[record.Kind]string{}, drafts: map[record.Kind]string{},
	}
	w.company = &company{t: t, store: store, world: w.world, next: record.CAAnswer{Acceptance: record.Acceptance{
		OrderNo: w.v.say(60), Papers: []string{w.v.say(200), w.v.say(200)},
		Counters: []record.Counter{{Name: w.v.say(60), Address: w.v.say(200), Hours: w.v.say(60), Phone: w.v.say(60)}},
	}}}
	bell := &rings{store: store}
	w.portal = newPortal(t, func(o *Options) {
		o.Store, o.Rings, o.Trust = store, bell, w.world.Trust
		o.Applications, o.Imports, o.Exports, o.TemporalUI = w.company, &presses{store: store}, packing(o), "http://temporal.test"
		o.Downloads = fstest.MapFS{"ukey-linux-amd64": {Data: []byte("agent")}}
	})
	w.rings, w.Processes = bell, engine{bell}
	w.list(t, w.world)
	w.nobody = w.browser()
	w.reviewer, w.reviewerID = w.member(record.Reviewer)
	w.boss, w.bossID = w.member(record.Supervisor)
	w.settle()
	return w
}

// settle has everybody type.
func (w *town) settle() {
	w.t.Helper()
	w.firm = w.newFirm()
	w.fileProfile()
	w.fileRecords()
	w.beginDrafts()
	w.applyForKey()
	w.someone = w.newPerson()
	w.importRows()
	w.claim()
	w.work()
	w.ruled()
	_, key, err := w.Store.AddAPIKey(w.t.Context(), w.supervisor(), w.v.say(60), storage.Scopes(), time.Time{})
	require.NoError(w.t, err)
	w.key = key
	require.Equal(w.t, http.StatusSeeOther, w.firm.submit(w.firm.get("/account/export"), "/account/export", nil).Status)
	exports, err := w.Store.Exports(w.t.Context(), w.firm.who.subject.ID, w.firm.who.account, 1)
	require.NoError(w.t, err)
	w.export = string(exports[0].ID)
	w.takeCheckpoint()
	w.subscribe()
	w.colleagues()
}

// colleagues is what the firm types about its members, and what somebody types who
// would be one.
func (w *town) colleagues() {
	w.t.Helper()
	guest := w.browser()
	joined := w.firm.invites(w.v.say(50), record.Handler)
	require.Equal(w.t, "/home", guest.submit(guest.get(joined), joined, chosenBy("town.guest")).location())
	account, err := w.Store.MemberByLogin(w.t.Context(), w.firm.who.subject.Code, "town.guest")
	require.NoError(w.t, err)
	w.colleague = string(account.Accounts[0].ID)
	w.invitation = w.firm.invites(w.v.say(50), record.Reader)
	for _, path := range []*string{&w.granted, &w.join} {
		page := guest.get("/join")
		a := guest.submit(page, "/join", url.Values{
			"code": {w.firm.who.subject.Code}, "name": {w.v.say(50)}, "contact": {w.v.say(60)}, "reason": {w.v.say(200)}, "token": {page.input("token")},
		})
		require.Regexp(w.t, joinLink, a.location(), a.text())
		*path = a.location()
	}
	requests, err := w.Store.JoinRequests(w.t.Context(), w.firm.who.subject.ID)
	require.NoError(w.t, err)
	grant := "/account/joins/" + string(requests[0].ID) + "/grant"
	require.Equal(w.t, "/account/members", w.firm.submit(w.firm.get("/account/members"), grant, url.Values{"role": {"reader"}}).location())
}

// subscribe is what supervisors type about a system that is called on changes.
func (w *town) subscribe() {
	w.t.Helper()
	id, _, err := w.Store.AddSubscriber(w.t.Context(), w.supervisor(), storage.NewSubscriber{
		Name: w.v.say(100), URL: "https://trade.example.cn/hooks?of=" + url.QueryEscape(w.v.say(40)), Types: record.ChangeTypes(),
	})
	require.NoError(w.t, err)
	w.subscriber = string(id)
	require.NoError(w.t, w.Store.AskTest(w.t.Context(), w.supervisor(), id))
}

func (w *town) supervisor() record.Actor { return record.Actor{Role: record.Supervisor, ID: w.bossID} }

// member adds a staff member of a typed name, logged in.
func (w *town) member(role record.Role) (*browser, record.ID) {
	w.t.Helper()
	secret, err := access.NewTOTPSecret()
	require.NoError(w.t, err)
	id, err := w.Store.AddStaff(w.t.Context(), record.Actor{}, storage.NewStaff{
		Login: "t" + suffix(), Name: w.v.say(50), Role: role, Identity: w.number(), Password: "-", Secret: secret, Enrolled: true,
	})
	require.NoError(w.t, err)
	token, hash, err := access.NewToken()
	require.NoError(w.t, err)
	_, err = w.Store.StartSession(w.t.Context(), storage.NewSession{
		Token: hash, Staff: id, Assurance: record.ByPassword, SecondFactor: true, Lifetime: time.Hour, Agent: w.v.say(200), Address: "10.0.0.1",
	})
	require.NoError(w.t, err)
	b := w.browser()
	b.cookies[staffCookie] = &http.Cookie{Name: staffCookie, Value: token}
	return b, id
}

// newFirm registers an organization of a typed name, which holds a key whose
// certificate has typed names as well.
func (w *town) newFirm() *firm {
	w.t.Helper()
	who := w.newSubject(record.Organization, "", newCreditCode(), w.v.say(200))
	f := &firm{bidder: w.enter(who), key: w.world.IssueBy(w.t, w.world.RSA, certificate.RSA, authority.Request{
		Profile: authority.Organization, Code: who.subject.Code, Organization: w.v.say(64),
		NotBefore: time.Now().Add(-30 * time.Minute).UTC().Truncate(time.Second), NotAfter: time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second),
	})}
	f.header.Set("User-Agent", w.v.say(200))
	require.Equal(w.t, http.StatusSeeOther, f.byKey(f.key).Status)
	return f
}

// stored is an attachment of a typed name in the draft that a bidder is about.
func (w *town) stored(b *bidder) form.File {
	w.t.Helper()
	files := storage.NewFiles(w.Store, w.Objects, storage.FileLimits{})
	d := b.draft()
	uploaded, err := files.Upload(w.t.Context(), storage.Upload{
		Subject: b.who.subject.ID, Account: b.who.account, Record: b.id, Field: firstFile(d.Document), Name: w.v.say(80) + ".png",
	}, bytes.NewReader(picture(w.t, 16)))
	require.NoError(w.t, err)
	w.files = append(w.files, string(uploaded.ID))
	return uploaded.Form()
}

// worded tells that a field takes a text that somebody words.
func worded(f *form.Field) bool {
	return (f.Widget == form.WidgetText || f.Widget == form.WidgetTextArea) && !f.Fixed && !f.Sensitive && f.Name != "legal_name" && f.Name != "account_name"
}

// found lets a document keep the files and people that it has.
func found(d record.Document) form.Lookup {
	return form.Lookup{
		Files: func(id string) (form.File, bool) {
			files := d.Form(today()).Files()
			i := slices.IndexFunc(files, func(f form.File) bool { return f.ID == id })
			if i < 0 {
				return form.File{}, false
			}
			return files[i], true
		},
		Records: func(id string) (form.Reference, bool) {
			for _, f := range d.Form(today()).Leaves() {
				for _, r := range f.References() {
					if r.ID == id {
						return r, true
					}
				}
			}
			return form.Reference{}, false
		},
	}
}

// speak types into every field of a complete document that takes a text. A field
// that refuses it, a telephone number say, keeps what it had.
func (w *town) speak(d record.Document) record.Document {
	w.t.Helper()
	find := found(d)
	try := func(fields []*form.Field, again func() []*form.Field, bind func(url.Values)) {
		for _, f := range fields {
			if !worded(f) {
				continue
			}
			values := inputs(again())
			before := values[f.Name]
			values.Set(f.Name, w.v.say(cmpLength(f.MaxLength)))
			bind(values)
			if len(d.Form(today()).Problems()) > 0 {
				values[f.Name] = before
				bind(values)
			}
		}
	}
	for _, group := range d.Form(today()).Fields() {
		if group.Widget != form.WidgetRows {
			continue
		}
		for n := range group.Rows() {
			row := func() form.Row { return d.Form(today()).Field(group.Name).Rows()[n] }
			try(row().Fields, func() []*form.Field { return row().Fields }, func(values url.Values) { row().Bind(values, find) })
		}
	}
	own := func() []*form.Field { return d.Form(today()).Fields() }
	try(own(), own, func(values url.Values) { d.Form(today()).Bind(values, find) })
	require.Empty(w.t, d.Form(today()).Problems())
	return d
}

// shout types into every field of a document whatever it is for: a draft keeps
// what was typed as it was typed.
func (w *town) shout(d record.Document) record.Document {
	w.t.Helper()
	loud := func(fields []*form.Field) url.Values {
		values := inputs(fields)
		for _, f := range fields {
			if !f.Fixed && !f.Sensitive && slices.Contains([]form.Widget{form.WidgetText, form.WidgetTextArea, form.WidgetDate, form.WidgetDecimal}, f.Widget) {
				values.Set(f.Name, w.v.say(cmpLength(f.MaxLength)))
			}
		}
		return values
	}
	find := found(d)
	for _, group := range d.Form(today()).Fields() {
		if group.Widget == form.WidgetRows {
			for _, row := range group.Rows() {
				row.Bind(loud(row.Fields), find)
			}
		}
	}
	f := d.Form(today())
	f.Bind(loud(f.Fields()), find)
	return d
}

// inputs are what a browser posts of fields.
func inputs(fields []*form.Field) url.Values {
	values := url.Values{}
	for _, f := range fields {
		switch {
		case f.Fixed || f.Widget == form.WidgetRows || f.Empty():
		case f.Widget == form.WidgetTerms:
			for _, term := range f.Terms() {
				values[f.Name] = append(values[f.Name], term.Code, string(term.Until))
			}
		default:
			values[f.Name] = f.Input()
		}
	}
	return values
}

// cmpLength is how much a field takes; 200 where it does not say.
func cmpLength(most int) int {
	if most == 0 {
		return 200
	}
	return most
}

// number is that of another person; the n-th of one town is the n-th of every
// other, for pages know age and sex by it.
func (w *town) number() string {
	w.people++
	return sample.ResidentID(30_000 + w.people)
}

// give puts a move of whoever makes it straight into the store, and applies it.
func (w *town) give(c record.Command) record.ID {
	w.t.Helper()
	c.ID = storage.NewID()
	_, err := w.Store.Accept(w.t.Context(), c)
	require.NoError(w.t, err)
	applied, err := w.Store.Apply(w.t.Context(), c.Record, []record.ID{c.ID})
	require.NoError(w.t, err)
	require.Len(w.t, applied.Outcomes, 1)
	require.True(w.t, applied.Outcomes[0].Applied, applied.Outcomes[0].Refusal)
	return c.ID
}

// sign submits the draft that the firm is about, signed with its key.
func (w *town) sign() {
	w.t.Helper()
	f := w.firm
	page := f.get(f.path("/check"))
	_, statement := f.asked(page, f.path("/statement"), page.nonce())
	a := f.submit(page, f.path("/submit"), merge(page.nonce(), keyFields(w.t, f.key, statement)))
	require.Equal(w.t, f.path(""), a.location(), a.text())
}

// fileProfile files 基本信息, has it returned with remarks, answers them, has it
// approved, and changes it again.
func (w *town) fileProfile() {
	w.t.Helper()
	f, ctx := w.firm, w.t.Context()
	profile := sample.Organization(f.who.subject.Code, f.who.subject.Name, w.stored(f.bidder))
	profile.Connected = []record.ConnectedPerson{
		sample.Shareholder("holder1", w.v.say(50), sample.ResidentID(4004), "60"),
		sample.Affiliate("parent1", w.v.say(50), sample.CreditCode(9002), codes.RelationController),
	}
	f.write(w.speak(profile))
	w.sign()
	f.decide(w.reviewerID, record.Return, w.v.say(1000),
		record.Remark{Field: "address", Text: w.v.say(500)}, record.Remark{Field: "licence", Text: w.v.say(500)})
	require.NoError(w.t, w.Store.AnswerRemarks(ctx, f.who.subject.ID, f.id, map[string]string{"address": w.v.say(storage.MaxAnswer)}))
	f.write(w.speak(f.draft().Document))
	w.sign()
	f.decide(w.reviewerID, record.Approve, w.v.say(1000))
	require.NoError(w.t, w.Store.StartChange(ctx, f.who.account, f.who.subject.ID, f.id, w.v.say(500)))
	changed, ok := w.speak(f.draft().Document).(*record.OrganizationDocument)
	require.True(w.t, ok)
	changed.Licence = []form.File{w.stored(f.bidder)}
	f.write(changed)
	w.sign()
	w.records[record.OrganizationProfile] = f.path("")
	task := w.underReview(f.id)
	claimed, err := w.Store.Claim(ctx, w.reviewerID, task)
	require.NoError(w.t, err)
	require.True(w.t, claimed)
	other, to := w.member(record.Reviewer)
	require.NoError(w.t, w.Store.Assign(ctx, record.Actor{Role: record.Reviewer, ID: w.reviewerID}, task, to, w.v.say(record.MaxNote)))
	page := other.get("/staff/reviews/" + string(task))
	values := page.nonce()
	values.Set("reason", w.v.say(storage.MaxPhrase))
	require.Equal(w.t, http.StatusOK, other.submit(page, "/staff/reviews/"+string(task)+"/phrase", values).Status)
	f.decide(to, record.Approve, w.v.say(1000))
	require.Equal(w.t, record.SecondReview, f.state().Filing)
	w.underReview(f.id)
}

// underReview notes the open review of a record.
func (w *town) underReview(id record.ID) record.ID {
	w.t.Helper()
	task, err := w.Store.ReviewOf(w.t.Context(), id)
	require.NoError(w.t, err)
	w.reviews = append(w.reviews, string(task))
	return task
}

// fileRecords files the other kinds: voided, released, in force, reopened, returned
// and under review.
func (w *town) fileRecords() {
	w.t.Helper()
	f, ctx := w.firm, w.t.Context()
	file := func(kind record.Kind, document func(form.File) record.Document) {
		f.start(kind)
		f.write(w.speak(document(w.stored(f.bidder))))
		w.sign()
		w.records[kind] = f.path("")
	}
	file(record.Qualification, func(scan form.File) record.Document { return sample.Qualification("D243000001", scan) })
	f.decide(w.reviewerID, record.Approve, "")
	f.move(record.Void, w.v.say(500))
	file(record.Practitioner, func(scan form.File) record.Document {
		return sample.Practitioner(w.number(), w.v.say(50), scan)
	})
	f.decide(w.reviewerID, record.Approve, "")
	f.move(record.Release, w.v.say(500))
	file(record.Practitioner, func(scan form.File) record.Document {
		d := sample.Practitioner(w.number(), w.v.say(50), scan)
		d.Safety[0].ExpiresOn = form.Date(today().AddDate(0, 0, 30).Format(time.DateOnly))
		return d
	})
	employed := string(f.id)
	f.decide(w.reviewerID, record.Approve, "")
	require.NoError(w.t, w.Store.StartChange(ctx, f.who.account, f.who.subject.ID, f.id, w.v.say(500)))
	w.changing = f.path("")
	people, err := w.Store.EmployedOf(ctx, f.who.subject.ID, []string{employed})
	require.NoError(w.t, err)
	file(record.Performance, func(scan form.File) record.Document {
		d := sample.Performance(w.v.say(100), people[employed], scan)
		d.Members = []record.ConsortiumMember{
			sample.Member("member1", w.v.say(50), f.who.subject.Code, codes.ConsortiumLeader), sample.Member("member2", w.v.say(50), sample.CreditCode(9002), "member"),
		}
		return d
	})
	f.decide(w.reviewerID, record.Approve, "")
	w.give(record.Command{Record: f.id, Move: record.Reopen, Actor: w.supervisor(), Reason: w.v.say(500)})
	w.underReview(f.id)
	file(record.Award, func(scan form.File) record.Document { return sample.Award(w.v.say(100), scan, people[employed]) })
	w.underReview(f.id)
	w.comesBack("D243000002")
	w.sign()
	w.underReview(f.id)
	w.comesBack("D243000003")
}

// comesBack files a qualification that is returned with a remark on everything
// that takes one; some are answered, and the correction is begun.
func (w *town) comesBack(number string) {
	w.t.Helper()
	f := w.firm
	f.start(record.Qualification)
	scan := w.stored(f.bidder)
	f.write(w.speak(sample.Qualification(number, scan)))
	w.sign()
	targets := []string{"certificate_no", "issuer", "lines", "lines.line1", "lines.line2", "lines.line1.scope", form.FileTarget("certificate", scan.ID)}
	var remarks []record.Remark
	for _, target := range targets {
		remarks = append(remarks, record.Remark{Field: target, Text: w.v.say(500)})
	}
	f.decide(w.reviewerID, record.Return, w.v.say(1000), remarks...)
	answers := map[string]string{}
	for _, target := range targets[:5] {
		answers[target] = w.v.say(storage.MaxAnswer)
	}
	require.NoError(w.t, w.Store.AnswerRemarks(w.t.Context(), f.who.subject.ID, f.id, answers))
	d, ok := f.draft().Document.(*record.QualificationDocument)
	require.True(w.t, ok)
	d.Issuer, d.Lines, d.Certificate = w.v.say(100), d.Lines[:1], []form.File{w.stored(f.bidder)}
	f.write(d)
	w.returned = f.path("")
}

// beginDrafts leaves a draft of every kind with something in every field.
func (w *town) beginDrafts() {
	w.t.Helper()
	f := w.firm
	for i, kind := range []record.Kind{record.Qualification, record.Performance, record.Practitioner, record.Award} {
		f.start(kind)
		f.write(w.shout(sample.Document(kind, f.who.subject, i, w.stored(f.bidder))))
		w.drafts[kind] = f.path("")
	}
}

// applyForKey applies for a certificate, which the company answers at length.
func (w *town) applyForKey() {
	w.t.Helper()
	f := w.firm
	id := applied(w.t, f.apply(func(v url.Values) {
		v.Set("pickup", "mail")
		v.Set("mail_address", w.v.say(200))
	}))
	w.company.tells(id, 1, record.CAAccepted, "")
	w.company.tells(id, 2, record.CASupplement, w.v.say(200))
	require.NoError(w.t, w.Store.NotePaper(w.t.Context(), f.actor(), f.who.subject.ID, id))
	w.company.answers(record.CAAnswer{Refused: true, Reason: w.v.say(200)})
	w.refused = string(applied(w.t, f.apply(func(v url.Values) { v.Set("kind", "agent") })))
	_, err := w.database.Owner.ExecContext(w.t.Context(), "UPDATE ca_applications SET escalated_at = now()")
	require.NoError(w.t, err)
	w.application = string(id)
	bound, err := w.Store.Certificates(w.t.Context(), f.who.subject.ID)
	require.NoError(w.t, err)
	w.certificate = string(bound[0].ID)
}

// newPerson registers a person of a typed name and files 基本信息.
func (w *town) newPerson() *bidder {
	w.t.Helper()
	b := w.enter(w.newSubject(record.Person, "111", w.number(), w.v.say(50)))
	_, err := w.Store.SaveDraft(w.t.Context(), b.who.subject.ID, b.id, b.draft().Version,
		w.speak(sample.Person(b.who.subject.Code, b.who.subject.Name, w.stored(b))))
	require.NoError(w.t, err)
	w.give(record.Command{
		Record: b.id, Subject: b.who.subject.ID, Move: record.Submit, Draft: b.draft().Version,
		Actor: record.Actor{Role: record.Applicant, ID: b.who.account, Assurance: record.ByPassword},
	})
	w.underReview(b.id)
	return b
}

// importRows uploads two rolls: one is looked at, one was confirmed.
func (w *town) importRows() {
	w.t.Helper()
	f, ctx := w.firm, w.t.Context()
	for range 2 {
		n := storage.NewImport{ID: storage.NewID(), Subject: f.who.subject.ID, Account: f.who.account, Kind: record.Practitioner, File: w.v.say(80) + ".xlsx"}
		for line := range 3 {
			d := sample.Practitioner(w.number(), w.v.say(50), form.File{})
			d.Card, d.Employment, d.TitleProof, d.Registrations, d.Awards, d.Safety = nil, nil, nil, nil, nil, nil
			d.Position, d.School, d.Major = w.v.say(50), w.v.say(100), w.v.say(100)
			row := record.IntakeRow{Line: line + 3, Document: d, Cells: map[string]string{"name": d.Name, "position": d.Position, "school": d.School, "major": d.Major}}
			if line == 2 {
				row.Cells["education"] = w.v.say(100)
				row.Problems = []form.Problem{{Field: "education", Label: "学历", Message: "没有“" + w.v.say(100) + "”这一项"}}
			}
			n.Rows = append(n.Rows, row)
		}
		require.NoError(w.t, w.Store.SaveImport(ctx, n))
		w.imports = append(w.imports, string(n.ID))
	}
	id := record.ID(w.imports[1])
	require.NoError(w.t, w.Store.ConfirmImport(ctx, f.actor(), f.who.subject.ID, id))
	require.NoError(w.t, (&presses{store: w.Store}).make(ctx, id))
}

// claim opens two claims for a stranger's code; one is answered.
func (w *town) claim() {
	w.t.Helper()
	for range 2 {
		stranger := w.newSubject(record.Organization, "", newCreditCode(), w.v.say(200))
		b := w.browser()
		page := b.get("/claims/new")
		fields := claimOf(page, stranger.subject.Code)
		fields.Set("name", w.v.say(50))
		fields.Set("position", w.v.say(50))
		fields.Set("text", w.v.say(maxStatement))
		opened := b.submit(page, "/claims", fields)
		require.Equal(w.t, http.StatusSeeOther, opened.Status, opened.text())
		w.claims = append(w.claims, strings.TrimPrefix(opened.location(), "/claims/"))
	}
	desk := w.claimDesk(w.claims[0])
	require.Equal(w.t, desk, w.boss.submit(w.boss.get(desk), desk+"/refuse", url.Values{"refuse": {w.v.say(500)}}).location())
}

func (w *town) claimDesk(number string) string {
	w.t.Helper()
	all, _, err := w.Store.Claims(w.t.Context(), 100, 0)
	require.NoError(w.t, err)
	for _, c := range all {
		if c.Number == number {
			return "/staff/claims/" + string(c.ID)
		}
	}
	require.Fail(w.t, "no claim of that number")
	return ""
}

// work is what staff type beside decisions.
func (w *town) work() {
	w.t.Helper()
	ctx := w.t.Context()
	require.NoError(w.t, w.Store.AddPhrase(ctx, w.supervisor(), storage.Phrase{Shared: true, Text: w.v.say(storage.MaxPhrase)}))
	own := record.Actor{Role: record.Reviewer, ID: w.reviewerID}
	require.NoError(w.t, w.Store.AddPhrase(ctx, own, storage.Phrase{Text: w.v.say(storage.MaxPhrase)}))
	for _, member := range []record.ID{w.reviewerID, w.bossID} {
		require.NoError(w.t, w.Store.SaveFilter(ctx, member, w.v.say(storage.MaxFilterName), url.Values{"q": {w.v.say(60)}}.Encode()))
	}
	page := w.reviewer.get("/staff")
	w.drawn = page.input("batch")
	taken := w.reviewer.submit(page, "/staff/queue/claim", bulk(page, w.reviews...))
	require.Equal(w.t, http.StatusSeeOther, taken.Status, taken.text())
	w.batch = strings.TrimPrefix(taken.location(), "/staff/queue/batches/")

	_, colleague := w.member(record.Reviewer)
	require.NoError(w.t, w.Store.Assign(ctx, w.supervisor(), record.ID(w.reviews[len(w.reviews)-1]), colleague, w.v.say(record.MaxNote)))
	away, id := w.member(record.Confirmer)
	require.NotNil(w.t, away)
	require.NoError(w.t, w.Store.SetAbsent(ctx, w.supervisor(), id, true))
	_, hash, err := access.NewToken()
	require.NoError(w.t, err)
	_, err = w.Store.StartSession(ctx, storage.NewSession{
		Token: hash, Account: w.firm.who.account, Assurance: record.ByPassword, Agent: w.v.say(200), Address: "10.0.0.2", Lifetime: time.Hour,
	})
	require.NoError(w.t, err)
	desk := w.firm.desk()
	page = w.reviewer.get(desk)
	shown := w.reviewer.submit(page, desk+"/reveal", url.Values{"reason": {"other"}, "note": {w.v.say(200)}})
	require.Equal(w.t, http.StatusOK, shown.Status, shown.text())
	page = w.reviewer.get(desk + "/resets")
	opened := w.reviewer.submit(page, desk+"/resets", url.Values{
		"command": {page.input("command")}, "account": {string(w.firm.who.account)}, "reason": {"other"}, "paper": {"other"}, "note": {w.v.say(200)},
	})
	require.Equal(w.t, http.StatusOK, opened.Status, opened.text())
	_, link, _ := strings.Cut(opened.Body, "http://portal.test/reset/")
	w.reset = "/reset/" + link[:43]
}

// ruled is what supervisors type about the calendar.
func (w *town) ruled() {
	w.t.Helper()
	day := "/staff/calendar/days/" + nextWorkday().Format(time.DateOnly)
	page := w.boss.get(day)
	saved := w.boss.submit(page, day, url.Values{"works": {"off"}, "name": {w.v.say(20)}, "note": {w.v.say(record.MaxNote)}, "edition": {page.input("edition")}})
	require.Equal(w.t, http.StatusSeeOther, saved.Status, saved.text())
	page = w.boss.get("/staff/calendar")
	saved = w.boss.submit(page, "/staff/calendar/periods", url.Values{"award.review": {"7"}, "periods_note": {w.v.say(record.MaxNote)}, "edition": {page.input("edition")}})
	require.Equal(w.t, http.StatusSeeOther, saved.Status, saved.text())
	year := time.Now().Year() + 2
	notice := "date\tkind\tname\tsource\r\n"
	for day := range 4 {
		notice += fmt.Sprintf("%d-01-%02d\tholiday\t%s\t%s\r\n", year, day+1, line(w.v.say(20)), line(w.v.say(60)))
	}
	page = w.boss.get("/staff/calendar/notice")
	look := w.boss.submit(page, "/staff/calendar/notice", url.Values{"tsv": {notice}, "note": {w.v.say(record.MaxNote)}})
	require.Equal(w.t, http.StatusOK, look.Status, look.text())
	taken := w.boss.submit(look, "/staff/calendar/notice", url.Values{"tsv": {notice}, "note": {w.v.say(record.MaxNote)}, "step": {"apply"}, "edition": {look.input("edition")}})
	require.Equal(w.t, http.StatusSeeOther, taken.Status, taken.text())
}

// line is a text as it stands in one cell of a table.
func line(text string) string {
	return strings.NewReplacer("\t", " ", "\r", " ", "\n", " ", "\u2028", " ", "\u2029", " ").Replace(text)
}

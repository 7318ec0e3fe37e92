package e2e

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// password is everybody's in these tests.
const password = "湘江北去-2026-橘子洲"

// numbers draws codes and identity numbers that nobody else in these tests has.
var numbers atomic.Int64

func init() { numbers.Store(5_000_000) }

func nextNumber() int { return int(numbers.Add(1)) }

// hashed is the password's hash, computed once: hashing is slow on purpose.
var hashed = sync.OnceValues(func() (string, error) { return access.Hash(context.Background(), password) })

func passwordHash(t testing.TB) string {
	t.Helper()
	hash, err := hashed()
	require.NoError(t, err)
	return hash
}

// bidder is a registered subject whose pages are not what a test is about:
// registered, and its draft filled, straight through storage.
type bidder struct {
	system  *system
	subject record.Subject
	account record.ID
	session record.ID
	cookie  string
	profile record.ID
	draft   int
	file    form.File
	address string
}

// newBidder registers an organization, logs it in and opens its profile.
func newBidder(t testing.TB, s *system, name string) *bidder {
	t.Helper()
	return registerBidder(t, s, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(nextNumber()), Name: name, Password: passwordHash(t),
	})
}

func registerBidder(t testing.TB, s *system, r storage.Registration) *bidder {
	t.Helper()
	ctx := t.Context()
	registered, err := s.store.Register(ctx, r)
	require.NoError(t, err)
	b := &bidder{system: s, subject: registered.Subject, account: registered.Account, address: ownAddress()}
	b.logIn(t)
	kind := record.OrganizationProfile
	if r.Type == record.Person {
		kind = record.PersonProfile
	}
	b.profile, err = s.store.StartDraft(ctx, b.account, b.subject, kind)
	require.NoError(t, err)
	return b
}

// logIn begins a session.
func (b *bidder) logIn(t testing.TB) {
	t.Helper()
	token, hash, err := access.NewToken()
	require.NoError(t, err)
	b.cookie = token
	b.session, err = b.system.store.StartSession(t.Context(), storage.NewSession{
		Token: hash, Account: b.account, Assurance: record.ByPassword, Address: b.address, Agent: "e2e", Lifetime: time.Hour,
	})
	require.NoError(t, err)
}

// complete fills the draft so that it can be submitted.
func (b *bidder) complete(t testing.TB) *bidder {
	t.Helper()
	ctx := t.Context()
	upload := storage.Upload{Subject: b.subject.ID, Account: b.account, Record: b.profile, Field: "licence", Name: "营业执照.pdf"}
	if b.subject.Type == record.Person {
		upload.Field, upload.Name = "card", "身份证.pdf"
	}
	file, err := b.system.files.Upload(ctx, upload, bytes.NewReader(pdfContent(string(b.profile))))
	require.NoError(t, err)
	b.file = file.Form()
	if b.subject.Type == record.Person {
		b.save(t, sample.Person(b.subject.Code, b.subject.Name, b.file))
	} else {
		b.save(t, b.document())
	}
	return b
}

func (b *bidder) save(t testing.TB, document record.Document) {
	t.Helper()
	draft, err := b.system.store.Draft(t.Context(), b.subject.ID, b.profile)
	require.NoError(t, err)
	saved, err := b.system.store.SaveDraft(t.Context(), b.subject.ID, b.profile, draft.Version, document)
	require.NoError(t, err)
	b.draft = saved.Version
}

// document is the complete profile of an organization, to be changed and saved. Its
// representative has the number of no other organization's, which would connect the
// two.
func (b *bidder) document() *record.OrganizationDocument {
	document := sample.Organization(b.subject.Code, b.subject.Name, b.file)
	if n, err := strconv.Atoi(b.subject.Code[8:16]); err == nil {
		document.Representative.IDNumber = sample.ResidentID(n)
	}
	return document
}

// submission is a submit of the draft as it is.
func (b *bidder) submission() record.Command {
	return record.Command{
		ID: storage.NewID(), Record: b.profile, Subject: b.subject.ID, Kind: kindOf(b.subject), Move: record.Submit,
		Actor: record.Actor{Role: record.Applicant, ID: b.account, Session: b.session, Assurance: record.ByPassword}, Draft: b.draft,
	}
}

func kindOf(s record.Subject) record.Kind {
	if s.Type == record.Person {
		return record.PersonProfile
	}
	return record.OrganizationProfile
}

// submitted submits the draft, the worker applies it and has its file scanned.
func (b *bidder) submitted(t testing.TB) *bidder {
	t.Helper()
	_, err := b.system.store.Accept(t.Context(), b.submission())
	require.NoError(t, err)
	b.reaches(t, record.UnderReview)
	b.scanned(t)
	return b
}

// scanned waits until the virus scan of the file is over.
func (b *bidder) scanned(t testing.TB) {
	t.Helper()
	eventually(t, 30*time.Second, func() string {
		file, err := b.system.store.File(t.Context(), b.subject.ID, record.ID(b.file.ID))
		if err != nil {
			return err.Error()
		}
		if !file.Scanned {
			return "the file waits for its scan"
		}
		return ""
	})
}

// decided has a reviewer take the open review and decide it.
func (b *bidder) decided(t testing.TB, by *member, move record.Move, reason string, remarks ...record.Remark) *bidder {
	t.Helper()
	b.decides(t, b.profile, kindOf(b.subject), by, move, reason, remarks...)
	return b
}

// decides is decided for any of the bidder's records.
func (b *bidder) decides(t testing.TB, id record.ID, kind record.Kind, by *member, move record.Move, reason string, remarks ...record.Remark) {
	t.Helper()
	ctx, store := t.Context(), b.system.store
	task, err := store.ReviewOf(ctx, id)
	require.NoError(t, err)
	claimed, err := store.Claim(ctx, by.ID, task)
	require.NoError(t, err)
	require.True(t, claimed)
	r, err := store.Record(ctx, b.subject.ID, id)
	require.NoError(t, err)
	_, err = store.Accept(ctx, record.Command{
		ID: storage.NewID(), Record: id, Subject: b.subject.ID, Kind: kind, Move: move,
		Actor:    record.Actor{Role: by.Role, ID: by.ID, Assurance: record.ByPassword},
		Expected: r.Revision, Reason: reason, Remarks: remarks,
	})
	require.NoError(t, err)
}

// reaches waits until the profile's filing stands there.
func (b *bidder) reaches(t testing.TB, filing record.Filing) {
	t.Helper()
	b.filed(t, b.profile, filing)
}

// filed is reaches for any of the bidder's records.
func (b *bidder) filed(t testing.TB, id record.ID, filing record.Filing) {
	t.Helper()
	eventually(t, 30*time.Second, func() string {
		r, err := b.system.store.Record(t.Context(), b.subject.ID, id)
		if err != nil {
			return err.Error()
		}
		if r.State.Filing != filing {
			return fmt.Sprintf("the filing is %q, not %q", r.State.Filing, filing)
		}
		return ""
	})
}

// sit opens a window in which the bidder is logged in.
func (b *bidder) sit(t testing.TB) *person {
	t.Helper()
	p := newPerson(t, b.system)
	p.carry("session", b.cookie)
	return p
}

// carry gives the window a cookie of the portal.
func (p *person) carry(name, value string) {
	p.t.Helper()
	hidden := true
	p.do(command(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: p.origin, HTTPOnly: &hidden}))
}

// member is a staff member.
type member struct {
	storage.StaffMember
	secret   string
	identity string    // the database has no more than an index of it
	used     time.Time // the step of the last one-time code
}

// newMember adds a staff member; enrolled ones have their second factor.
func newMember(t testing.TB, s *system, name string, role record.Role, enrolled bool) *member {
	t.Helper()
	secret, err := access.NewTOTPSecret()
	require.NoError(t, err)
	n := nextNumber()
	id, err := s.store.AddStaff(t.Context(), record.Actor{Role: record.Supervisor}, storage.NewStaff{
		Login: fmt.Sprintf("staff%d", n), Name: name, Role: role, Identity: sample.ResidentID(n),
		Password: passwordHash(t), Secret: secret, Enrolled: enrolled,
	})
	require.NoError(t, err)
	found, err := s.store.Staff(t.Context(), id)
	require.NoError(t, err)
	return &member{StaffMember: found, secret: secret, identity: sample.ResidentID(n)}
}

// code is the next one-time code that will be taken: each serves once.
func (m *member) code(t testing.TB) string {
	t.Helper()
	at := time.Now()
	if next := m.used.Add(30 * time.Second); at.Before(next) {
		at = next // the portal takes the code of the coming half minute too
	}
	m.used = at.Truncate(30 * time.Second)
	code, err := access.TOTPCode(m.secret, at)
	require.NoError(t, err)
	return code
}

// sit opens a window and logs the member in with both factors.
func (m *member) sit(t testing.TB, s *system) *person {
	t.Helper()
	p := newPerson(t, s)
	p.open("/staff")
	p.sees("工作人员登录")
	p.fill("账号", m.Login)
	p.fill("密码", password)
	p.follow("登录")
	p.fill("6 位动态口令", m.code(t))
	p.follow("验证")
	p.sees("审核队列")
	return p
}

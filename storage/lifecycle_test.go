package storage_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

var codeNumber atomic.Int64

// desk is one subject with a store, and staff who review it.
type desk struct {
	*storage.Store
	app, owner *bun.DB

	subject  record.Subject
	account  record.ID
	first    record.ID // reviewer
	second   record.ID // reviewer
	boss     record.ID // supervisor
	profile  record.ID
	document *record.OrganizationDocument
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	return newDeskOn(t, storagetest.Shared(t))
}

func newDeskOn(t testing.TB, database *storagetest.Database) *desk {
	t.Helper()
	d := &desk{Store: database.Store(), app: database.App, owner: database.Owner}
	n := int(codeNumber.Add(1))
	registered, err := d.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(n),
		Name: fmt.Sprintf("示范建工第%d有限公司", n), Password: "hash",
	})
	require.NoError(t, err)
	d.subject, d.account = registered.Subject, registered.Account
	d.first = d.staff(t, record.Reviewer, sample.ResidentID(900000+n))
	d.second = d.staff(t, record.Confirmer, sample.ResidentID(910000+n))
	d.boss = d.staff(t, record.Supervisor, sample.ResidentID(920000+n))
	d.profile, err = d.StartDraft(t.Context(), d.account, d.subject, record.OrganizationProfile)
	require.NoError(t, err)
	d.document = sample.Organization(d.subject.Code, d.subject.Name, d.file(t))
	d.save(t)
	return d
}

func (d *desk) staff(t testing.TB, role record.Role, number string) record.ID {
	t.Helper()
	id, err := d.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
		Login: "s" + string(storage.NewID()), Name: "周婧", Role: role, Identity: number, Password: "hash", Secret: "secret",
	})
	require.NoError(t, err)
	return id
}

// file stores the row of an attachment; its bytes are not this test's matter.
func (d *desk) file(t testing.TB) form.File {
	t.Helper()
	f := sample.File(string(storage.NewID()), "营业执照.pdf")
	_, err := d.app.NewRaw(`INSERT INTO files (id, subject, account, record, field, name, type, size, sha256, object, state)
		VALUES (?, ?, ?, ?, 'licence', ?, ?, ?, ?, ?, 'available')`,
		f.ID, d.subject.ID, d.account, storage.NewID(), f.Name, f.Type, f.Size, f.SHA256, f.ID).Exec(t.Context())
	require.NoError(t, err)
	return f
}

func (d *desk) save(t testing.TB) int {
	t.Helper()
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	saved, err := d.SaveDraft(t.Context(), d.subject.ID, d.profile, draft.Version, d.document)
	require.NoError(t, err)
	return saved.Version
}

func (d *desk) applicant() record.Actor {
	return record.Actor{Role: record.Applicant, ID: d.account, Assurance: record.ByPassword}
}

func reviewer(id record.ID) record.Actor { return record.Actor{Role: record.Reviewer, ID: id} }

func (d *desk) command(move record.Move, by record.Actor) record.Command {
	c := record.Command{ID: storage.NewID(), Record: d.profile, Subject: d.subject.ID, Move: move, Actor: by}
	if by.Role != record.Applicant {
		c.Subject = ""
	}
	return c
}

// do accepts and applies a command and returns its outcome.
func (d *desk) do(t testing.TB, c record.Command) record.Outcome {
	t.Helper()
	_, err := d.Accept(t.Context(), c)
	require.NoError(t, err)
	applied, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.Len(t, applied.Outcomes, 1)
	return applied.Outcomes[0]
}

func (d *desk) submit(t testing.TB) record.Outcome {
	t.Helper()
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	return d.do(t, c)
}

func (d *desk) state(t testing.TB) record.State {
	t.Helper()
	r, err := d.Record(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	return r.State
}

func (d *desk) settle(t testing.TB) {
	t.Helper()
	require.True(t, d.submit(t).Applied)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
}

func (d *desk) verify(t testing.TB) {
	t.Helper()
	found, err := d.Verify(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestOneFilingThroughItsWholeLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()

	require.Equal(t, record.State{Standing: record.NotInForce, Filing: record.UnderReview}, d.submit(t).State)
	_, err := d.Draft(ctx, d.subject.ID, d.profile)
	require.Equal(t, record.NotFound, record.CodeOf(err), "S11 what is submitted cannot be edited")

	back := d.command(record.Return, reviewer(d.first))
	back.Reason, back.Remarks = "执照不清晰", []record.Remark{{Field: "licence", Text: "请上传清晰的扫描件"}}
	require.Equal(t, record.Returned, d.do(t, back).State.Filing)
	draft, err := d.Draft(ctx, d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Equal(t, d.document, draft.Document, "the returned content is the draft again")

	d.document.Licence = []form.File{d.file(t)}
	d.save(t)
	require.True(t, d.submit(t).Applied)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.Equal(t, record.State{Standing: record.InForce, Filing: record.NothingFiled}, d.state(t))
	subject, err := d.Subject(ctx, d.subject.ID)
	require.NoError(t, err)
	require.True(t, subject.Proven)

	require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "迁址"))
	d.document.Address, d.document.LegalName, d.document.Account.Name = "新址 9 号", "示范新名有限公司", "示范新名有限公司"
	d.save(t)
	require.Equal(t, record.State{Standing: record.InForce, Filing: record.UnderReview}, d.submit(t).State)
	require.Equal(t, record.SecondReview, d.do(t, d.command(record.Approve, reviewer(d.first))).State.Filing, "B05 the name is a key field")
	d.bars(t, record.RefusedNoAuthority, d.command(record.Confirm, by(record.Confirmer, d.first)))
	require.True(t, d.do(t, d.command(record.Confirm, by(record.Confirmer, d.second))).Applied)
	subject, err = d.Subject(ctx, d.subject.ID)
	require.NoError(t, err)
	require.Equal(t, "示范新名有限公司", subject.Name, "the name in force is the login account")

	versions, err := d.Versions(ctx, d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Len(t, versions, 3)
	require.Equal(t, "迁址", versions[0].Reason, "B06")
	require.False(t, versions[0].Since.IsZero())
	require.True(t, versions[2].Since.IsZero(), "the returned version never counted")
	events, err := d.Events(ctx, d.profile)
	require.NoError(t, err)
	require.Equal(t, "执照不清晰", events[1].Reason)
	require.Equal(t, "周婧", events[1].Name)
	require.Equal(t, "licence", events[1].Remarks[0].Field)
	d.verify(t)
}

func TestT5_OneCommandDeliveredHundredTimes(t *testing.T) {
	d := newDesk(t)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	receipts := make([]record.Receipt, 100)
	var all sync.WaitGroup
	for i := range receipts {
		all.Go(func() {
			receipt, err := d.Accept(t.Context(), c)
			if err == nil {
				receipts[i] = receipt
				_, err = d.Apply(t.Context(), d.profile, []record.ID{c.ID})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, receipt := range receipts {
		require.Equal(t, receipts[0], receipt, "I12 the same command has the same answer")
	}
	versions, err := d.Versions(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Len(t, versions, 1)
	events, err := d.Events(t.Context(), d.profile)
	require.NoError(t, err)
	require.Len(t, events, 1)
	d.verify(t)
}

func TestT19_TwoDecisionsAtOnce(t *testing.T) {
	var d *desk
	for range 20 {
		d = newDesk(t)
		require.True(t, d.submit(t).Applied)
		approve, back := d.command(record.Approve, reviewer(d.first)), d.command(record.Return, reviewer(d.second))
		approve.Expected, back.Expected, back.Reason = 1, 1, "不清晰"
		outcomes := make([]record.Outcome, 2)
		var both sync.WaitGroup
		for i, c := range []record.Command{approve, back} {
			both.Go(func() {
				_, err := d.Accept(t.Context(), c)
				if record.CodeOf(err) == record.Conflict {
					outcomes[i] = record.Outcome{Refusal: record.RefusedState}
					return
				}
				applied, err2 := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
				if err != nil || err2 != nil || len(applied.Outcomes) != 1 {
					t.Error(err, err2)
					return
				}
				outcomes[i] = applied.Outcomes[0]
			})
		}
		both.Wait()
		require.NotEqual(t, outcomes[0].Applied, outcomes[1].Applied, "exactly one wins")
	}
	d.verify(t)
}

func TestRefusals(t *testing.T) {
	t.Run("W19 nobody reviews a filing in which they appear", func(t *testing.T) {
		d := newDesk(t)
		own := d.staff(t, record.Reviewer, d.document.Agent.IDNumber)
		require.True(t, d.submit(t).Applied)
		d.bars(t, record.RefusedOwnFiling, d.command(record.Approve, reviewer(own)))
		require.Equal(t, record.UnderReview, d.state(t).Filing)
		d.verify(t)
	})
	t.Run("W20 disabled staff decide nothing, at once", func(t *testing.T) {
		d := newDesk(t)
		require.True(t, d.submit(t).Applied)
		c := d.command(record.Approve, reviewer(d.first))
		_, err := d.Accept(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, d.DisableStaff(t.Context(), record.Actor{Role: record.Supervisor, ID: d.boss}, d.first))
		applied, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
		require.NoError(t, err)
		require.Equal(t, record.RefusedDisabled, applied.Outcomes[0].Refusal)
	})
	t.Run("a stale decision", func(t *testing.T) {
		d := newDesk(t)
		require.True(t, d.submit(t).Applied)
		c := d.command(record.Approve, reviewer(d.first))
		c.Expected = 7
		require.Equal(t, record.RefusedVersion, d.do(t, c).Refusal)
	})
	t.Run("held by another reviewer", func(t *testing.T) {
		d := newDesk(t)
		require.True(t, d.submit(t).Applied)
		task, err := d.ReviewOf(t.Context(), d.profile)
		require.NoError(t, err)
		claimed, err := d.Claim(t.Context(), d.first, task)
		require.NoError(t, err)
		require.True(t, claimed)
		claimed, err = d.Claim(t.Context(), d.second, task)
		require.NoError(t, err)
		require.False(t, claimed)
		d.bars(t, record.RefusedNotClaimed, d.command(record.Approve, reviewer(d.second)))
		require.Equal(t, record.RefusedState, d.do(t, d.command(record.Withdraw, d.applicant())).Refusal, "B07 review has begun")
		require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	})
	t.Run("an applicant cannot decide", func(t *testing.T) {
		d := newDesk(t)
		require.True(t, d.submit(t).Applied)
		_, err := d.Accept(t.Context(), d.command(record.Approve, d.applicant()))
		require.Equal(t, record.Forbidden, record.CodeOf(err))
	})
	t.Run("W17 another subject's record does not exist", func(t *testing.T) {
		d, other := newDesk(t), newDesk(t)
		require.True(t, d.submit(t).Applied)
		c := d.command(record.Withdraw, other.applicant())
		c.Subject = other.subject.ID
		_, err := d.Accept(t.Context(), c)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		_, err = d.Record(t.Context(), other.subject.ID, d.profile)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		_, err = d.Version(t.Context(), other.subject.ID, d.profile, 1)
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	t.Run("W27 a command id of somebody else", func(t *testing.T) {
		d, other := newDesk(t), newDesk(t)
		c := d.command(record.Submit, d.applicant())
		c.Draft = 2
		_, err := d.Accept(t.Context(), c)
		require.NoError(t, err)
		stolen := other.command(record.Submit, other.applicant())
		stolen.ID, stolen.Draft = c.ID, 2
		_, err = other.Accept(t.Context(), stolen)
		require.Equal(t, record.AlreadyDone, record.CodeOf(err))
	})
	t.Run("T18 a move after the end is refused and audited", func(t *testing.T) {
		d := newDesk(t)
		d.settle(t)
		late := d.command(record.Withdraw, d.applicant())
		_, err := d.Accept(t.Context(), late)
		require.Equal(t, record.Conflict, record.CodeOf(err))
		// Accepted while another was open, it is refused in its turn.
		require.NoError(t, d.StartChange(t.Context(), d.account, d.subject.ID, d.profile, "改"))
		d.save(t)
		require.True(t, d.submit(t).Applied)
		approve, withdraw := d.command(record.Approve, reviewer(d.first)), d.command(record.Withdraw, d.applicant())
		_, err = d.Accept(t.Context(), approve)
		require.NoError(t, err)
		_, err = d.Accept(t.Context(), withdraw)
		require.NoError(t, err)
		applied, err := d.Apply(t.Context(), d.profile, []record.ID{withdraw.ID})
		require.NoError(t, err)
		require.Equal(t, record.RefusedState, applied.Outcomes[0].Refusal)
		events, err := d.Events(t.Context(), d.profile)
		require.NoError(t, err)
		require.Equal(t, record.RefusedState, events[len(events)-1].Refusal)
		d.verify(t)
	})
}

func TestDraftsAreNotOverwritten(t *testing.T) {
	d := newDesk(t)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	d.save(t)
	_, err = d.SaveDraft(t.Context(), d.subject.ID, d.profile, draft.Version, d.document)
	require.Equal(t, record.DraftChanged, record.CodeOf(err), "two tabs")
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	_, err = d.Accept(t.Context(), c)
	require.Equal(t, record.DraftChanged, record.CodeOf(err), "what is submitted is what was checked")
	d.document.Address = ""
	c.Draft = d.save(t)
	_, err = d.Accept(t.Context(), c)
	require.Equal(t, record.Invalid, record.CodeOf(err), "S10 no submit without the required fields")
}

func TestLapseWaitsForThePeriodAndForWhatWasAcceptedInTime(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	back := d.command(record.Return, reviewer(d.first))
	back.Reason = "补章"
	require.True(t, d.do(t, back).Applied)
	applied, err := d.Lapse(t.Context(), d.profile)
	require.NoError(t, err)
	require.Equal(t, record.Returned, applied.State.Filing, "the period is not over")

	_, err = d.app.NewRaw("UPDATE records SET filed_at = filed_at - interval '60 days', due_at = due_at - interval '60 days' WHERE id = ?", d.profile).Exec(t.Context())
	require.NoError(t, err)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	_, err = d.Accept(t.Context(), c)
	require.NoError(t, err)
	applied, err = d.Lapse(t.Context(), d.profile)
	require.NoError(t, err)
	require.Equal(t, record.UnderReview, applied.State.Filing, "a filing that was accepted never lapses")

	require.True(t, d.do(t, func() record.Command { c := d.command(record.Return, reviewer(d.first)); c.Reason = "补章"; return c }()).Applied)
	_, err = d.app.NewRaw("UPDATE records SET filed_at = filed_at - interval '60 days', due_at = due_at - interval '60 days' WHERE id = ?", d.profile).Exec(t.Context())
	require.NoError(t, err)
	for range 2 {
		applied, err = d.Lapse(t.Context(), d.profile)
		require.NoError(t, err)
		require.Equal(t, record.State{Standing: record.NotInForce, Filing: record.NothingFiled}, applied.State)
	}
	_, err = d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err, "nothing that was typed is lost")
	d.verify(t)
}

func TestB03_TimersSpeakOnce(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	at := time.Now()
	for range 2 {
		require.NoError(t, d.Remind(t.Context(), d.profile, at))
		require.NoError(t, d.Escalate(t.Context(), d.profile, at))
	}
	back := d.command(record.Return, reviewer(d.first))
	back.Reason = "补章"
	require.True(t, d.do(t, back).Applied)
	for range 2 {
		require.NoError(t, d.Remind(t.Context(), d.profile, at))
		require.NoError(t, d.Escalate(t.Context(), d.profile, at))
	}
	events, err := d.Events(t.Context(), d.profile)
	require.NoError(t, err)
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	require.Equal(t, []string{"submit", storage.TopicReviewRemind, storage.TopicOverdue, "return", storage.TopicCorrectRemind}, types)
	d.verify(t)
}

func TestRegistrationLifecycle(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	r := storage.Registration{
		Command: storage.NewID(), Type: record.Person, IDType: "111", Code: sample.ResidentID(int(7_000_000 + codeNumber.Add(1))),
		Name: "𬀩明远", Password: "hash",
	}
	first, err := d.Register(ctx, r)
	require.NoError(t, err)
	again, err := d.Register(ctx, r)
	require.NoError(t, err)
	require.Equal(t, first, again, "a double click registers once")
	r.Command = storage.NewID()
	_, err = d.Register(ctx, r)
	require.Equal(t, record.Taken, record.CodeOf(err))
	for range 10 {
		twice := storage.Registration{
			Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(int(80_000_000 + codeNumber.Add(1))),
			Name: "双击有限公司", Password: "hash",
		}
		answers := make([]storage.RegisteredAccount, 2)
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() {
				var err error
				if answers[i], err = d.Register(ctx, twice); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		require.Equal(t, answers[0].Subject.ID, answers[1].Subject.ID, "the same form sent twice at once registers once")
	}
	taken, err := d.Registered(ctx, r.Type, r.IDType, r.Code)
	require.NoError(t, err)
	require.True(t, taken)
	var leaked int
	require.NoError(t, d.app.NewRaw("SELECT count(*) FROM subjects WHERE code = ?", r.Code).Scan(ctx, &leaked))
	require.Zero(t, leaked, "W30 a person's number is sealed")

	require.NoError(t, d.ApplyRegistration(ctx, first.Subject.ID))
	state, err := d.RemindRegistration(ctx, first.Subject.ID, 1)
	require.NoError(t, err)
	require.Equal(t, storage.RegistrationState{}, state)
	state, err = d.CloseAbandoned(ctx, first.Subject.ID)
	require.NoError(t, err)
	require.True(t, state.Closed)
	taken, err = d.Registered(ctx, r.Type, r.IDType, r.Code)
	require.NoError(t, err)
	require.False(t, taken, "the code is free again")

	d.settle(t)
	state, err = d.CloseAbandoned(ctx, d.subject.ID)
	require.NoError(t, err)
	require.Equal(t, storage.RegistrationState{ProfileInForce: true}, state)
	d.verify(t)
}

func TestTakingOverAnUnprovenSubject(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	account, err := d.TakeOver(ctx, d.subject.ID, "other hash", record.Actor{Role: record.Supervisor, ID: d.boss})
	require.NoError(t, err)
	_, err = d.Draft(ctx, d.subject.ID, d.profile)
	require.Equal(t, record.NotFound, record.CodeOf(err), "a stranger's draft is not shown")
	fresh, err := d.StartDraft(ctx, account, d.subject, record.OrganizationProfile)
	require.NoError(t, err)
	require.NotEqual(t, d.profile, fresh)
	var disabled bool
	require.NoError(t, d.app.NewRaw("SELECT disabled_at IS NOT NULL FROM accounts WHERE id = ?", d.account).Scan(ctx, &disabled))
	require.True(t, disabled)
	_, err = d.TakeOver(ctx, d.subject.ID, "hash", record.Actor{Role: record.Supervisor, ID: d.boss})
	require.Equal(t, record.Conflict, record.CodeOf(err), "a proven subject cannot be taken over")
}

func TestW33_VerifyNamesTheFirstBrokenLink(t *testing.T) {
	d := newDesk(t)
	d.settle(t)
	_, err := d.owner.NewRaw("ALTER TABLE events DISABLE TRIGGER events_append_only").Exec(t.Context())
	require.NoError(t, err)
	_, err = d.owner.NewRaw(`UPDATE events SET data = data || '{"filing": "returned"}' WHERE chain = ? AND no = 2`, d.subject.ID).Exec(t.Context())
	require.NoError(t, err)
	found, err := d.Verify(t.Context())
	require.NoError(t, err)
	require.Contains(t, found, storage.Disagreement{Invariant: "I8", ID: string(d.subject.ID) + "/2", Fault: "the chain is broken here"})
	_, err = d.owner.NewRaw(`UPDATE events SET data = data || '{"filing": "under_review"}' WHERE chain = ? AND no = 2`, d.subject.ID).Exec(t.Context())
	require.NoError(t, err)
	_, err = d.owner.NewRaw("ALTER TABLE events ENABLE TRIGGER events_append_only").Exec(t.Context())
	require.NoError(t, err)
	d.verify(t)
}

package storage_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// under is the desk's store under another policy.
func (d *desk) under(change func(*record.Policy)) {
	policy := storagetest.Policy()
	change(&policy)
	d.Store = storage.New(d.app, storagetest.Keys(), policy)
}

// review is the open review of the profile.
func (d *desk) review(t testing.TB) record.ID {
	t.Helper()
	id, err := d.ReviewOf(t.Context(), d.profile)
	require.NoError(t, err)
	return id
}

// task is the open review as a member sees it.
func (d *desk) task(t testing.TB, member record.ID) storage.Review {
	t.Helper()
	review, err := d.Review(t.Context(), member, d.review(t))
	require.NoError(t, err)
	return review
}

func (d *desk) change(t testing.TB, change func(*record.OrganizationDocument)) {
	t.Helper()
	require.NoError(t, d.StartChange(t.Context(), d.account, d.subject.ID, d.profile, "变更"))
	change(d.document)
	d.save(t)
	require.True(t, d.submit(t).Applied)
}

// by is an actor of the staff.
func by(role record.Role, id record.ID) record.Actor { return record.Actor{Role: role, ID: id} }

// bars expects a decision not to be let in, for that reason.
func (d *desk) bars(t testing.TB, reason record.Refusal, c record.Command) {
	t.Helper()
	_, err := d.Accept(t.Context(), c)
	require.Equal(t, record.Conflict, record.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, reason.Explain())
}

func TestB01_AReviewIsHeldByOneAndComesBackByItself(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	claim := func(member record.ID) bool {
		t.Helper()
		claimed, err := d.Claim(t.Context(), member, d.review(t))
		require.NoError(t, err)
		return claimed
	}
	require.True(t, claim(d.first))
	require.True(t, claim(d.first), "claiming again renews")
	require.False(t, claim(d.second))
	require.Equal(t, record.RefusedNotClaimed, d.task(t, d.second).Barred)
	renewed, err := d.RenewClaim(t.Context(), d.second, d.review(t))
	require.NoError(t, err)
	require.False(t, renewed)

	_, err = d.app.NewRaw("UPDATE review_tasks SET claimed_until = clock_timestamp() WHERE id = ?", d.review(t)).Exec(t.Context())
	require.NoError(t, err)
	require.Empty(t, d.task(t, d.second).Barred, "the lease is over")
	require.True(t, claim(d.second))
	renewed, err = d.RenewClaim(t.Context(), d.first, d.review(t))
	require.NoError(t, err)
	require.False(t, renewed, "it is another's")
	released, err := d.ReleaseClaim(t.Context(), d.second, d.review(t))
	require.NoError(t, err)
	require.True(t, released)
	require.True(t, claim(d.first))
}

func TestB01_WorkIsHandedOverWithANote(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	task := d.review(t)
	err := d.Assign(t.Context(), by(record.Reviewer, d.first), task, d.second, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err), "nobody gives away what they do not hold")
	require.NoError(t, d.Assign(t.Context(), by(record.Supervisor, d.boss), task, d.first, "先办"))
	require.Equal(t, record.RefusedAssigned, d.task(t, d.second).Barred)
	claimed, err := d.Claim(t.Context(), d.second, task)
	require.NoError(t, err)
	require.False(t, claimed)
	claimed, err = d.Claim(t.Context(), d.first, task)
	require.NoError(t, err)
	require.True(t, claimed)
	require.NoError(t, d.Assign(t.Context(), by(record.Reviewer, d.first), task, d.second, "请核对股权"))
	require.Equal(t, record.RefusedAssigned, d.task(t, d.first).Barred)
	require.NoError(t, d.Assign(t.Context(), by(record.Confirmer, d.second), task, "", "外出"))
	require.Empty(t, d.task(t, d.first).Barred)

	handed, err := d.Handovers(t.Context(), d.profile)
	require.NoError(t, err)
	require.Len(t, handed, 3)
	require.Equal(t, []string{"先办", "请核对股权", "外出"}, []string{handed[0].Note, handed[1].Note, handed[2].Note})
	require.Empty(t, handed[0].Taken, "from the queue")
	require.NotEmpty(t, handed[0].Given)
	require.Empty(t, handed[2].Given, "back to the queue")
	events, err := d.Events(t.Context(), d.profile)
	require.NoError(t, err)
	require.Equal(t, storage.EventHandedOver, events[len(events)-1].Type)

	// Not to who may not: absent, of another region, in the filing, disabled.
	_, err = d.owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", d.first).Exec(t.Context())
	require.NoError(t, err)
	err = d.Assign(t.Context(), by(record.Supervisor, d.boss), task, d.first, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err))
	_, err = d.owner.NewRaw("UPDATE staff SET absent_since = NULL, regions = '{4403}' WHERE id = ?", d.first).Exec(t.Context())
	require.NoError(t, err)
	err = d.Assign(t.Context(), by(record.Supervisor, d.boss), task, d.first, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err))
	related := d.staff(t, record.Reviewer, d.document.Representative.IDNumber)
	err = d.Assign(t.Context(), by(record.Supervisor, d.boss), task, related, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err))
	require.NoError(t, d.DisableStaff(t.Context(), by(record.Supervisor, d.boss), d.second))
	err = d.Assign(t.Context(), by(record.Supervisor, d.boss), task, d.second, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err))
}

func TestB18_RolesRegionsAndKindsCountInTheTransaction(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	scope := func(regions, kinds string) {
		t.Helper()
		_, err := d.owner.NewRaw("UPDATE staff SET regions = ?, kinds = ? WHERE id = ?", regions, kinds, d.first).Exec(t.Context())
		require.NoError(t, err)
	}
	// Accepted while it was allowed, and taken away before it took effect.
	for name, limits := range map[string][2]string{"region": {"{4403}", "{}"}, "kind": {"{}", "{award}"}} {
		t.Run(name, func(t *testing.T) {
			scope("{}", "{}")
			c := d.command(record.Approve, reviewer(d.first))
			_, err := d.Accept(t.Context(), c)
			require.NoError(t, err)
			scope(limits[0], limits[1])
			applied, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
			require.NoError(t, err)
			require.Equal(t, record.RefusedNoAuthority, applied.Outcomes[0].Refusal)
			_, err = d.Accept(t.Context(), d.command(record.Approve, reviewer(d.first)))
			require.Equal(t, record.Conflict, record.CodeOf(err))
			_, err = d.Claim(t.Context(), d.first, d.review(t))
			require.Equal(t, record.Forbidden, record.CodeOf(err))
			_, err = d.Review(t.Context(), d.first, d.review(t))
			require.Equal(t, record.NotFound, record.CodeOf(err))
		})
	}
	scope("{"+d.document.Region.Code[:4]+"}", "{organization}")
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied, "within the limits")
}

func TestB05_ASecondReviewTakesWhoMayConfirmAndIsNotTheFirst(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	d.change(t, func(o *record.OrganizationDocument) { o.Representative.Name = "刘志强" })
	require.True(t, d.task(t, d.first).Task.KeyChange)
	require.True(t, d.do(t, d.command(record.Approve, by(record.Confirmer, d.second))).Applied)
	require.Equal(t, record.SecondReview, d.state(t).Filing)
	require.False(t, d.task(t, d.boss).Task.Sampled)

	_, err := d.Accept(t.Context(), d.command(record.Confirm, by(record.Confirmer, d.second)))
	require.Equal(t, record.Conflict, record.CodeOf(err), "not the same person")
	other := d.staff(t, record.Reviewer, sample.ResidentID(int(990000+codeNumber.Add(1))))
	_, err = d.Accept(t.Context(), d.command(record.Confirm, reviewer(other)))
	require.Equal(t, record.Forbidden, record.CodeOf(err), "a 审核员 confirms nothing")
	require.True(t, d.do(t, d.command(record.Confirm, by(record.Supervisor, d.boss))).Applied)
}

func TestB05_ChanceAsksForSecondReviews(t *testing.T) {
	for percent, want := range map[int]record.Filing{0: record.NothingFiled, 100: record.SecondReview} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			d := newDesk(t)
			d.under(func(p *record.Policy) { p.SamplePercent = percent })
			require.True(t, d.submit(t).Applied)
			require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
			require.Equal(t, want, d.state(t).Filing)
			if want == record.SecondReview {
				require.True(t, d.task(t, d.second).Task.Sampled)
				require.True(t, d.do(t, d.command(record.Confirm, by(record.Confirmer, d.second))).Applied)
			}
		})
	}
}

func TestN01_WhatWasReturnedComesBackToItsReviewer(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	back := d.command(record.Return, reviewer(d.first))
	back.Remarks = []record.Remark{{Field: "address", Text: "与执照不一致"}}
	require.True(t, d.do(t, back).Applied)
	d.document.Address = "示范大道 2 号"
	d.save(t)
	require.True(t, d.submit(t).Applied)
	review := d.task(t, d.first)
	require.Equal(t, storage.Corrected, review.Task.Occasion)
	require.Equal(t, d.first, review.Task.AssignedTo)
	require.Empty(t, review.Barred)
	require.Equal(t, record.RefusedAssigned, d.task(t, d.second).Barred)
	_, err := d.app.NewRaw("UPDATE review_tasks SET assigned_until = clock_timestamp() WHERE id = ?", review.Task.ID).Exec(t.Context())
	require.NoError(t, err)
	require.Empty(t, d.task(t, d.second).Barred, "and is anybody's when it is time to remind")

	// Whoever is absent does not get it.
	back = d.command(record.Return, reviewer(d.first))
	back.Reason = "补章"
	require.True(t, d.do(t, back).Applied)
	_, err = d.owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", d.first).Exec(t.Context())
	require.NoError(t, err)
	require.True(t, d.submit(t).Applied)
	require.Empty(t, d.task(t, d.second).Task.AssignedTo)
}

func TestN10_ADecisionCanBeUndoneUntilItTakesEffect(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	d.under(func(p *record.Policy) { p.UndoPeriod = time.Hour })
	c := d.command(record.Approve, reviewer(d.first))
	c.Reason = "资料齐全"
	_, err := d.Accept(t.Context(), c)
	require.NoError(t, err)
	applied, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.Empty(t, applied.Outcomes)
	require.WithinDuration(t, time.Now().Add(time.Hour), applied.NextDue, time.Minute)
	require.Equal(t, d.first, d.task(t, d.first).Task.DecidedBy)
	require.Equal(t, record.RefusedDecided, d.task(t, d.second).Barred)

	// Meanwhile nobody else decides, takes or hands it over, and the subject cannot withdraw.
	_, err = d.Accept(t.Context(), d.command(record.Return, by(record.Confirmer, d.second)))
	require.Error(t, err)
	again := d.command(record.Approve, reviewer(d.first))
	_, err = d.Accept(t.Context(), again)
	require.Equal(t, record.Conflict, record.CodeOf(err), "one decision at a time")
	require.Equal(t, record.Conflict, record.CodeOf(d.Assign(t.Context(), by(record.Supervisor, d.boss), d.review(t), d.second, "")))
	withdraw := d.command(record.Withdraw, d.applicant())
	require.Equal(t, record.RefusedState, d.do(t, withdraw).Refusal)
	pending, err := d.PendingCommands(t.Context(), d.profile, false)
	require.NoError(t, err)
	require.Empty(t, pending, "the subject does not see what may be undone")

	_, _, err = d.Undo(t.Context(), d.second, c.ID)
	require.Equal(t, record.NotFound, record.CodeOf(err), "nobody undoes another's decision")
	decision, undone, err := d.Undo(t.Context(), d.first, c.ID)
	require.NoError(t, err)
	require.True(t, undone)
	require.Equal(t, storage.Decision{Command: c.ID, Task: d.review(t), Move: record.Approve, Reason: "资料齐全", Remarks: []record.Remark{}}, decision)
	require.Empty(t, d.task(t, d.first).Task.DecidedBy)
	require.Equal(t, record.RefusedNotClaimed, d.task(t, d.second).Barred, "it stays with who decided")
	applied, err = d.Apply(t.Context(), d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.Equal(t, record.RefusedCancelled, applied.Outcomes[0].Refusal)
	require.Equal(t, record.UnderReview, d.state(t).Filing)

	d.under(func(p *record.Policy) { p.UndoPeriod = 0 })
	c = d.command(record.Approve, reviewer(d.first))
	require.True(t, d.do(t, c).Applied)
	_, undone, err = d.Undo(t.Context(), d.first, c.ID)
	require.NoError(t, err)
	require.False(t, undone, "too late")
}

// Two reviewers decide at the same moment, two hundred times, one of them
// sometimes undoing: one decision is let in each time, and the other is told
// at once.
func TestT19_TwoHundredPairsOfReviewersDecideAtOnce(t *testing.T) {
	const pairs = 200
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	undone := 0
	for n := range pairs {
		d.under(func(p *record.Policy) { p.UndoPeriod = time.Duration(n%2) * time.Hour })
		d.change(t, func(o *record.OrganizationDocument) { o.Address = fmt.Sprintf("示范大道 %d 号", n) })
		back := d.command(record.Return, by(record.Confirmer, d.second))
		back.Reason = "补章"
		commands := []record.Command{d.command(record.Approve, reviewer(d.first)), back}
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, c := range commands {
			both.Go(func() { _, errs[i] = d.Accept(t.Context(), c) })
		}
		both.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		require.NoError(t, errs[winner])
		require.Equal(t, record.Conflict, record.CodeOf(errs[1-winner]), "pair %d: %v", n, errs)

		if n%2 == 1 { // the decision waits: undo it while the workflow wakes
			var took bool
			both.Go(func() {
				_, done, err := d.Undo(t.Context(), commands[winner].Actor.ID, commands[winner].ID)
				took = err == nil && done
			})
			both.Go(func() { _, _ = d.Apply(t.Context(), d.profile, nil) })
			both.Wait()
			require.True(t, took)
			undone++
			d.under(func(p *record.Policy) { p.UndoPeriod = 0 })
			commands[winner].ID = storage.NewID()
			_, err := d.Accept(t.Context(), commands[winner])
			require.NoError(t, err)
		}
		applied, err := d.Apply(t.Context(), d.profile, []record.ID{commands[winner].ID})
		require.NoError(t, err)
		require.True(t, applied.Outcomes[0].Applied)
		if winner == 1 {
			require.True(t, d.do(t, d.command(record.Discard, d.applicant())).Applied)
		}
	}
	require.Equal(t, pairs/2, undone)
	var decided, cancelled int
	require.NoError(t, d.app.NewRaw(`SELECT count(*) FILTER (WHERE applied), count(*) FILTER (WHERE refusal = 'cancelled')
		FROM commands WHERE record = ? AND move IN ('approve', 'return')`, d.profile).Scan(t.Context(), &decided, &cancelled))
	require.Equal(t, pairs+1, decided, "one decision took effect each time, beside the first approval")
	require.Equal(t, undone, cancelled)
	d.verify(t)
}

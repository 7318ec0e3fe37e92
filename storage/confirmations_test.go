package storage_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// yearly has the desk ask for a confirmation each year, since long ago. change may
// set more of the policy.
func (d *desk) yearly(stops bool, change func(*record.Policy)) {
	policy := storagetest.Policy()
	policy.Confirmations = record.ConfirmationRules{{Since: time.Date(2020, time.January, 1, 0, 0, 0, 0, record.Shanghai), Days: 365, Stops: stops}}
	if change != nil {
		change(&policy)
	}
	d.Store = storage.New(d.app, storagetest.Keys(), policy)
}

// asOwner runs a statement that the application may not, with the profile for $.
func (d *desk) asOwner(t testing.TB, statement string, arguments ...any) {
	t.Helper()
	_, err := d.owner.NewRaw(statement, append([]any{d.profile}, arguments...)...).Exec(t.Context())
	require.NoError(t, err)
}

// passes lets days pass since the profile was confirmed, and what was told with them.
func (d *desk) passes(t testing.TB, days int) {
	t.Helper()
	d.asOwner(t, "UPDATE version_effects SET since = since - ?1 * interval '1 day' WHERE record = ?0", days)
	d.asOwner(t, "UPDATE confirmation_notices SET due = due - ?1 WHERE record = ?0", days)
}

func (d *desk) confirmation(t testing.TB) record.Confirmation {
	t.Helper()
	c, err := d.ConfirmationOf(t.Context(), d.subject.ID)
	require.NoError(t, err)
	return c
}

// attest is the command that confirms the profile as it stands.
func (d *desk) attest(t *testing.T) record.Command {
	t.Helper()
	c := d.command(record.Attest, d.applicant())
	c.Expected = d.stored(t).Revision
	return c
}

// reminded are the days of the messages that the profile is to be confirmed, oldest
// first.
func (d *desk) reminded(t testing.TB) []string {
	t.Helper()
	all, err := d.Notifications(t.Context(), d.subject.ID, "", 100)
	require.NoError(t, err)
	days := []string{}
	for _, n := range slices.Backward(all) {
		if n.Topic == storage.TopicConfirmation {
			require.Equal(t, d.profile, n.Record)
			require.NotEmpty(t, n.Data["due"])
			days = append(days, n.Data["days"])
		}
	}
	return days
}

func (d *desk) paper(t testing.TB, at time.Time) bool {
	t.Helper()
	facts, _, err := d.EligibilityFacts(t.Context(), d.subject.ID, at)
	require.NoError(t, err)
	then, err := d.SubjectAt(t.Context(), d.subject.ID, at)
	require.NoError(t, err)
	require.Equal(t, record.EligibilityOf(facts).Paper, then.Eligibility.Paper, "both ways to ask answer alike")
	return then.Eligibility.Paper
}

func TestB11_AConfirmationIsACommandOfItsOwn(t *testing.T) {
	database := storagetest.Fresh(t)
	d := newDeskOn(t, database)
	ctx := t.Context()
	d.settle(t)
	require.Zero(t, d.confirmation(t), "where policy does not ask, nothing is due")
	_, err := d.Accept(ctx, d.attest(t))
	require.Equal(t, record.Conflict, record.CodeOf(err))

	d.yearly(true, nil)
	require.Equal(t, 365, d.confirmation(t).Left)
	_, err = d.Accept(ctx, d.attest(t))
	require.Equal(t, record.Conflict, record.CodeOf(err), "it is too early")
	d.passes(t, 340)
	require.Equal(t, 25, d.confirmation(t).Left)
	before := d.stored(t)
	c := d.attest(t)
	require.True(t, d.do(t, c).Applied)
	require.True(t, d.do(t, c).Applied, "the same again is the same")
	after := d.stored(t)
	require.Equal(t, before.State, after.State)
	require.Equal(t, before.InForce, after.InForce)
	require.Equal(t, before.Revision+1, after.Revision)
	confirmed := d.confirmation(t)
	require.Equal(t, 365, confirmed.Left)
	require.False(t, confirmed.Open)
	_, err = d.Accept(ctx, d.attest(t))
	require.Equal(t, record.Conflict, record.CodeOf(err), "once within a period")

	events, err := d.Events(ctx, d.profile)
	require.NoError(t, err)
	last := events[len(events)-1]
	require.Equal(t, string(record.Attest), last.Type)
	require.Equal(t, before.InForce, last.Version)
	require.Len(t, slices.DeleteFunc(events, func(e storage.Event) bool { return e.Type != string(record.Attest) }), 1)
	dossier, err := d.Dossier(ctx, d.subject.ID, d.account)
	require.NoError(t, err)
	require.Equal(t, string(record.Attest), dossier.Events[len(dossier.Events)-1].Type, "it is taken along")
	page, err := d.Changes(ctx, "", 10_000)
	require.NoError(t, err)
	require.Len(t, slices.DeleteFunc(page.Changes, func(c record.Change) bool { return c.Record != d.profile }), 1, "to others nothing has changed")
	d.passes(t, -340)
	d.verify(t)

	t.Run("I9 nobody else confirms it", func(t *testing.T) {
		other := newDeskOn(t, database)
		c := d.command(record.Attest, other.applicant())
		c.Subject = other.subject.ID
		_, err := d.Accept(ctx, c)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		_, err = d.Accept(ctx, d.command(record.Attest, reviewer(d.first)))
		require.Equal(t, record.Forbidden, record.CodeOf(err))
	})
}

func TestB11_AVersionThatComesInForceConfirms(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	d.yearly(true, nil)
	d.settle(t)
	d.passes(t, 400)
	require.True(t, d.confirmation(t).Stops)
	require.False(t, d.paper(t, time.Time{}))
	reopen := d.command(record.Reopen, record.Actor{Role: record.Supervisor, ID: d.boss})
	reopen.Reason = "复查"
	require.True(t, d.do(t, reopen).Applied)
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.True(t, d.confirmation(t).Stops, "that staff looked at it again is no word of the subject's")
	require.NoError(t, d.StartChange(t.Context(), d.account, d.subject.ID, d.profile, "迁址"))
	d.document.Address = "新址 9 号"
	d.save(t)
	require.True(t, d.submit(t).Applied)
	require.True(t, d.confirmation(t).Stops, "what is handed in too late has to be approved first")
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.Equal(t, 365, d.confirmation(t).Left)
	require.True(t, d.paper(t, time.Time{}))
}

// A confirmation is of what was seen, whatever comes between.
func TestB11_WhatChangedUnseenIsNotConfirmed(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	d.yearly(false, func(p *record.Policy) {
		p.Review = map[record.Kind]record.ReviewMode{record.OrganizationProfile: record.ReviewAutomatic}
	})
	require.True(t, d.submit(t).Applied)
	d.passes(t, 360)
	seen := d.attest(t)
	submit := func() record.Command {
		t.Helper()
		require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "迁址"))
		draft, err := d.Draft(ctx, d.subject.ID, d.profile)
		require.NoError(t, err)
		c := d.command(record.Submit, d.applicant())
		c.Draft = draft.Version
		_, err = d.Accept(ctx, c)
		require.NoError(t, err)
		return c
	}
	change := submit()
	_, err := d.Accept(ctx, seen)
	require.NoError(t, err)
	applied, err := d.Apply(ctx, d.profile, []record.ID{change.ID, seen.ID})
	require.NoError(t, err)
	require.True(t, applied.Outcomes[0].Applied)
	require.Equal(t, record.RefusedVersion, applied.Outcomes[1].Refusal)

	d.passes(t, 360)
	d.yearly(false, nil)
	seen = d.attest(t)
	change = submit()
	_, err = d.Accept(ctx, seen)
	require.NoError(t, err)
	applied, err = d.Apply(ctx, d.profile, []record.ID{change.ID, seen.ID})
	require.NoError(t, err)
	require.True(t, applied.Outcomes[0].Applied)
	require.Equal(t, record.RefusedState, applied.Outcomes[1].Refusal, "the change confirms it, or ends")
}

func TestB11_OfManyAtOnceOneConfirms(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	d.yearly(true, nil)
	d.settle(t)
	d.passes(t, 365)
	commands := make([]record.Command, 8)
	for i := range commands {
		commands[i] = d.attest(t)
	}
	applied, errs := make([]storage.Applied, len(commands)), make([]error, len(commands))
	var wait sync.WaitGroup
	for i, c := range commands {
		wait.Go(func() {
			if _, errs[i] = d.Accept(t.Context(), c); errs[i] == nil {
				applied[i], errs[i] = d.Apply(t.Context(), d.profile, []record.ID{c.ID})
			}
		})
	}
	wait.Wait()
	confirmed := 0
	for i := range commands {
		if errs[i] != nil {
			require.Equal(t, record.Conflict, record.CodeOf(errs[i]), errs[i])
		} else if applied[i].Outcomes[0].Applied {
			confirmed++
		}
	}
	require.Equal(t, 1, confirmed)
	d.passes(t, -365)
	d.verify(t)
}

func TestB11_WhoIsDueIsToldOnceForEachNotice(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	d.yearly(false, nil)
	d.settle(t)
	left := 365
	pass := func(to int) []string {
		t.Helper()
		d.passes(t, left-to)
		left = to
		errs := make([]error, 3)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { _, errs[i] = d.SweepExpiries(t.Context()) })
		}
		wait.Wait()
		require.NoError(t, errors.Join(errs...))
		return d.reminded(t)
	}
	require.Empty(t, pass(61))
	require.Equal(t, []string{"60"}, pass(60))
	require.Equal(t, []string{"60"}, pass(31))
	require.Equal(t, []string{"60", "7"}, pass(5), "T20 what was missed is caught up with the nearest")
	require.Equal(t, []string{"60", "7", "0"}, pass(0))
	require.Equal(t, []string{"60", "7", "0"}, pass(-20), "that day and afterwards are one notice")
	require.True(t, d.do(t, d.attest(t)).Applied)
	d.sweep(t)
	require.Len(t, d.reminded(t), 3)

	t.Run("another day that is due is told of anew, and not while a change is under way", func(t *testing.T) {
		d.asOwner(t, "ALTER TABLE events DISABLE TRIGGER events_append_only")
		d.asOwner(t, "UPDATE events SET at = at - interval '340 days' WHERE record = ?0 AND type = 'attest'")
		require.NoError(t, d.StartChange(t.Context(), d.account, d.subject.ID, d.profile, "迁址"))
		require.True(t, d.submit(t).Applied)
		d.sweep(t)
		require.Len(t, d.reminded(t), 3)
		require.True(t, d.do(t, d.command(record.Withdraw, d.applicant())).Applied)
		d.sweep(t)
		require.Equal(t, []string{"60", "7", "0", "30"}, d.reminded(t))
	})
	t.Run("where it is not asked for nobody is told", func(t *testing.T) {
		d.Store = storage.New(d.app, storagetest.Keys(), storagetest.Policy())
		d.asOwner(t, "DELETE FROM confirmation_notices WHERE record = ?0")
		d.sweep(t)
		require.Len(t, d.reminded(t), 4)
	})
}

func TestB11_WhatWasAcceptedInTimeStaysInTime(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	d.yearly(true, nil)
	d.settle(t)
	d.passes(t, 365)
	require.Zero(t, d.confirmation(t).Left)
	c := d.attest(t)
	_, err := d.Accept(ctx, c)
	require.NoError(t, err)
	d.passes(t, 1)
	d.asOwner(t, "UPDATE commands SET accepted_at = accepted_at - interval '1 day' WHERE record = ?0 AND done_at IS NULL")
	require.Equal(t, -1, d.confirmation(t).Left)
	require.False(t, d.confirmation(t).Overdue, "the engine is away")
	require.True(t, d.paper(t, time.Time{}))
	waiting, err := d.SubjectAt(ctx, d.subject.ID, time.Time{})
	require.NoError(t, err)
	applied, err := d.Apply(ctx, d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.True(t, applied.Outcomes[0].Applied)
	require.True(t, d.paper(t, waiting.At), "and the answer of that moment stays")

	t.Run("a change that was handed in on the last day, while staff look at it", func(t *testing.T) {
		d := newDeskOn(t, storagetest.Fresh(t))
		d.yearly(true, nil)
		d.settle(t)
		d.passes(t, 365)
		require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "迁址"))
		require.True(t, d.submit(t).Applied)
		d.passes(t, 10)
		d.asOwner(t, "ALTER TABLE versions DISABLE TRIGGER versions_append_only")
		d.asOwner(t, "UPDATE versions SET accepted_at = accepted_at - interval '10 days' WHERE record = ?0 AND no = 2")
		require.False(t, d.confirmation(t).Overdue)
		back := d.command(record.Return, reviewer(d.first))
		back.Reason = "请补正"
		require.True(t, d.do(t, back).Applied)
		require.True(t, d.submit(t).Applied, "corrected ten days later")
		require.False(t, d.confirmation(t).Overdue, "it is one filing")
		require.True(t, d.do(t, d.command(record.Withdraw, d.applicant())).Applied)
		require.True(t, d.confirmation(t).Stops, "what is taken back confirms nothing")
	})
}

func TestB11_StaffSwitchItOnAndNobodyIsOverdueAtOnce(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	other := storage.New(d.app, storagetest.Keys(), storagetest.Policy()) // another process
	d.settle(t)
	d.passes(t, 1000)
	rule := func(days int, stops bool) storage.RulesChanged {
		t.Helper()
		made, err := d.ChangeRules(ctx, boss, changing(record.RuleChange{Confirmation: &record.ConfirmationRule{Days: days, Stops: stops}}))
		require.NoError(t, err)
		return made
	}
	require.Empty(t, rule(0, false).Deltas, "it is off already")
	on := rule(365, true)
	require.Len(t, on.Deltas, 1)
	require.Zero(t, on.Deltas[0].ConfirmationBefore.Days)
	require.Equal(t, 365, on.Deltas[0].ConfirmationAfter.Days)
	require.Equal(t, storage.RulesChanged{Edition: on.Edition}, rule(365, true), "the same again makes no edition")
	c := d.confirmation(t)
	require.Equal(t, record.ConfirmationGrace, c.Left)
	require.True(t, c.Open)
	facts, _, err := other.EligibilityFacts(ctx, d.subject.ID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, c, facts.Confirmation, "every process answers by the latest edition")
	require.True(t, d.paper(t, time.Time{}))
	d.sweep(t)
	require.Equal(t, []string{"60"}, d.reminded(t))

	d.asOwner(t, "ALTER TABLE rule_editions DISABLE TRIGGER rule_editions_append_only")
	d.asOwner(t, "UPDATE rule_editions SET at = at - interval '61 days'")
	d.Store = storage.New(d.app, storagetest.Keys(), storagetest.Policy())
	over, err := d.SubjectAt(ctx, d.subject.ID, time.Time{})
	require.NoError(t, err)
	require.False(t, over.Eligibility.Paper)
	require.Contains(t, over.Eligibility.PaperReasons[0], "基本信息逾期未年度确认")
	require.True(t, d.confirmation(t).Stops)
	require.True(t, d.do(t, d.attest(t)).Applied)
	require.True(t, d.paper(t, time.Time{}))
	require.False(t, d.paper(t, over.At), "an answer of the past stays")
	rule(0, false)
	require.Zero(t, d.confirmation(t))
	require.False(t, d.paper(t, over.At), "also when nothing is asked for any more")

	history, err := d.RuleHistory(ctx)
	require.NoError(t, err)
	require.Len(t, history, 2)
	require.Equal(t, storage.RuleConfirmation, history[0].What)
	require.Equal(t, 365, history[0].Deltas[0].ConfirmationBefore.Days)
	require.True(t, history[0].Deltas[0].ConfirmationBefore.Stops)
	require.Zero(t, history[0].Deltas[0].ConfirmationAfter.Days)
	for _, statement := range []string{"UPDATE rule_confirmations SET days = 100", "DELETE FROM rule_confirmations"} {
		_, err := d.app.NewRaw(statement).Exec(ctx)
		require.ErrorContains(t, err, "permission denied")
		_, err = d.owner.NewRaw(statement).Exec(ctx)
		require.ErrorContains(t, err, "append-only")
	}
	_, err = d.ChangeRules(ctx, record.Actor{Role: record.Supervisor, ID: d.second}, changing(record.RuleChange{Confirmation: &record.ConfirmationRule{Days: 365}}))
	require.Equal(t, record.Forbidden, record.CodeOf(err))
}

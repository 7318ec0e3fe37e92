package storage_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// dayFromNow is a civil date in Shanghai.
func dayFromNow(days int) string {
	return time.Now().In(record.Shanghai).AddDate(0, 0, days).Format(time.DateOnly)
}

func changing(c record.RuleChange) storage.RuleChanging {
	return storage.RuleChanging{RuleChange: c, Expected: storage.AnyEdition}
}

func holiday(days int, name string) storage.RuleChanging {
	return changing(record.RuleChange{Day: &record.Day{Date: dayFromNow(days), Name: name, Source: "测试", Staff: true}})
}

func TestB03_AChangeOfRulesIsOneEditionAndOneEvent(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	other := storage.New(d.app, storagetest.Keys(), storagetest.Policy()) // another process
	require.Zero(t, d.Policy().Edition)

	look := holiday(3, "停电检修")
	look.Look = true
	seen, err := d.ChangeRules(ctx, boss, look)
	require.NoError(t, err)
	require.Zero(t, seen.Edition)
	require.Len(t, seen.Deltas, 1)
	require.Equal(t, dayFromNow(3), seen.Deltas[0].Date)
	require.False(t, seen.Deltas[0].DayAfter.Works)
	require.Zero(t, d.Policy().Edition, "a look changes nothing")

	made, err := d.ChangeRules(ctx, boss, holiday(3, "停电检修"))
	require.NoError(t, err)
	require.Equal(t, storage.RulesChanged{Edition: 1, Deltas: seen.Deltas}, made)
	require.Equal(t, int64(1), d.Policy().Edition, "who changed them goes by them")
	require.Zero(t, other.Policy().Edition)
	changed, err := other.FollowRules(ctx)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "停电检修", other.Policy().Calendar.On(dayFromNow(3)).Name)
	changed, err = other.FollowRules(ctx)
	require.NoError(t, err)
	require.False(t, changed)

	again, err := d.ChangeRules(ctx, boss, holiday(3, "停电检修"))
	require.NoError(t, err)
	require.Equal(t, storage.RulesChanged{Edition: 1}, again, "what changes nothing makes no edition")

	share := 20
	for _, c := range []record.RuleChange{
		{Periods: map[record.Kind]record.Periods{record.Award: {Review: 7}, record.Performance: {}}, Note: "获奖信息核实较慢"},
		{Sample: &share},
		{Notice: []record.Day{{Date: dayFromNow(400), Name: "元旦", Source: "国办"}}},
	} {
		_, err := d.ChangeRules(ctx, record.Actor{Role: record.Supervisor}, changing(c))
		require.NoError(t, err)
	}
	p := d.Policy()
	require.Equal(t, record.Periods{Review: 7, Second: 2, Correction: 5}, p.PeriodsOf(record.Award))
	require.Equal(t, record.Periods{Review: 2, Second: 2, Correction: 5}, p.PeriodsOf(record.Performance))
	require.Equal(t, 20, p.SamplePercent)
	require.True(t, p.Calendar.CoversYear(time.Now().AddDate(0, 0, 400).In(record.Shanghai).Year()))
	require.Equal(t, "停电检修", p.Calendar.On(dayFromNow(3)).Name)

	history, err := d.RuleHistory(ctx)
	require.NoError(t, err)
	require.Len(t, history, 4)
	for i, what := range []storage.RuleSubject{storage.RuleNotice, storage.RuleSample, storage.RulePeriods, storage.RuleDay} {
		require.Equal(t, what, history[i].What)
		require.Equal(t, int64(4-i), history[i].No)
		require.Len(t, history[i].Deltas, 1, what)
	}
	require.Equal(t, seen.Deltas, history[3].Deltas)
	require.Equal(t, "周婧", history[3].Name)
	require.Equal(t, d.boss, history[3].By)
	require.Equal(t, "获奖信息核实较慢", history[2].Note)
	require.Empty(t, history[2].Name, "the command line")
	require.Equal(t, storage.RuleDelta{Kind: record.Award, PeriodsAfter: record.Periods{Review: 7}}, history[2].Deltas[0])
	require.Equal(t, storage.RuleDelta{SampleAfter: 20}, history[1].Deltas[0])

	var events []struct {
		Actor record.ID
		Data  map[string]any `bun:"type:jsonb"`
	}
	require.NoError(t, d.app.NewRaw("SELECT coalesce(actor::text, '') AS actor, data FROM events WHERE type = 'rules_changed' ORDER BY no").Scan(ctx, &events))
	require.Len(t, events, 4)
	require.Equal(t, d.boss, events[0].Actor)
	require.Equal(t, map[string]any{"what": "day", "edition": 1.0, "count": 1.0}, events[0].Data)
	found, err := d.Verify(ctx)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestB03_RulesAreOnlyAddedTo(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	share := 1
	for _, c := range []record.RuleChange{
		{Periods: map[record.Kind]record.Periods{record.Award: {Review: 7}}}, {Sample: &share}, {Notice: []record.Day{{Date: dayFromNow(5), Name: "x"}}},
	} {
		_, err := d.ChangeRules(t.Context(), record.Actor{}, changing(c))
		require.NoError(t, err)
	}
	for _, statement := range []string{
		"UPDATE rule_editions SET note = 'x'", "DELETE FROM rule_days", "UPDATE rule_periods SET review = 1", "DELETE FROM rule_samples", "DELETE FROM rule_years",
	} {
		_, err := d.app.NewRaw(statement).Exec(t.Context())
		require.ErrorContains(t, err, "permission denied", statement)
		_, err = d.owner.NewRaw(statement).Exec(t.Context())
		require.ErrorContains(t, err, "append-only", statement)
	}
}

func TestB03_WhoMayChangeTheRulesIsAskedInTheTransaction(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	for name, by := range map[string]record.Actor{
		"a reviewer":                   {Role: record.Reviewer, ID: d.first},
		"one who says to be more":      {Role: record.Supervisor, ID: d.second},
		"nobody that is known":         {Role: record.Supervisor, ID: storage.NewID()},
		"a supervisor that was let go": {Role: record.Supervisor, ID: d.boss},
	} {
		if by.ID == d.boss {
			_, err := d.owner.NewRaw("UPDATE staff SET disabled_at = now() WHERE id = ?", d.boss).Exec(ctx)
			require.NoError(t, err)
		}
		_, err := d.ChangeRules(ctx, by, holiday(3, "x"))
		require.Equal(t, record.Forbidden, record.CodeOf(err), name)
	}
	_, err := d.ChangeRules(ctx, record.Actor{}, changing(record.RuleChange{Day: &record.Day{Date: "soon"}}))
	require.Equal(t, record.Invalid, record.CodeOf(err))
	history, err := d.RuleHistory(ctx)
	require.NoError(t, err)
	require.Empty(t, history)
}

func TestB03_OfTwoChangesAtOnceOneIsTold(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	errs := make([]error, 8)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() {
			c := holiday(10+i, "x")
			c.Expected = 0
			_, errs[i] = d.ChangeRules(t.Context(), record.Actor{Role: record.Supervisor, ID: d.boss}, c)
		})
	}
	wait.Wait()
	conflicts := 0
	for _, err := range errs {
		if err != nil {
			require.Equal(t, record.Conflict, record.CodeOf(err))
			conflicts++
		}
	}
	require.Equal(t, len(errs)-1, conflicts)
	require.Equal(t, int64(1), d.Policy().Edition)
}

// stored is the row of the desk's profile.
func (d *desk) stored(t *testing.T) record.Record {
	t.Helper()
	r, err := d.Record(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	return r
}

// since moves the beginning of the present stage back by days.
func (d *desk) since(t *testing.T, days int) time.Time {
	t.Helper()
	_, err := d.owner.NewRaw("UPDATE records SET filed_at = filed_at - ? * interval '1 day' WHERE id = ?", days, d.profile).Exec(t.Context())
	require.NoError(t, err)
	return d.stored(t).FiledAt
}

func TestB03_TheTransactionGoesByTheLatestEdition(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	other := storage.New(d.app, storagetest.Keys(), storagetest.Policy())
	_, err := other.ChangeRules(ctx, boss, changing(record.RuleChange{
		Periods: map[record.Kind]record.Periods{record.OrganizationProfile: {Review: 9, Correction: 20}},
	}))
	require.NoError(t, err)
	require.Zero(t, d.Policy().Edition, "this process has not looked yet")
	require.True(t, d.submit(t).Applied)
	require.Equal(t, int64(1), d.Policy().Edition)
	r := d.stored(t)
	require.WithinDuration(t, d.Policy().Calendar.AddWorkingDays(r.FiledAt, 9), r.DueAt, 0)
	applied, err := d.Apply(ctx, d.profile, nil)
	require.NoError(t, err)
	require.WithinDuration(t, r.DueAt, applied.Plan.EscalateAt, 0, "the workflow waits for what the page shows")
	require.WithinDuration(t, r.RemindAt, applied.Plan.RemindAt, 0)

	next := d.Policy().Calendar.AddWorkingDays(time.Now(), 1).Format(time.DateOnly)
	_, err = other.ChangeRules(ctx, boss, changing(record.RuleChange{Day: &record.Day{Date: next, Name: "停业", Staff: true}}))
	require.NoError(t, err)
	outdated, _, err := d.OutdatedPlans(ctx, "", 10)
	require.NoError(t, err)
	require.Equal(t, int64(2), d.Policy().Edition, "reconciliation looks, too")
	require.Equal(t, []record.ID{d.profile}, outdated)
	_, err = other.ChangeRules(ctx, boss, changing(record.RuleChange{Day: &record.Day{Date: next, Works: true, Staff: true}}))
	require.NoError(t, err)
	plan, _, err := d.Plan(ctx, d.profile)
	require.NoError(t, err)
	require.WithinDuration(t, r.DueAt, plan.EscalateAt, 0, "and back: the plan was looked up by the third edition")
}

// B03: the review period pauses while the filing is with the bidder.
func TestB03_TheReviewPeriodPausesWhileWithTheBidder(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	filed := d.since(t, 3)
	calendar := d.Policy().Calendar
	c := d.command(record.Return, reviewer(d.first))
	c.Reason = "请补正"
	require.True(t, d.do(t, c).Applied)
	r := d.stored(t)
	first := calendar.WorkingDays(filed, r.FiledAt)
	require.Equal(t, record.Used{Review: first}, r.Used)
	require.WithinDuration(t, calendar.AddWorkingDays(r.FiledAt, 5), r.DueAt, 0, "a correction has its whole period")

	d.since(t, 4) // with the bidder, which costs nothing
	require.True(t, d.submit(t).Applied)
	r = d.stored(t)
	require.Equal(t, first, r.Used.Review)
	require.WithinDuration(t, calendar.AddWorkingDays(r.FiledAt, max(1, 2-first)), r.DueAt, 0)

	filed = d.since(t, 7)
	c = d.command(record.Return, reviewer(d.first))
	c.Reason = "请再补正"
	require.True(t, d.do(t, c).Applied)
	second := calendar.WorkingDays(filed, d.stored(t).FiledAt)
	require.Equal(t, first+second, d.stored(t).Used.Review, "rounds add up")
	require.True(t, d.submit(t).Applied)
	r = d.stored(t)
	require.WithinDuration(t, calendar.AddWorkingDays(r.FiledAt, 1), r.DueAt, 0, "one full working day is left")
	var due time.Time
	require.NoError(t, d.app.NewRaw("SELECT due_at FROM review_tasks WHERE record = ? AND closed_at IS NULL", d.profile).Scan(t.Context(), &due))
	require.WithinDuration(t, r.DueAt, due, 0)

	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
	require.Zero(t, d.stored(t).Used, "the next filing begins anew")
}

// B03: what a subject was told is not taken back by a rule that changes.
func TestB03_APromisedCorrectionPeriodIsNotShortened(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	require.True(t, d.submit(t).Applied)
	c := d.command(record.Return, reviewer(d.first))
	c.Reason = "请补正"
	require.True(t, d.do(t, c).Applied)
	filed := d.since(t, 8)
	_, _, err := d.Plan(ctx, d.profile)
	require.NoError(t, err)
	promised := d.stored(t).DueAt
	period := func(days int) {
		t.Helper()
		_, err := d.ChangeRules(ctx, boss, changing(record.RuleChange{
			Periods: map[record.Kind]record.Periods{record.OrganizationProfile: {Correction: days}},
		}))
		require.NoError(t, err)
	}
	period(1)
	plan, _, err := d.Plan(ctx, d.profile)
	require.NoError(t, err)
	require.WithinDuration(t, promised, plan.LapseAt, 0)
	outdated, _, err := d.OutdatedPlans(ctx, "", 10)
	require.NoError(t, err)
	require.Empty(t, outdated)
	applied, err := d.Lapse(ctx, d.profile)
	require.NoError(t, err)
	require.Equal(t, record.Returned, applied.State.Filing)

	period(30)
	outdated, _, err = d.OutdatedPlans(ctx, "", 10)
	require.NoError(t, err)
	require.Equal(t, []record.ID{d.profile}, outdated)
	plan, _, err = d.Plan(ctx, d.profile)
	require.NoError(t, err)
	require.WithinDuration(t, d.Policy().Calendar.AddWorkingDays(filed, 30), plan.LapseAt, 0, "a longer one is given")
	require.WithinDuration(t, plan.LapseAt, d.stored(t).DueAt, 0)
}

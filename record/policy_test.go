package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
)

func shanghai(t interface{ Fatal(...any) }, text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, record.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func periodPolicy() record.Policy {
	return record.Policy{ReviewDays: 3, CorrectionDays: 5, Calendar: record.DefaultCalendar()}
}

// B03: the review period pauses while the filing is with the bidder.
func TestB03_AReviewGoesOnWithWhatEarlierRoundsHaveLeft(t *testing.T) {
	p := periodPolicy()
	for name, c := range map[string]struct {
		rounds [][2]string // submitted, returned
		again  string      // submitted for the last time
		used   int
		due    string
	}{
		"a first filing":                         {nil, "2026-03-02 10:00", 0, "2026-03-05"},
		"returned on the day of the filing":      {[][2]string{{"2026-03-02 10:00", "2026-03-02 16:00"}}, "2026-03-04 09:00", 0, "2026-03-09"},
		"a pause within a day moves nothing":     {[][2]string{{"2026-03-02 10:00", "2026-03-03 09:00"}}, "2026-03-03 17:00", 1, "2026-03-05"},
		"one day used, a week with the bidder":   {[][2]string{{"2026-03-02 10:00", "2026-03-03 09:00"}}, "2026-03-10 09:00", 1, "2026-03-12"},
		"two rounds add up":                      {[][2]string{{"2026-03-02 10:00", "2026-03-03 09:00"}, {"2026-03-05 10:00", "2026-03-06 09:00"}}, "2026-03-09 10:00", 2, "2026-03-10"},
		"one full working day is always left":    {[][2]string{{"2026-03-02 10:00", "2026-03-05 23:00"}}, "2026-03-06 23:50", 3, "2026-03-09"},
		"an overdue review has one day, too":     {[][2]string{{"2026-03-02 10:00", "2026-03-20 10:00"}}, "2026-03-23 10:00", 14, "2026-03-24"},
		"days off are not used up":               {[][2]string{{"2026-03-06 10:00", "2026-03-09 10:00"}}, "2026-03-10 10:00", 1, "2026-03-12"},
		"nor those of a festival":                {[][2]string{{"2026-02-13 10:00", "2026-02-24 10:00"}}, "2026-02-25 10:00", 2, "2026-02-26"},
		"what is filed on a day off uses up nil": {[][2]string{{"2026-03-07 10:00", "2026-03-08 10:00"}}, "2026-03-08 11:00", 0, "2026-03-11"},
	} {
		var used record.Used
		for _, round := range c.rounds {
			used = p.Spend(used, record.UnderReview, shanghai(t, round[0]), shanghai(t, round[1]))
			used = p.Spend(used, record.Returned, shanghai(t, round[1]), shanghai(t, c.again))
		}
		require.Equal(t, record.Used{Review: c.used}, used, name)
		plan := p.PlanFor(record.Award, record.UnderReview, shanghai(t, c.again), used)
		require.Equal(t, c.due+" 23:59:59", plan.EscalateAt.Format(time.DateTime), name)
		require.False(t, plan.RemindAt.Before(shanghai(t, c.again)) || plan.RemindAt.After(plan.EscalateAt), name)
		require.Zero(t, plan.LapseAt, name)
	}
}

func TestB03_StagesHavePeriodsOfTheirOwn(t *testing.T) {
	p := periodPolicy()
	p.Periods = map[record.Kind]record.Periods{record.Award: {Review: 7, Correction: 10}, record.Performance: {Second: 1}}
	require.Equal(t, record.Periods{Review: 7, Second: 3, Correction: 10}, p.PeriodsOf(record.Award))
	require.Equal(t, record.Periods{Review: 3, Second: 1, Correction: 5}, p.PeriodsOf(record.Performance))
	require.Equal(t, record.Periods{Review: 3, Second: 3, Correction: 5}, p.PeriodsOf(record.Qualification))
	since := shanghai(t, "2026-03-02 10:00")
	used := record.Used{Review: 2, Second: 1}
	due := func(k record.Kind, f record.Filing) string {
		plan := p.PlanFor(k, f, since, used)
		if f == record.Returned {
			require.Zero(t, plan.EscalateAt)
			return plan.LapseAt.Format(time.DateOnly)
		}
		return plan.EscalateAt.Format(time.DateOnly)
	}
	require.Equal(t, "2026-03-09", due(record.Award, record.UnderReview), "five of seven are left")
	require.Equal(t, "2026-03-04", due(record.Award, record.SecondReview), "two of three")
	require.Equal(t, "2026-03-16", due(record.Award, record.Returned), "a correction always has its whole period")
	require.Equal(t, "2026-03-03", due(record.Performance, record.SecondReview), "never less than one")
	require.Equal(t, "2026-03-03", due(record.Qualification, record.UnderReview))
	require.Zero(t, p.PlanFor(record.Award, record.NothingFiled, since, used))
	require.Equal(t, used, p.Spend(used, record.NothingFiled, since, since.AddDate(0, 1, 0)))
	require.Equal(t, record.Used{Review: 2, Second: 3}, p.Spend(used, record.SecondReview, since, since.AddDate(0, 0, 2)))
	require.Equal(t, 5, p.Left(record.Award, record.UnderReview, used))
}

// B03: whatever the rounds, the calendar and the period, a corrected filing is
// never due before one full working day is over, nor later than a whole period;
// and the time with the bidder costs the reviewer nothing.
func TestB03_ThePauseNeverLeavesLessThanAWorkingDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := periodPolicy()
		p.ReviewDays = rapid.IntRange(1, 15).Draw(t, "days")
		var days []record.Day
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 90), rapid.ID[int]).Draw(t, "exceptions") {
			day := shanghai(t, "2026-03-01 12:00").AddDate(0, 0, n)
			days = append(days, record.Day{Date: day.Format(time.DateOnly), Works: rapid.Bool().Draw(t, "works"), Name: "x", Staff: true})
		}
		p.Calendar = p.Calendar.With(days, nil)
		minutes := rapid.IntRange(1, 6*24*60)
		at := shanghai(t, "2026-03-01 00:00").Add(time.Duration(minutes.Draw(t, "first")) * time.Minute)
		var used record.Used
		previous := p.PlanFor(record.Award, record.UnderReview, at, used).EscalateAt
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			returned := at.Add(time.Duration(minutes.Draw(t, "review")) * time.Minute)
			used = p.Spend(used, record.UnderReview, at, returned)
			at = returned.Add(time.Duration(minutes.Draw(t, "correction")) * time.Minute)
			plan := p.PlanFor(record.Award, record.UnderReview, at, used)
			if plan.EscalateAt.Before(p.Calendar.AddWorkingDays(at, 1)) {
				t.Fatalf("due %s, less than a working day after %s", plan.EscalateAt, at)
			}
			if plan.EscalateAt.After(p.Calendar.AddWorkingDays(at, p.ReviewDays)) {
				t.Fatalf("due %s, more than a period after %s", plan.EscalateAt, at)
			}
			if plan.EscalateAt.Before(previous) {
				t.Fatalf("due %s, before %s as it was without the pause", plan.EscalateAt, previous)
			}
			if plan.RemindAt.Before(at) || plan.RemindAt.After(plan.EscalateAt) {
				t.Fatalf("reminder %s of what is due %s", plan.RemindAt, plan.EscalateAt)
			}
			previous = plan.EscalateAt
		}
	})
}

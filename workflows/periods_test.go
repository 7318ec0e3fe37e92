package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/workflows"
)

// B03: after a correction the workflow waits for what earlier rounds have left of
// the review period, and no longer.
func TestB03_TheTimersGoOnWithWhatIsLeft(t *testing.T) {
	j := newJourney(t)
	j.ledger.policy.ReviewDays = 3
	j.at(monday, func() { j.give(entry{move: record.Submit}) })                             // due on Thursday the 5th
	j.at(shanghai(time.March, 3, 9, 30, 0), func() { j.give(entry{move: record.Return}) })  // one day used
	j.at(shanghai(time.March, 6, 11, 0, 0), func() { j.give(entry{move: record.Submit}) })  // two days left
	j.at(shanghai(time.March, 11, 10, 0, 0), func() { j.give(entry{move: record.Return}) }) // overdue
	j.at(shanghai(time.March, 11, 11, 0, 0), func() { j.give(entry{move: record.Submit}) }) // one full day
	j.at(shanghai(time.March, 13, 10, 0, 0), func() { j.give(entry{move: record.Approve}) })
	j.run()
	came(t, j.ledger.escalated, shanghai(time.March, 10, 23, 59, 59), shanghai(time.March, 12, 23, 59, 59))
	came(t, j.ledger.reminded, shanghai(time.March, 6, 9, 0, 0), shanghai(time.March, 9, 9, 0, 0), shanghai(time.March, 12, 9, 0, 0))
	require.Empty(t, j.ledger.lapses)
}

// B03: a second review runs under a period of its own, and so does every kind.
func TestB03_ASecondReviewHasItsOwnTimers(t *testing.T) {
	j := newJourney(t)
	j.ledger.second = true
	j.ledger.policy.Periods = map[record.Kind]record.Periods{record.OrganizationProfile: {Review: 4, Second: 1, Correction: 2}}
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() { j.give(entry{move: record.Approve}) })
	j.at(shanghai(time.March, 4, 10, 0, 0), func() { j.give(entry{move: record.Return, role: record.Confirmer}) })
	j.run()
	came(t, j.ledger.escalated, shanghai(time.March, 3, 23, 59, 59))
	came(t, j.ledger.reminded, shanghai(time.March, 3, 9, 0, 0), shanghai(time.March, 5, 9, 0, 0))
	require.Len(t, j.ledger.lapses, 1)
	require.WithinDuration(t, shanghai(time.March, 6, 23, 59, 59), j.ledger.lapses[0], time.Second)
	require.Equal(t, record.Used{}, j.ledger.used, "the filing is over")
}

// B03: a holiday that is set while a second review waits moves its timers.
func TestB03_AChangedCalendarMovesTheTimersOfASecondReview(t *testing.T) {
	j := newJourney(t)
	j.ledger.second = true
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() { j.give(entry{move: record.Approve}) })
	j.at(monday.Add(2*time.Hour), func() {
		j.ledger.set(func() {
			j.ledger.policy = j.ledger.policy.Under(record.Rules{Edition: 1, Days: []record.Day{{Date: "2026-03-03", Name: "停业", Staff: true}}})
		})
		j.env.SignalWorkflow(workflows.SignalReplan, nil)
	})
	j.at(shanghai(time.March, 6, 10, 0, 0), func() { j.give(entry{move: record.Confirm}) })
	j.run()
	require.Equal(t, 1, j.ledger.planned)
	came(t, j.ledger.reminded, shanghai(time.March, 4, 9, 0, 0))
	came(t, j.ledger.escalated, shanghai(time.March, 5, 23, 59, 59))
}

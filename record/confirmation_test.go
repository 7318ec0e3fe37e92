package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
)

// civil is an instant in Shanghai.
func civil(t require.TestingT, text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, record.Shanghai)
	require.NoError(t, err)
	return at
}

// yearly asks for a confirmation in so many days from an instant on.
func yearly(t require.TestingT, since string, days int, stops bool) record.ConfirmationRule {
	return record.ConfirmationRule{Since: civil(t, since), Days: days, Stops: stops}
}

func TestB11_TheLastDayFollowsFromTheLastConfirmation(t *testing.T) {
	longAgo := record.ConfirmationRules{yearly(t, "2020-01-01 00:00:00", 365, true)}
	for _, c := range []struct{ name, confirmed, due string }{
		{"a year", "2026-03-05 09:30:00", "2027-03-05"},
		{"365 days over a leap day", "2027-03-05 09:30:00", "2028-03-04"},
		{"from a leap day", "2028-02-29 12:00:00", "2029-02-28"},
		{"the day is that of Shanghai, before midnight", "2026-03-05 23:59:59", "2027-03-05"},
		{"and after it", "2026-03-06 00:00:00", "2027-03-06"},
	} {
		t.Run(c.name, func(t *testing.T) {
			confirmed, due := civil(t, c.confirmed), civil(t, c.due+" 23:59:59")
			of := func(at time.Time) record.Confirmation {
				return longAgo.Of(record.ConfirmationFacts{Confirmed: confirmed}, at.UTC())
			}
			require.WithinDuration(t, due, of(confirmed).Due, 0)
			require.False(t, of(due.AddDate(0, 0, -61)).Open, "it is too early")
			require.True(t, of(due.AddDate(0, 0, -60)).Open)
			require.Equal(t, 60, of(due.AddDate(0, 0, -60)).Left)
			last := of(due)
			require.Zero(t, last.Left)
			require.False(t, last.Overdue, "the last day counts to its end")
			over := of(due.Add(time.Second))
			require.Equal(t, -1, over.Left)
			require.True(t, over.Open)
			require.True(t, over.Overdue)
			require.True(t, over.Stops)
		})
	}
	t.Run("what is not in force is not confirmed", func(t *testing.T) {
		require.Zero(t, longAgo.Of(record.ConfirmationFacts{}, time.Now()))
	})
	t.Run("without a rule nothing is asked for", func(t *testing.T) {
		confirmed := civil(t, "2001-01-01 00:00:00")
		require.Equal(t, record.Confirmation{Confirmed: confirmed}, record.ConfirmationRules(nil).Of(record.ConfirmationFacts{Confirmed: confirmed}, time.Now()))
	})
}

func TestB11_WhatWasAcceptedInTimeIsInTime(t *testing.T) {
	rules := record.ConfirmationRules{yearly(t, "2020-01-01 00:00:00", 365, true)}
	facts := record.ConfirmationFacts{Confirmed: civil(t, "2026-03-05 09:30:00")}
	at := civil(t, "2027-03-20 10:00:00")
	require.True(t, rules.Of(facts, at).Stops)
	facts.Filed = civil(t, "2027-03-05 23:59:59").Add(time.Second / 2)
	in := rules.Of(facts, at)
	require.False(t, in.Overdue, "the engine, or the staff, may take their time")
	require.False(t, in.Stops)
	require.Equal(t, -15, in.Left)
	facts.Filed = civil(t, "2027-03-06 00:00:00")
	require.True(t, rules.Of(facts, at).Stops)
}

func TestB11_ARuleThatIsNewLeavesTime(t *testing.T) {
	confirmed := civil(t, "2024-01-10 09:00:00")
	for _, c := range []struct {
		name  string
		rules record.ConfirmationRules
		at    string
		due   string // "" for none
		stops bool
	}{
		{"before it begins", record.ConfirmationRules{yearly(t, "2026-06-01 14:00:00", 365, true)}, "2026-06-01 13:59:59", "", false},
		{"who was never due gets 60 days", record.ConfirmationRules{yearly(t, "2026-06-01 14:00:00", 365, true)}, "2026-06-01 14:00:00", "2026-07-31", false},
		{"and is overdue afterwards", record.ConfirmationRules{yearly(t, "2026-06-01 14:00:00", 365, true)}, "2026-08-01 00:00:00", "2026-07-31", true},
		{"who has longer keeps it", record.ConfirmationRules{yearly(t, "2024-02-01 14:00:00", 365, true)}, "2024-02-02 00:00:00", "2025-01-09", false},
		{"shortened, at least 60 days are left", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 1000, true), yearly(t, "2026-06-01 14:00:00", 365, true),
		}, "2026-06-02 00:00:00", "2026-07-31", false},
		{"shortened, who had less left keeps that", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, true), yearly(t, "2025-01-01 14:00:00", 200, true),
		}, "2025-01-02 00:00:00", "2025-01-09", false},
		{"made longer, who was overdue is not", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, true), yearly(t, "2025-02-01 14:00:00", 730, true),
		}, "2025-02-02 00:00:00", "2026-01-09", false},
		{"switched off, nobody is due", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, true), yearly(t, "2025-02-01 14:00:00", 0, false),
		}, "2025-02-02 00:00:00", "", false},
		{"switched on again, everybody has time again", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, true), yearly(t, "2025-02-01 14:00:00", 0, false), yearly(t, "2025-03-01 14:00:00", 365, true),
		}, "2025-03-02 00:00:00", "2025-04-30", false},
		{"only reminded of, who is overdue may bid", record.ConfirmationRules{yearly(t, "2020-01-01 00:00:00", 365, false)}, "2025-02-02 00:00:00", "2025-01-09", false},
		{"beginning to stop leaves time, too", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, false), yearly(t, "2025-03-01 14:00:00", 365, true),
		}, "2025-03-02 00:00:00", "2025-04-30", false},
		{"a note to the same rule moves nothing", record.ConfirmationRules{
			yearly(t, "2020-01-01 00:00:00", 365, true), yearly(t, "2025-03-01 14:00:00", 365, true),
		}, "2025-03-02 00:00:00", "2025-01-09", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.rules.Of(record.ConfirmationFacts{Confirmed: confirmed}, civil(t, c.at))
			if c.due == "" {
				require.Equal(t, record.Confirmation{Confirmed: confirmed}, got)
				return
			}
			require.Equal(t, c.due+" 23:59:59", got.Due.Format("2006-01-02 15:04:05"))
			require.Equal(t, c.stops, got.Stops)
		})
	}
}

// Whatever rules are made, by nobody's edit is anybody overdue who was not, and no
// rule that is made later changes an answer for an instant before it.
func TestB11_NoRuleMakesOverdueAndNoneReachesBack(t *testing.T) {
	start := civil(t, "2024-01-01 08:00:00")
	rapid.Check(t, func(t *rapid.T) {
		var rules record.ConfirmationRules
		at := start
		for range rapid.IntRange(1, 6).Draw(t, "rules") {
			at = at.AddDate(0, 0, rapid.IntRange(1, 400).Draw(t, "later"))
			rules = append(rules, record.ConfirmationRule{
				Since: at, Days: rapid.SampledFrom([]int{0, 90, 180, 365, 730}).Draw(t, "days"), Stops: rapid.Bool().Draw(t, "stops"),
			})
		}
		facts := record.ConfirmationFacts{Confirmed: start.AddDate(0, 0, rapid.IntRange(0, 30).Draw(t, "confirmed"))}
		for i, rule := range rules {
			before, after := rules[:i].Of(facts, rule.Since), rules[:i+1].Of(facts, rule.Since)
			if after.Overdue && !before.Overdue {
				t.Fatalf("rule %d makes overdue: %v, then %v", i, before, after)
			}
			if after.Stops && !before.Stops {
				t.Fatalf("rule %d stops at once: %v, then %v", i, before, after)
			}
			past := rule.Since.Add(-time.Second)
			if got := rules.Of(facts, past); got != rules[:i].Of(facts, past) {
				t.Fatalf("rule %d changes an answer of the past", i)
			}
		}
	})
}

func TestB11_WhatStaffMakeLiesOverTheConfiguration(t *testing.T) {
	configured := record.Policy{Confirmations: record.ConfirmationRules{yearly(t, "2026-01-01 00:00:00", 365, false)}}
	made := yearly(t, "2026-06-01 14:00:00", 180, true)
	policy := configured.Under(record.Rules{Edition: 1, Confirmations: record.ConfirmationRules{made}})
	require.Equal(t, 365, policy.Confirmations.At(made.Since.Add(-time.Second)).Days)
	require.Equal(t, 180, policy.Confirmations.At(made.Since).Days)
	require.Equal(t, 365, configured.Under(record.Rules{Edition: 2}).Confirmations.At(made.Since).Days)
	late := record.Policy{Confirmations: record.ConfirmationRules{yearly(t, "2027-01-01 00:00:00", 365, false)}}
	require.Equal(t, 180, late.Under(record.Rules{Confirmations: record.ConfirmationRules{made}}).Confirmations.At(civil(t, "2028-01-01 00:00:00")).Days,
		"what was configured for later does not come back")
	for days, ok := range map[int]bool{0: true, 89: false, 90: true, 1830: true, 1831: false, -1: false} {
		err := record.RuleChange{Confirmation: &record.ConfirmationRule{Days: days}}.Check(time.Now())
		require.Equal(t, ok, err == nil, days)
	}
}

func TestB11_WhoIsOverdueMayNotBidWherePolicySaysSo(t *testing.T) {
	facts := record.EligibilityFacts{
		Profile: record.State{Standing: record.InForce, Filing: record.NothingFiled}, Assurance: record.ByCertificate, Certificates: 1,
		Confirmation: record.Confirmation{Overdue: true, Open: true},
	}
	require.True(t, record.EligibilityOf(facts).Electronic, "policy only reminds")
	facts.Confirmation.Stops = true
	e := record.EligibilityOf(facts)
	require.False(t, e.Paper)
	require.False(t, e.Electronic)
	require.Contains(t, e.PaperReasons[0], "基本信息逾期未年度确认")
	require.Equal(t, e.PaperReasons, e.ElectronicReasons)
	facts.Profile.Standing = record.NotInForce
	require.Contains(t, record.EligibilityOf(facts).PaperReasons[0], "尚未提交", "what comes first is said first")
}

func TestB11_OnlyAProfileAtRestIsConfirmedWhenItIsTime(t *testing.T) {
	settled := record.State{Standing: record.InForce, Filing: record.NothingFiled}
	for _, kind := range record.Kinds() {
		for _, state := range record.States() {
			for _, due := range []bool{false, true} {
				next, ok := record.Next(state, record.Attest, record.Applicant, record.Facts{Kind: kind, NeedsReview: true, Confirmable: due})
				require.Equal(t, kind.Profile() && state == settled && due, ok, "%s %v", kind, state)
				require.Equal(t, state, next)
			}
		}
	}
}

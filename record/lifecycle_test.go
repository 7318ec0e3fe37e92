package record_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
)

// legal is the lifecycle in the words of the design, written down a second
// time: a mistake in the product's table shows as a difference to this one.
var legal = map[record.Move]map[string]string{
	record.Submit: {
		"none/none": "none/under_review", "in_force/none": "in_force/under_review",
		"none/returned": "none/under_review", "in_force/returned": "in_force/under_review",
	},
	record.Withdraw: {"none/under_review": "none/none", "in_force/under_review": "in_force/none"},
	record.Return: {
		"none/under_review": "none/returned", "in_force/under_review": "in_force/returned",
		"none/second_review": "none/returned", "in_force/second_review": "in_force/returned",
	},
	record.Approve: {"none/under_review": "in_force/none", "in_force/under_review": "in_force/none"},
	record.Confirm: {"none/second_review": "in_force/none", "in_force/second_review": "in_force/none"},
	record.Reject:  {"none/second_review": "none/under_review", "in_force/second_review": "in_force/under_review"},
	record.Lapse:   {"none/returned": "none/none", "in_force/returned": "in_force/none"},
	record.Discard: {"none/returned": "none/none", "in_force/returned": "in_force/none"},
	record.Void:    {}, // not for 基本信息
	record.Restore: {"voided/none": "in_force/none"},
	record.Release: {}, // practitioners only
	record.Reopen:  {"in_force/none": "in_force/under_review"},
	record.Attest:  {"in_force/none": "in_force/none"},
}

var actors = map[record.Move][]record.Role{
	record.Submit: {record.Applicant}, record.Withdraw: {record.Applicant}, record.Discard: {record.Applicant},
	record.Void: {record.Applicant}, record.Restore: {record.Applicant}, record.Release: {record.Applicant},
	record.Return: {record.Reviewer, record.Confirmer, record.Supervisor}, record.Approve: {record.Reviewer, record.Confirmer, record.Supervisor},
	record.Confirm: {record.Confirmer, record.Supervisor}, record.Reject: {record.Confirmer, record.Supervisor},
	record.Reopen: {record.Supervisor}, record.Lapse: {record.Clock}, record.Attest: {record.Applicant},
}

func name(s record.State) string { return fmt.Sprintf("%s/%s", s.Standing, s.Filing) }

func TestLifecycleTableEveryMoveStateAndActor(t *testing.T) {
	facts := record.Facts{Kind: record.OrganizationProfile, NeedsReview: true, Confirmable: true}
	roles := []record.Role{record.Applicant, record.Reviewer, record.Confirmer, record.Supervisor, record.Clock, ""}
	require.Len(t, record.Moves(), len(legal))
	for _, move := range record.Moves() {
		for _, state := range record.States() {
			for _, role := range roles {
				want, ok := legal[move][name(state)]
				ok = ok && slices.Contains(actors[move], role) && (role != record.Reviewer || state.Filing != record.SecondReview)
				next, allowed := record.Next(state, move, role, facts)
				require.Equal(t, ok, allowed, "%s from %s by %q", move, name(state), role)
				if ok {
					require.Equal(t, want, name(next), "%s from %s", move, name(state))
				} else {
					require.Equal(t, state, next)
				}
			}
		}
	}
}

func TestLifecycleFollowsFacts(t *testing.T) {
	review := record.State{Standing: record.InForce, Filing: record.UnderReview}
	fresh := record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
	settled := record.State{Standing: record.InForce, Filing: record.NothingFiled}

	next, ok := record.Next(fresh, record.Submit, record.Applicant, record.Facts{})
	require.True(t, ok)
	require.Equal(t, settled, next, "a kind without review counts at once")

	next, ok = record.Next(review, record.Approve, record.Reviewer, record.Facts{NeedsSecond: true})
	require.True(t, ok)
	require.Equal(t, record.SecondReview, next.Filing, "B05 a key change goes to a second reviewer")

	_, ok = record.Next(review, record.Withdraw, record.Applicant, record.Facts{Claimed: true})
	require.False(t, ok, "B07 no withdrawal after review started")

	_, ok = record.Next(settled, record.Release, record.Applicant, record.Facts{Kind: record.Practitioner})
	require.True(t, ok)
	_, ok = record.Next(settled, record.Void, record.Applicant, record.Facts{Kind: record.Practitioner})
	require.True(t, ok)
}

// Any sequence of moves keeps a record in the states that there are, never
// takes a standing version away but by void or release, and always leaves
// somebody who can go on.
func TestW21_LifecycleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
		facts := record.Facts{Kind: rapid.SampledFrom([]record.Kind{record.OrganizationProfile, record.Practitioner}).Draw(t, "kind")}
		roles := []record.Role{record.Applicant, record.Reviewer, record.Confirmer, record.Supervisor, record.Clock}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			facts.NeedsReview = rapid.Bool().Draw(t, "review")
			facts.NeedsSecond = rapid.Bool().Draw(t, "second")
			facts.Claimed = rapid.Bool().Draw(t, "claimed")
			facts.Confirmable = rapid.Bool().Draw(t, "confirmable")
			move := rapid.SampledFrom(record.Moves()).Draw(t, "move")
			role := rapid.SampledFrom(roles).Draw(t, "role")
			next, ok := record.Next(state, move, role, facts)
			if slices.Contains(record.Allowed(state, role, facts), move) != ok {
				t.Fatalf("the buttons and the guard disagree on %s from %v", move, state)
			}
			if !ok {
				continue
			}
			if !slices.Contains(record.States(), next) {
				t.Fatalf("%s leads from %v to %v, which is no state", move, state, next)
			}
			if state.Standing == record.InForce && next.Standing != record.InForce && move != record.Void && move != record.Release {
				t.Fatalf("%s takes the version in force away", move)
			}
			transition, _ := record.TransitionOf(move)
			if !transition.LeadsTo(state, next) {
				t.Fatalf("the history check does not know %s from %v to %v", move, state, next)
			}
			state = next
			open := 0
			for _, r := range roles {
				open += len(record.Allowed(state, r, facts))
			}
			if open == 0 {
				t.Fatalf("nobody can go on from %v", state)
			}
		}
	})
}

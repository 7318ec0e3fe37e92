package record

import "slices"

// Move is what a command does to a record.
type Move string

// The moves of the lifecycle.
const (
	Submit   Move = "submit"
	Withdraw Move = "withdraw"
	Return   Move = "return"
	Approve  Move = "approve"
	Confirm  Move = "confirm"
	Reject   Move = "reject"
	Lapse    Move = "lapse"
	Discard  Move = "discard"
	Void     Move = "void"
	Restore  Move = "restore"
	Release  Move = "release"
	Reopen   Move = "reopen"
	Attest   Move = "attest" // 年度确认: what is in force is still true
)

// Role is the part in which somebody acts.
type Role string

// The roles. Of the staff's each may do what the one before it may.
const (
	Applicant  Role = "subject"
	Reviewer   Role = "reviewer"   // 审核员
	Confirmer  Role = "confirmer"  // 复核员: second reviews, too
	Supervisor Role = "supervisor" // 管理员
	Clock      Role = "clock"
)

// StaffRoles are the roles of staff, the one that may least first.
func StaffRoles() []Role { return []Role{Reviewer, Confirmer, Supervisor} }

var roleLabels = map[Role]string{
	Applicant: "申请人", Reviewer: "审核员", Confirmer: "复核员", Supervisor: "管理员", Clock: "系统",
}

// Label is the role's name on pages.
func (r Role) Label() string { return roleLabels[r] }

// IsStaff reports whether the role is one of the staff's.
func (r Role) IsStaff() bool { return slices.Contains(StaffRoles(), r) }

// Covers reports whether the role may do all that the other may.
func (r Role) Covers(other Role) bool {
	if r == other {
		return true
	}
	staff := StaffRoles()
	return other.IsStaff() && slices.Index(staff, r) > slices.Index(staff, other)
}

// Facts are what a transition depends on beside the state.
type Facts struct {
	Kind         Kind
	NeedsReview  bool // the policy for the kind
	NeedsSecond  bool // this version changes a key field, or was sampled
	Claimed      bool // a reviewer holds the filing
	FirstVersion bool // no version has been in force
	Confirmable  bool // it is time for the annual confirmation
}

// Transition is one row of the lifecycle table.
type Transition struct {
	Move  Move
	Label string // on buttons and in history
	By    Role
	From  []State
	// Guard is a further condition; nil means none.
	Guard func(Facts) bool
	To    func(State, Facts) State
	// Reason tells that the command must carry one.
	Reason bool
	// LikeSubmit tells that the move takes the assurance that a submit of the
	// kind takes.
	LikeSubmit bool
}

var (
	notFiled        = State{NotInForce, NothingFiled}
	firstReview     = State{NotInForce, UnderReview}
	firstSecond     = State{NotInForce, SecondReview}
	firstReturned   = State{NotInForce, Returned}
	settled         = State{InForce, NothingFiled}
	changeReview    = State{InForce, UnderReview}
	changeSecond    = State{InForce, SecondReview}
	changeReturned  = State{InForce, Returned}
	voided          = State{Voided, NothingFiled}
	underReview     = []State{firstReview, changeReview}
	inSecondReview  = []State{firstSecond, changeSecond}
	inCorrection    = []State{firstReturned, changeReturned}
	everyLegalState = []State{
		notFiled, firstReview, firstSecond, firstReturned,
		settled, changeReview, changeSecond, changeReturned, voided,
	}
)

func filing(f Filing) func(State, Facts) State {
	return func(s State, _ Facts) State { return State{s.Standing, f} }
}

// table is the whole lifecycle. The transaction's guard, the buttons drawn and
// the tests all read it.
var table = []Transition{
	{
		Move: Submit, Label: "提交", By: Applicant, LikeSubmit: true,
		From: []State{notFiled, settled, firstReturned, changeReturned},
		To: func(s State, f Facts) State {
			if !f.NeedsReview {
				return settled
			}
			return State{s.Standing, UnderReview}
		},
	},
	{
		Move: Withdraw, Label: "撤回", By: Applicant, From: underReview,
		Guard: func(f Facts) bool { return !f.Claimed },
		To:    filing(NothingFiled),
	},
	{
		Move: Return, Label: "退回补正", By: Reviewer, Reason: true,
		From: append(slices.Clone(underReview), inSecondReview...), To: filing(Returned),
	},
	{
		Move: Approve, Label: "通过", By: Reviewer, From: underReview,
		To: func(s State, f Facts) State {
			if f.NeedsSecond {
				return State{s.Standing, SecondReview}
			}
			return settled
		},
	},
	{
		Move: Confirm, Label: "复核通过", By: Confirmer, From: inSecondReview,
		To: func(State, Facts) State { return settled },
	},
	{Move: Reject, Label: "退回初审", By: Confirmer, Reason: true, From: inSecondReview, To: filing(UnderReview)},
	{Move: Lapse, Label: "逾期未补正", By: Clock, From: inCorrection, To: filing(NothingFiled)},
	{Move: Discard, Label: "放弃修改", By: Applicant, From: inCorrection, To: filing(NothingFiled)},
	{
		Move: Void, Label: "作废", By: Applicant, Reason: true, LikeSubmit: true,
		From: []State{settled}, Guard: func(f Facts) bool { return !f.Kind.Profile() },
		To: func(State, Facts) State { return voided },
	},
	{
		Move: Restore, Label: "取消作废", By: Applicant, LikeSubmit: true,
		From: []State{voided}, To: func(State, Facts) State { return settled },
	},
	{
		Move: Release, Label: "解除聘用", By: Applicant, Reason: true, LikeSubmit: true,
		From: []State{settled}, Guard: func(f Facts) bool { return f.Kind == Practitioner },
		To: func(State, Facts) State { return voided },
	},
	{
		Move: Reopen, Label: "重新审核", By: Supervisor, Reason: true,
		From: []State{settled}, To: filing(UnderReview),
	},
	{
		Move: Attest, Label: "年度确认", By: Applicant, LikeSubmit: true,
		From: []State{settled}, Guard: func(f Facts) bool { return f.Kind.Profile() && f.Confirmable },
		To: func(State, Facts) State { return settled },
	},
}

// TransitionOf returns the row of a move.
func TransitionOf(m Move) (Transition, bool) {
	i := slices.IndexFunc(table, func(t Transition) bool { return t.Move == m })
	if i < 0 {
		return Transition{}, false
	}
	return table[i], true
}

// Label is the move's name on buttons and in history.
func (m Move) Label() string {
	t, _ := TransitionOf(m)
	return t.Label
}

// May reports whether somebody in that role may make the move at all.
func (t Transition) May(r Role) bool { return r.Covers(t.By) }

// Decides reports whether the move ends a review.
func (t Transition) Decides() bool {
	return t.Move == Return || t.Move == Approve || t.Move == Confirm || t.Move == Reject
}

// mayFrom reports whether somebody in that role may make the move from that
// state: whatever is done in a second review takes who may confirm.
func (t Transition) mayFrom(s State, r Role) bool {
	return t.May(r) && (s.Filing != SecondReview || !r.IsStaff() || r.Covers(Confirmer))
}

// Next answers where a move leads: the new state, and whether the move is
// legal from the state, for the role, under the facts.
func Next(s State, m Move, r Role, f Facts) (State, bool) {
	t, ok := TransitionOf(m)
	if !ok || !t.mayFrom(s, r) || !slices.Contains(t.From, s) || t.Guard != nil && !t.Guard(f) {
		return s, false
	}
	return t.To(s, f), true
}

// Allowed lists the moves that are legal from the state for the role, in the
// order of the table.
func Allowed(s State, r Role, f Facts) []Move {
	var moves []Move
	for _, t := range table {
		if _, ok := Next(s, t.Move, r, f); ok {
			moves = append(moves, t.Move)
		}
	}
	return moves
}

// Moves lists every move, in the order of the table.
func Moves() []Move {
	var moves []Move
	for _, t := range table {
		moves = append(moves, t.Move)
	}
	return moves
}

// States lists every state that a record can be in.
func States() []State { return slices.Clone(everyLegalState) }

// LeadsTo reports whether the move can lead from one state to the other under
// some facts. It is how a history is checked afterwards.
func (t Transition) LeadsTo(from, to State) bool {
	if !slices.Contains(t.From, from) {
		return false
	}
	for _, review := range []bool{false, true} {
		for _, second := range []bool{false, true} {
			if t.To(from, Facts{NeedsReview: review, NeedsSecond: second}) == to {
				return true
			}
		}
	}
	return false
}

package activities

import (
	"time"

	"unireg/record"
	"unireg/storage"
)

// The types of this file are what Temporal keeps in its histories. Their JSON
// names are fixed for as long as a history of them may be replayed, whatever the
// domain's own types are called by then.

// State is where a record stands.
type State struct {
	Standing record.Standing `json:"standing"`
	Filing   record.Filing   `json:"filing"`
}

// Plan is the set of instants at which something is to happen. Zero never comes.
type Plan struct {
	RemindAt   time.Time `json:"remindAt,omitzero"`
	EscalateAt time.Time `json:"escalateAt,omitzero"`
	LapseAt    time.Time `json:"lapseAt,omitzero"`
}

// Planned is the plan of a record with the state it is for.
type Planned struct {
	State State `json:"state"`
	Plan  Plan  `json:"plan"`
}

// Outcome is what became of one command.
type Outcome struct {
	Command record.ID      `json:"command"`
	Applied bool           `json:"applied"`
	Refusal record.Refusal `json:"refusal,omitempty"`
	State   State          `json:"state"`
}

// Applied is where a record stands after its open commands were applied.
type Applied struct {
	Subject  record.ID `json:"subject,omitempty"`
	State    State     `json:"state"`
	Plan     Plan      `json:"plan"`
	Outcomes []Outcome `json:"outcomes,omitempty"`
	// NextDue is the earliest not_before instant of a command that is still open.
	NextDue time.Time `json:"nextDue,omitzero"`
	// ProfileInForce tells that the record is the subject's profile and counts.
	ProfileInForce bool `json:"profileInForce,omitempty"`
}

// Registered is the answer to a registration: how long it may stay without a
// profile in force.
type Registered struct {
	CloseAfter time.Duration `json:"closeAfter"`
}

// RegistrationState is where a registration stands.
type RegistrationState struct {
	ProfileInForce bool `json:"profileInForce,omitempty"`
	UnderWay       bool `json:"underWay,omitempty"`
	Closed         bool `json:"closed,omitempty"`
}

func stateFrom(s record.State) State { return State{Standing: s.Standing, Filing: s.Filing} }

func planFrom(p record.Plan) Plan {
	return Plan{RemindAt: p.RemindAt, EscalateAt: p.EscalateAt, LapseAt: p.LapseAt}
}

func appliedFrom(a storage.Applied) Applied {
	applied := Applied{
		Subject: a.Subject, State: stateFrom(a.State), Plan: planFrom(a.Plan),
		NextDue: a.NextDue, ProfileInForce: a.ProfileInForce,
	}
	for _, o := range a.Outcomes {
		applied.Outcomes = append(applied.Outcomes, Outcome{
			Command: o.Command, Applied: o.Applied, Refusal: o.Refusal, State: stateFrom(o.State),
		})
	}
	return applied
}

func registrationStateFrom(s storage.RegistrationState) RegistrationState {
	return RegistrationState{ProfileInForce: s.ProfileInForce, UnderWay: s.UnderWay, Closed: s.Closed}
}

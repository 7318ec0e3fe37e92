package activities

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// ApplicationStore is what the activities on applications to the CA company need
// of storage. Every method is idempotent.
type ApplicationStore interface {
	// ApplyCallbacks takes what the inbox holds, in order.
	ApplyCallbacks(ctx context.Context, id record.ID, trust *certificate.Trust) (storage.HandoffState, error)
	// BeginHandOff counts an attempt and returns what to hand over, nil for nothing.
	BeginHandOff(ctx context.Context, id record.ID) (*record.CABundle, storage.HandoffState, error)
	// HandedOff writes what the attempt came to.
	HandedOff(ctx context.Context, id record.ID, answer record.CAAnswer) (storage.HandoffState, error)
	// OverdueHandOff marks a first attempt that has no outcome yet.
	OverdueHandOff(ctx context.Context, id record.ID) (storage.HandoffState, error)
	// BeginWithdrawal tells whether the CA company is to be asked.
	BeginWithdrawal(ctx context.Context, id record.ID) (ask bool, state storage.HandoffState, err error)
	// Withdrawn writes what it answered.
	Withdrawn(ctx context.Context, id record.ID, answer record.CAAnswer, trust *certificate.Trust) (storage.HandoffState, error)
	// Polled takes the events that a question found.
	Polled(ctx context.Context, id record.ID, answer record.CAAnswer, trust *certificate.Trust) (storage.HandoffState, error)
	// EscalateApplication tells staff of a silence that is too long.
	EscalateApplication(ctx context.Context, id record.ID) (storage.HandoffState, error)
}

// CACompany is the CA company's interface. That it refuses, or is away, is part
// of an answer. The same application handed over again is one.
type CACompany interface {
	Apply(ctx context.Context, bundle record.CABundle) record.CAAnswer
	State(ctx context.Context, reference record.ID) record.CAAnswer
	Withdraw(ctx context.Context, reference record.ID) record.CAAnswer
}

// Handoff is where an application to the CA company stands, and what is awaited.
type Handoff struct {
	Status record.ApplicationStatus `json:"status"`
	Closed bool                     `json:"closed,omitempty"`
	// Delivered tells that the CA company's acceptance is known.
	Delivered   bool `json:"delivered,omitempty"`
	Withdrawing bool `json:"withdrawing,omitempty"`
	// PollAt and EscalateAt are instants by the database's clock; zero never comes.
	PollAt     time.Time `json:"pollAt,omitzero"`
	EscalateAt time.Time `json:"escalateAt,omitzero"`
	// Open are the commands without an outcome.
	Open []record.ID `json:"open,omitempty"`
}

func handoffFrom(s storage.HandoffState) Handoff {
	return Handoff{
		Status: s.Status, Closed: s.Closed, Delivered: s.Delivered, Withdrawing: s.Withdrawing,
		PollAt: s.Plan.PollAt, EscalateAt: s.Plan.EscalateAt, Open: s.Open,
	}
}

// ApplyCallbacks applies what the CA company told of an application, and binds
// what it issued.
func (a *Activities) ApplyCallbacks(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "apply callbacks", id, func() (Handoff, error) {
		state, err := a.Applications.ApplyCallbacks(ctx, id, a.Trust)
		return handoffFrom(state), err
	})
}

// HandOff makes one attempt to hand an application to the CA company. What it
// came to is part of where the application stands.
func (a *Activities) HandOff(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "hand off", id, func() (Handoff, error) {
		bundle, state, err := a.Applications.BeginHandOff(ctx, id)
		if err != nil || bundle == nil {
			return handoffFrom(state), err
		}
		state, err = a.Applications.HandedOff(ctx, id, a.ask(ctx, "apply", id, func(c CACompany) record.CAAnswer { return c.Apply(ctx, *bundle) }))
		return handoffFrom(state), err
	})
}

// MarkOverdue shows a first attempt that has no outcome yet as failed, while it
// goes on.
func (a *Activities) MarkOverdue(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "mark handoff overdue", id, func() (Handoff, error) {
		state, err := a.Applications.OverdueHandOff(ctx, id)
		return handoffFrom(state), err
	})
}

// WithdrawApplication makes one attempt to take an application back.
func (a *Activities) WithdrawApplication(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "withdraw application", id, func() (Handoff, error) {
		ask, state, err := a.Applications.BeginWithdrawal(ctx, id)
		if err != nil || !ask {
			return handoffFrom(state), err
		}
		answer := a.ask(ctx, "withdraw", id, func(c CACompany) record.CAAnswer { return c.Withdraw(ctx, id) })
		state, err = a.Applications.Withdrawn(ctx, id, answer, a.Trust)
		return handoffFrom(state), err
	})
}

// PollApplication asks the CA company where an application stands, for what its
// callbacks did not bring.
func (a *Activities) PollApplication(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "poll application", id, func() (Handoff, error) {
		answer := a.ask(ctx, "state", id, func(c CACompany) record.CAAnswer { return c.State(ctx, id) })
		state, err := a.Applications.Polled(ctx, id, answer, a.Trust)
		return handoffFrom(state), err
	})
}

// EscalateApplication tells staff that the CA company is silent for too long.
func (a *Activities) EscalateApplication(ctx context.Context, id record.ID) (Handoff, error) {
	return perform(ctx, a, "escalate application", id, func() (Handoff, error) {
		state, err := a.Applications.EscalateApplication(ctx, id)
		return handoffFrom(state), err
	})
}

var errNoCompany = errors.New("there is no CA company to call")

// ask calls the CA company, if there is one, and logs why a call came to nothing.
func (a *Activities) ask(ctx context.Context, call string, id record.ID, ask func(CACompany) record.CAAnswer) record.CAAnswer {
	answer := record.CAAnswer{Failure: record.CAUnconfigured, Cause: errNoCompany}
	if a.Company != nil {
		answer = ask(a.Company)
	}
	if answer.Failure != "" {
		a.log().WarnContext(ctx, "the CA company did not answer", slog.String("call", call), slog.String("application", string(id)),
			slog.String("failure", string(answer.Failure)), slog.Any("error", answer.Cause))
	}
	return answer
}

// Package activities holds the effects of the workflows: the few places where a
// workflow touches PostgreSQL. Each is coarse, one transaction of the store, and
// idempotent, because Temporal may run it again after it has already committed.
// An activity decides nothing: the store's answer says what became of a record,
// and the workflow says what is waited for next.
//
// What goes in and comes out is kept by Temporal in plain text and shown in its
// Web UI. It is ids, enum names, numbers and instants; no name, number, phone or
// file name, and no text of an error either (see out).
package activities

import (
	"context"
	"log/slog"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// Store is what the activities need of storage. Every method is idempotent.
type Store interface {
	// Apply takes the record's open and due commands in order, in one
	// transaction, and answers what became of those asked for.
	Apply(ctx context.Context, id record.ID, asked []record.ID) (storage.Applied, error)
	// Plan looks up anew what is awaited for the record.
	Plan(ctx context.Context, id record.ID) (record.Plan, record.State, error)
	// Remind leaves the notices that are due at that instant of the plan.
	Remind(ctx context.Context, id record.ID, at time.Time) error
	// Escalate marks the review that was due at that instant.
	Escalate(ctx context.Context, id record.ID, at time.Time) error
	// Lapse applies open commands, then ends a correction whose period is over
	// by the database's clock.
	Lapse(ctx context.Context, id record.ID) (storage.Applied, error)

	// ApplyRegistration marks the open registration command of a subject applied.
	ApplyRegistration(ctx context.Context, subject record.ID) error
	// RemindRegistration leaves the nth reminder that the profile is missing.
	RemindRegistration(ctx context.Context, subject record.ID, n int) (storage.RegistrationState, error)
	// CloseAbandoned closes a subject that never had anything in force and has
	// nothing under way.
	CloseAbandoned(ctx context.Context, subject record.ID) (storage.RegistrationState, error)
}

// Activities are the effects, with what they work on. The worker registers the
// exported methods under their names.
type Activities struct {
	Store Store
	// AbandonAfter is how long a registration may stay without a profile in
	// force before its account is closed; from the policy.
	AbandonAfter time.Duration
	Housekeeping Housekeeping
	// Applications, Company and Trust serve the applications to the CA company:
	// where they are kept, whom they go to, and which issuers' certificates are
	// bound.
	Applications ApplicationStore
	Company      CACompany
	Trust        *certificate.Trust
	// Imports keeps the sheets whose rows become drafts.
	Imports ImportStore
	// Exports builds what subjects take along; nil where there is no object store.
	Exports ExportStore
	// Logger gets each failure once, in full; Temporal only learns that there was one.
	Logger *slog.Logger
}

// Apply applies the record's open commands. asked names the commands whose
// outcome somebody waits for; one that is not done yet (its not_before instant
// lies ahead) is missing from the answer.
func (a *Activities) Apply(ctx context.Context, id record.ID, asked []record.ID) (Applied, error) {
	return perform(ctx, a, "apply", id, func() (Applied, error) {
		applied, err := a.Store.Apply(ctx, id, asked)
		return appliedFrom(applied), err
	})
}

// Plan answers the instants and the state of the record as they are by now.
func (a *Activities) Plan(ctx context.Context, id record.ID) (Planned, error) {
	return perform(ctx, a, "plan", id, func() (Planned, error) {
		plan, state, err := a.Store.Plan(ctx, id)
		return Planned{State: stateFrom(state), Plan: planFrom(plan)}, err
	})
}

// Remind reminds whoever is awaited. at is the instant from the plan: the same
// one leaves the same notice, once.
func (a *Activities) Remind(ctx context.Context, id record.ID, at time.Time) error {
	return a.perform(ctx, "remind", id, func() error { return a.Store.Remind(ctx, id, at) })
}

// Escalate marks the record's review as overdue since that instant of the plan.
func (a *Activities) Escalate(ctx context.Context, id record.ID, at time.Time) error {
	return a.perform(ctx, "escalate", id, func() error { return a.Store.Escalate(ctx, id, at) })
}

// Lapse ends a correction period that is over. A correction accepted in time
// comes first, and where the database's clock says that it is not over yet
// nothing happens: the answer tells where the record stands.
func (a *Activities) Lapse(ctx context.Context, id record.ID) (Applied, error) {
	return perform(ctx, a, "lapse", id, func() (Applied, error) {
		applied, err := a.Store.Lapse(ctx, id)
		return appliedFrom(applied), err
	})
}

// perform runs one effect and turns its error, or its panic, into one that may
// be shown to Temporal.
func (a *Activities) perform(ctx context.Context, operation string, id record.ID, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = a.outPanic(ctx, operation, id, p)
		}
	}()
	return a.out(ctx, operation, id, work())
}

// perform is the method of the same name for an effect with an answer.
func perform[T any](ctx context.Context, a *Activities, operation string, id record.ID, work func() (T, error)) (T, error) {
	var answer, nothing T
	err := a.perform(ctx, operation, id, func() (err error) {
		answer, err = work()
		return err
	})
	if err != nil {
		return nothing, err
	}
	return answer, nil
}

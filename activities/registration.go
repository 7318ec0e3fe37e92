package activities

import (
	"context"

	"unireg/record"
)

// Register marks the registration command of a subject applied and answers how
// long the registration may stay without a profile in force.
func (a *Activities) Register(ctx context.Context, subject record.ID) (Registered, error) {
	return perform(ctx, a, "register", subject, func() (Registered, error) {
		return Registered{CloseAfter: a.AbandonAfter}, a.Store.ApplyRegistration(ctx, subject)
	})
}

// RemindRegistration leaves the nth notice (counted from 1) that the profile is
// missing, unless it is in force.
func (a *Activities) RemindRegistration(ctx context.Context, subject record.ID, n int) (RegistrationState, error) {
	return perform(ctx, a, "remind registration", subject, func() (RegistrationState, error) {
		state, err := a.Store.RemindRegistration(ctx, subject, n)
		return registrationStateFrom(state), err
	})
}

// CloseAbandoned closes a registration that came to nothing and frees its code.
// Where something is under way, or ever was in force, it only says so.
func (a *Activities) CloseAbandoned(ctx context.Context, subject record.ID) (RegistrationState, error) {
	return perform(ctx, a, "close registration", subject, func() (RegistrationState, error) {
		state, err := a.Store.CloseAbandoned(ctx, subject)
		return registrationStateFrom(state), err
	})
}

package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// RegistrationState is what a registration's workflow needs to know.
type RegistrationState struct {
	ProfileInForce bool
	UnderWay       bool // the profile is being reviewed or corrected, a command or an application to the CA company is open
	Closed         bool
}

// ApplyRegistration marks the command that a registration left as applied. It
// may be called again.
func (s *Store) ApplyRegistration(ctx context.Context, subject record.ID) error {
	result, err := s.db.NewRaw(`
		UPDATE commands SET applied = true, done_at = clock_timestamp()
		WHERE record = ? AND move = ? AND done_at IS NULL`, subject, MoveRegister).Exec(ctx)
	if err != nil {
		return fmt.Errorf("apply registration: %w", err)
	}
	if n, err := result.RowsAffected(); err == nil && n > 0 && s.watcher != nil {
		s.watcher.Concluded(MoveRegister, "")
	}
	return nil
}

func (s *Store) registrationState(ctx context.Context, db bun.IDB, subject record.ID) (RegistrationState, error) {
	var state RegistrationState
	err := db.NewRaw(`
		SELECT EXISTS (SELECT 1 FROM records WHERE subject = s.id AND kind IN (?1, ?2) AND in_force > 0),
		       EXISTS (SELECT 1 FROM records WHERE subject = s.id AND filing <> 'none')
		       OR EXISTS (SELECT 1 FROM commands WHERE subject = s.id AND done_at IS NULL AND move <> ?3)
		       OR EXISTS (SELECT 1 FROM ca_applications WHERE subject = s.id AND closed_at IS NULL),
		       s.closed_at IS NOT NULL
		FROM subjects s WHERE s.id = ?0`, subject, record.OrganizationProfile, record.PersonProfile, MoveRegister).
		Scan(ctx, &state.ProfileInForce, &state.UnderWay, &state.Closed)
	if err != nil {
		return RegistrationState{}, missing(err, "read registration")
	}
	return state, nil
}

// RemindRegistration writes the n-th reminder to a subject whose profile is
// missing, once, and returns where the registration stands.
func (s *Store) RemindRegistration(ctx context.Context, subject record.ID, n int) (RegistrationState, error) {
	state, err := s.registrationState(ctx, s.db, subject)
	if err != nil || state.ProfileInForce || state.UnderWay || state.Closed {
		return state, err
	}
	err = s.Notify(ctx, s.db, Notification{
		Subject: subject, Topic: TopicRegisterRemind, Dedup: fmt.Sprintf("%s/%s/%d", TopicRegisterRemind, subject, n),
	})
	return state, err
}

// EventClosed is the type of the event that the end of a registration leaves.
const EventClosed = "closed"

// CloseAbandoned closes a registration of which nothing was ever in force and
// nothing is under way: its accounts are disabled, its sessions end, the addresses
// of its messages are forgotten, and the code is free again.
func (s *Store) CloseAbandoned(ctx context.Context, subject record.ID) (RegistrationState, error) {
	var state RegistrationState
	err := s.inTx(ctx, "close abandoned registration", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var err error
		state, err = s.registrationState(ctx, tx, subject)
		if err != nil || state.ProfileInForce || state.UnderWay || state.Closed {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE subjects SET closed_at = ? WHERE id = ?", now, subject).Exec(ctx); err != nil {
			return fmt.Errorf("close subject: %w", err)
		}
		if err := suspendAccounts(ctx, tx, subject, "", now); err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM contacts WHERE subject = ?", subject).Exec(ctx); err != nil {
			return fmt.Errorf("forget addresses: %w", err)
		}
		state.Closed = true
		return s.appendEvent(ctx, tx, event{Chain: subject, Type: EventClosed, Role: record.Clock, At: now})
	})
	return state, err
}

// suspendAccounts disables a subject's accounts but one, and ends their sessions
// and whatever would make further members.
func suspendAccounts(ctx context.Context, tx bun.Tx, subject, except record.ID, now time.Time) error {
	_, err := tx.NewRaw(`
		WITH suspended AS (
			UPDATE accounts SET disabled_at = ?0 WHERE subject = ?1 AND disabled_at IS NULL AND id IS DISTINCT FROM ?2 RETURNING id)
		UPDATE sessions SET ended_at = ?0 WHERE account IN (SELECT id FROM suspended) AND ended_at IS NULL`,
		now, subject, nullID(except)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("suspend accounts: %w", err)
	}
	return endOffers(ctx, tx, subject, now)
}

// TakeOver gives an unproven subject to who has proved to be it: a new account
// with that password hash, while the accounts of whoever typed the code first
// are suspended, their sessions ended and their drafts hidden. A proven subject
// gives a conflict: its own accounts decide.
func (s *Store) TakeOver(ctx context.Context, subject record.ID, passwordHash string, by record.Actor) (record.ID, error) {
	account := accountRow{ID: NewID(), Subject: subject, Password: passwordHash}
	err := s.inTx(ctx, "take over subject", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		owner, err := s.subjectByID(ctx, tx, subject)
		if err != nil {
			return err
		}
		if owner.Proven || owner.Closed {
			return record.Errorf(record.Conflict, "该主体已核实，不能接管")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&account).Exec(ctx); err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		return s.prove(ctx, tx, subject, account.ID, by, EventTakenOver, now)
	})
	if err != nil {
		return "", err
	}
	return account.ID, nil
}

package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Session is a logged-in browser: of an account, or of a staff member.
type Session struct {
	ID           record.ID
	Account      Account     // zero for staff
	Staff        StaffMember // zero for an account
	Assurance    record.Assurance
	Certificate  string // SHA-256 of the certificate of a certificate session, lower-case hex
	SecondFactor bool   // the staff member gave a one-time code
	Address      string
	Agent        string
	CreatedAt    time.Time
	SeenAt       time.Time // exact to a minute
	ExpiresAt    time.Time // absolute; idleness may end it before
}

// IsStaff reports whether the session is a staff member's.
func (s Session) IsStaff() bool { return s.Staff.ID != "" }

// Member is in which part the session acts for its subject: in the account's or,
// under the subject's certificate, as its administrator. It is "" for staff.
func (s Session) Member() record.MemberRole {
	if !s.IsStaff() && s.Assurance == record.ByCertificate {
		return record.Administrator
	}
	return s.Account.Role
}

// Actor is who gives commands in this session.
func (s Session) Actor() record.Actor {
	a := record.Actor{Role: record.Applicant, ID: s.Account.ID, Session: s.ID, Assurance: s.Assurance, Certificate: s.Certificate}
	if s.IsStaff() {
		a.Role, a.ID = s.Staff.Role, s.Staff.ID
	}
	return a
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID           record.ID        `bun:"id,pk"`
	Token        []byte           `bun:"token"`
	Account      record.ID        `bun:"account,nullzero"`
	Staff        record.ID        `bun:"staff,nullzero"`
	Assurance    record.Assurance `bun:"assurance"`
	Certificate  string           `bun:"certificate"`
	SecondFactor bool             `bun:"second_factor"`
	Address      string           `bun:"address"`
	Agent        string           `bun:"agent"`
	CreatedAt    time.Time        `bun:"created_at"`
	SeenAt       time.Time        `bun:"seen_at"`
	ExpiresAt    time.Time        `bun:"expires_at"`
	EndedAt      time.Time        `bun:"ended_at,nullzero"`
}

func (r *sessionRow) session() Session {
	return Session{
		ID: r.ID, Assurance: r.Assurance, Certificate: r.Certificate, SecondFactor: r.SecondFactor, Address: r.Address, Agent: r.Agent,
		CreatedAt: r.CreatedAt, SeenAt: r.SeenAt, ExpiresAt: r.ExpiresAt,
	}
}

// NewSession is what a login gives.
type NewSession struct {
	Token        []byte    // hash of the cookie's value; never used before
	Account      record.ID // or
	Staff        record.ID
	Assurance    record.Assurance
	Certificate  string
	SecondFactor bool
	Address      string // of the browser, for the list of sessions
	Agent        string // the browser's name for itself
	Lifetime     time.Duration
	// Replaces is the session that the browser had until now, "" for none. It
	// ends: no login and no step-up goes on under an old cookie.
	Replaces record.ID
}

// maxAgent bounds what a browser says of itself, in bytes.
const maxAgent = 300

// StartSession begins a session after a login, or after a step-up to a second
// factor or a certificate. An account or staff member who is disabled gets a
// record.Forbidden error.
func (s *Store) StartSession(ctx context.Context, n NewSession) (record.ID, error) {
	row := sessionRow{
		ID: NewID(), Token: n.Token, Account: n.Account, Staff: n.Staff, Assurance: n.Assurance, Certificate: n.Certificate,
		SecondFactor: n.SecondFactor, Address: cut(n.Address, maxAgent), Agent: cut(n.Agent, maxAgent),
	}
	err := s.inTx(ctx, "start session", func(ctx context.Context, tx bun.Tx) error {
		// The lock orders this against disabling: a session that begins later is
		// refused, one that began before is ended.
		var enabled bool
		var err error
		if n.Staff != "" {
			err = tx.NewRaw("SELECT disabled_at IS NULL FROM staff WHERE id = ? FOR NO KEY UPDATE", n.Staff).Scan(ctx, &enabled)
		} else {
			err = tx.NewRaw(`
				SELECT a.disabled_at IS NULL AND s.closed_at IS NULL
				FROM accounts a JOIN subjects s ON s.id = a.subject WHERE a.id = ?
				FOR NO KEY UPDATE OF a FOR SHARE OF s`, n.Account).Scan(ctx, &enabled)
		}
		if err := missing(err, "look for who logs in"); err != nil {
			return err
		}
		if !enabled {
			return record.Errorf(record.Forbidden, "账号已停用，如有疑问请联系服务热线")
		}
		if n.Replaces != "" {
			if _, err := tx.NewRaw("UPDATE sessions SET ended_at = clock_timestamp() WHERE id = ? AND ended_at IS NULL", n.Replaces).Exec(ctx); err != nil {
				return fmt.Errorf("end the replaced session: %w", err)
			}
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		row.CreatedAt, row.SeenAt, row.ExpiresAt = now, now, now.Add(n.Lifetime)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert session: %w", err)
		}
		if n.Staff != "" && n.SecondFactor {
			return updateStaff(ctx, tx, "UPDATE staff SET logged_in_at = ? WHERE id = ?", now, n.Staff)
		}
		if n.Account != "" {
			if _, err := tx.NewRaw("UPDATE accounts SET logged_in_at = ? WHERE id = ?", now, n.Account).Exec(ctx); err != nil {
				return fmt.Errorf("note login: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return row.ID, nil
}

// Session returns the session of a cookie, by the hash of its value, and
// remembers that it was seen. One that ended, expired, was idle for longer, or
// whose owner is disabled is record.Unauthorized: rights change at once.
func (s *Store) Session(ctx context.Context, token []byte, idle time.Duration) (Session, error) {
	var row struct {
		sessionRow `bun:",extend"`
		ownedAccount

		Stale bool `bun:"stale"` // not seen for a minute
	}
	err := s.db.NewRaw(`
		SELECT s.*, s.seen_at < clock_timestamp() - interval '1 minute' AS stale, `+ownedAccountColumns+`
		FROM sessions s
		LEFT JOIN accounts a ON a.id = s.account
		LEFT JOIN subjects o ON o.id = a.subject
		LEFT JOIN staff st ON st.id = s.staff
		WHERE s.token = ?0 AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
		  AND s.seen_at > clock_timestamp() - ?1 * interval '1 microsecond'
		  AND a.disabled_at IS NULL AND o.closed_at IS NULL AND st.disabled_at IS NULL`,
		token, idle.Microseconds()).Scan(ctx, &row)
	if err := missing(err, "read session"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return Session{}, errNoSession
		}
		return Session{}, err
	}
	session := row.session()
	if row.Staff != "" {
		session.Staff, err = s.Staff(ctx, row.Staff)
	} else {
		session.Account, err = s.ownedAccount(ctx, s.db, &row.ownedAccount)
	}
	if err != nil {
		return Session{}, err
	}
	if !row.Stale {
		return session, nil
	}
	_, err = s.db.NewRaw(`
		UPDATE sessions SET seen_at = clock_timestamp()
		WHERE id = ? AND ended_at IS NULL AND seen_at < clock_timestamp() - interval '1 minute'`, row.ID).Exec(ctx)
	if err != nil {
		return Session{}, fmt.Errorf("touch session: %w", err)
	}
	return session, nil
}

var errNoSession = record.Errorf(record.Unauthorized, "登录已失效，请重新登录")

// Sessions lists the sessions of an account that have neither ended nor
// expired, latest seen first. Their owners are not filled in.
func (s *Store) Sessions(ctx context.Context, account record.ID, idle time.Duration) ([]Session, error) {
	return s.sessionsOf(ctx, "account", account, idle)
}

// StaffSessions lists the sessions of a staff member like Sessions.
func (s *Store) StaffSessions(ctx context.Context, staff record.ID, idle time.Duration) ([]Session, error) {
	return s.sessionsOf(ctx, "staff", staff, idle)
}

func (s *Store) sessionsOf(ctx context.Context, column string, owner record.ID, idle time.Duration) ([]Session, error) {
	var rows []sessionRow
	err := s.db.NewSelect().Model(&rows).Where("? = ?", bun.Ident(column), owner).Where("ended_at IS NULL").
		Where("expires_at > clock_timestamp()").
		Where("seen_at > clock_timestamp() - ? * interval '1 microsecond'", idle.Microseconds()).
		Order("seen_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions := make([]Session, 0, len(rows))
	for i := range rows {
		sessions = append(sessions, rows[i].session())
	}
	return sessions, nil
}

// EndSession ends a session: logging out. One that ended already stays so.
func (s *Store) EndSession(ctx context.Context, id record.ID) error {
	_, err := s.db.NewRaw("UPDATE sessions SET ended_at = clock_timestamp() WHERE id = ? AND ended_at IS NULL", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndAccountSession ends one of the account's own sessions. Another's is not
// found.
func (s *Store) EndAccountSession(ctx context.Context, account, id record.ID) error {
	return s.endOwnSession(ctx, "account", account, id)
}

// EndStaffSession is EndAccountSession for staff.
func (s *Store) EndStaffSession(ctx context.Context, staff, id record.ID) error {
	return s.endOwnSession(ctx, "staff", staff, id)
}

func (s *Store) endOwnSession(ctx context.Context, column string, owner, id record.ID) error {
	result, err := s.db.NewRaw(`
		UPDATE sessions SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE id = ? AND ? = ?`, id, bun.Ident(column), owner).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errNotFound
	}
	return nil
}

// EndOtherSessions ends the account's sessions but one and returns how many.
func (s *Store) EndOtherSessions(ctx context.Context, account, keep record.ID) (int, error) {
	return endSessions(ctx, s.db, "account", account, keep)
}

// EndStaffSessions ends the sessions of a staff member but one ("" for all) and
// returns how many.
func (s *Store) EndStaffSessions(ctx context.Context, staff, keep record.ID) (int, error) {
	return endSessions(ctx, s.db, "staff", staff, keep)
}

// endSessions ends the sessions of an owner but one ("" for all).
func endSessions(ctx context.Context, db bun.IDB, column string, owner, keep record.ID) (int, error) {
	result, err := db.NewRaw(`
		UPDATE sessions SET ended_at = clock_timestamp()
		WHERE ? = ? AND ended_at IS NULL AND id IS DISTINCT FROM ?`, bun.Ident(column), owner, nullID(keep)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return int(n), nil
}

// SweepSessions deletes the sessions that ended or expired longer ago than
// that and returns how many. What was done in them is in the events.
func (s *Store) SweepSessions(ctx context.Context, age time.Duration) (int, error) {
	result, err := s.db.NewRaw(`
		DELETE FROM sessions WHERE coalesce(ended_at, expires_at) < clock_timestamp() - ? * interval '1 microsecond'`,
		age.Microseconds()).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	return int(n), nil
}

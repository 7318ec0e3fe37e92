package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// StaffMember is somebody who reviews.
type StaffMember struct {
	ID        record.ID
	Login     string
	Name      string
	Role      record.Role
	Regions   []string      // leading digits of region codes; none: everywhere
	Kinds     []record.Kind // none: every kind
	Password  string        // argon2id in PHC format
	Secret    string        // of the one-time codes, base32
	Enrolled  bool          // a first code was given: the secret is in the member's app
	Disabled  bool
	CreatedAt time.Time
	// AbsentSince is since when the member is away and gets no work; zero while here.
	AbsentSince time.Time
	LoggedInAt  time.Time // with both factors; zero: never
	Revision    int       // of name, role and scope
}

// Scope is what the member may work on.
func (m StaffMember) Scope() record.Scope {
	return record.Scope{Role: m.Role, Regions: m.Regions, Kinds: m.Kinds}
}

type staffRow struct {
	bun.BaseModel `bun:"table:staff,alias:st"`

	ID             record.ID     `bun:"id,pk"`
	Login          string        `bun:"login"`
	Name           string        `bun:"name"`
	Role           record.Role   `bun:"role"`
	Regions        []string      `bun:"regions,array"`
	Kinds          []record.Kind `bun:"kinds,array"`
	IdentityIndex  []byte        `bun:"identity_index"`
	Password       string        `bun:"password"`
	TOTPSealed     []byte        `bun:"totp_sealed"`
	TOTPEnrolledAt time.Time     `bun:"totp_enrolled_at,nullzero"`
	TOTPStep       int64         `bun:"totp_step"`
	CreatedAt      time.Time     `bun:"created_at,nullzero"`
	DisabledAt     time.Time     `bun:"disabled_at,nullzero"`
	AbsentSince    time.Time     `bun:"absent_since,nullzero"`
	LoggedInAt     time.Time     `bun:"logged_in_at,nullzero"`
	Revision       int           `bun:"revision"`
}

func (r *staffRow) scope() record.Scope {
	return record.Scope{Role: r.Role, Regions: r.Regions, Kinds: r.Kinds}
}

// setScope takes a scope over. The columns hold no nulls.
func (r *staffRow) setScope(scope record.Scope) {
	r.Role, r.Regions, r.Kinds = scope.Role, append([]string{}, scope.Regions...), append([]record.Kind{}, scope.Kinds...)
}

// The secret is sealed under a master key, whose name leads it.
func (s *Store) sealStaffSecret(id record.ID, secret string) ([]byte, error) {
	master, sealed, err := s.keys.sealMaster([]byte(secret), "staff/"+string(id))
	if err != nil {
		return nil, fmt.Errorf("seal one-time code secret: %w", err)
	}
	return append([]byte(master+"\x00"), sealed...), nil
}

func (s *Store) staffMember(row *staffRow) (StaffMember, error) {
	master, sealed, ok := bytes.Cut(row.TOTPSealed, []byte{0})
	if !ok {
		return StaffMember{}, errors.New("open one-time code secret: no key is named")
	}
	secret, err := s.keys.unsealMaster(string(master), sealed, "staff/"+string(row.ID))
	if err != nil {
		return StaffMember{}, fmt.Errorf("open one-time code secret: %w", err)
	}
	return StaffMember{
		ID: row.ID, Login: row.Login, Name: row.Name, Role: row.Role, Regions: row.Regions, Kinds: row.Kinds,
		Password: row.Password, Secret: string(secret), Enrolled: !row.TOTPEnrolledAt.IsZero(), Disabled: !row.DisabledAt.IsZero(),
		CreatedAt: row.CreatedAt, AbsentSince: row.AbsentSince, LoggedInAt: row.LoggedInAt, Revision: row.Revision,
	}, nil
}

// NewStaff describes a staff member to be added.
type NewStaff struct {
	Login    string
	Name     string
	Role     record.Role
	Regions  []string      // codes or their leading digits; none: everywhere
	Kinds    []record.Kind // none: every kind
	Identity string        // identity number: nobody decides a filing in which they appear; only its index is kept
	Password string        // hashed
	Secret   string        // of the one-time codes
	Enrolled bool          // the secret is in the member's hands already
}

// Types of events on staff, in the chain of what has no subject.
const (
	EventStaffAdded    = "staff_added"
	EventStaffChanged  = "staff_changed" // name, role or scope
	EventStaffDisabled = "staff_disabled"
	EventStaffEnabled  = "staff_enabled"
	EventStaffAbsent   = "staff_absent"
	EventStaffPresent  = "staff_present"
	EventStaffPassword = "staff_password_changed"
	EventStaffFactor   = "staff_second_factor_reset"
	EventStaffEnrolled = "staff_second_factor_enrolled"
)

// DemoLogin leads the logins of a demonstration's staff. A portal in production
// mode does not start while one of them is enabled.
const DemoLogin = "demo-"

// NormalizeLogin brings a staff login to the form in which it is kept.
func NormalizeLogin(login string) string { return strings.ToLower(form.Fold(login)) }

// AddStaff adds a staff member on behalf of by, whose ID is "" for the command
// line. A login that exists gives a record.Taken error.
func (s *Store) AddStaff(ctx context.Context, by record.Actor, n NewStaff) (record.ID, error) {
	row := staffRow{
		ID: NewID(), Login: NormalizeLogin(n.Login), Name: form.Clean(n.Name), Password: n.Password, Revision: 1,
		IdentityIndex: s.identityIndex(record.NormalizeCode(n.Identity)),
	}
	scope, err := record.CheckScope(record.Scope{Role: n.Role, Regions: n.Regions, Kinds: n.Kinds})
	switch {
	case err != nil:
		return "", err
	case row.Login == "" || row.Name == "":
		return "", record.Errorf(record.Invalid, "请填写登录名与姓名")
	case n.Identity == "":
		return "", record.Errorf(record.Invalid, "请填写身份证号码，用于审核回避")
	}
	row.setScope(scope)
	if row.TOTPSealed, err = s.sealStaffSecret(row.ID, n.Secret); err != nil {
		return "", err
	}
	err = s.changeStaff(ctx, "add staff", by, EventStaffAdded, row.ID, func(ctx context.Context, tx bun.Tx, e *event) error {
		if n.Enrolled {
			row.TOTPEnrolledAt = e.At
		}
		noteScope(e, "", scope)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert staff: %w", err)
		}
		return nil
	})
	if uniqueViolation(err) != "" {
		return "", record.Errorf(record.Taken, "该登录名已存在")
	}
	if err != nil {
		return "", err
	}
	return row.ID, nil
}

// Staff returns a staff member.
func (s *Store) Staff(ctx context.Context, id record.ID) (StaffMember, error) {
	return s.findStaff(ctx, "id", string(id))
}

// StaffByLogin returns the staff member of a login, disabled or not.
func (s *Store) StaffByLogin(ctx context.Context, login string) (StaffMember, error) {
	return s.findStaff(ctx, "login", NormalizeLogin(login))
}

func (s *Store) findStaff(ctx context.Context, column, value string) (StaffMember, error) {
	var row staffRow
	if err := s.db.NewSelect().Model(&row).Where("? = ?", bun.Ident(column), value).Scan(ctx); err != nil {
		return StaffMember{}, missing(err, "read staff")
	}
	return s.staffMember(&row)
}

// StaffMembers lists everybody, the disabled last, by login.
func (s *Store) StaffMembers(ctx context.Context) ([]StaffMember, error) {
	var rows []staffRow
	err := s.db.NewSelect().Model(&rows).OrderExpr("disabled_at IS NOT NULL, login").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	all := make([]StaffMember, 0, len(rows))
	for i := range rows {
		m, err := s.staffMember(&rows[i])
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// SetStaffPassword changes a staff member's password, given as its hash, and
// ends their sessions but keep.
func (s *Store) SetStaffPassword(ctx context.Context, by record.Actor, id record.ID, hash string, keep record.ID) error {
	return s.changeStaff(ctx, "set staff password", by, EventStaffPassword, id, func(ctx context.Context, tx bun.Tx, _ *event) error {
		if err := updateStaff(ctx, tx, "UPDATE staff SET password = ? WHERE id = ?", hash, id); err != nil {
			return err
		}
		_, err := endSessions(ctx, tx, "staff", id, keep)
		return err
	})
}

// RenewStaffHash is RenewHash for staff.
func (s *Store) RenewStaffHash(ctx context.Context, id record.ID, old, renewed string) error {
	_, err := s.db.NewRaw("UPDATE staff SET password = ? WHERE id = ? AND password = ?", renewed, id, old).Exec(ctx)
	if err != nil {
		return fmt.Errorf("renew staff's password hash: %w", err)
	}
	return nil
}

// ResetSecondFactor gives a staff member a new secret, to be enrolled at the
// next login: the telephone was lost. Their sessions end.
func (s *Store) ResetSecondFactor(ctx context.Context, by record.Actor, id record.ID, secret string) error {
	sealed, err := s.sealStaffSecret(id, secret)
	if err != nil {
		return err
	}
	return s.changeStaff(ctx, "reset second factor", by, EventStaffFactor, id, func(ctx context.Context, tx bun.Tx, _ *event) error {
		if err := updateStaff(ctx, tx, "UPDATE staff SET totp_sealed = ?, totp_enrolled_at = NULL WHERE id = ?", sealed, id); err != nil {
			return err
		}
		_, err := endSessions(ctx, tx, "staff", id, "")
		return err
	})
}

// UseTOTP uses up the step of a one-time code that was right, and enrols the
// secret if this was its first code. It answers false when that step, or a
// later one, was used before: a code serves once, however many try it at the
// same time.
func (s *Store) UseTOTP(ctx context.Context, id record.ID, step int64) (bool, error) {
	var unenrolled []bool
	err := s.db.NewRaw(`
		UPDATE staff SET totp_step = ?0 WHERE id = ?1 AND totp_step < ?0 AND disabled_at IS NULL
		RETURNING totp_enrolled_at IS NULL`, step, id).Scan(ctx, &unenrolled)
	if err != nil {
		return false, fmt.Errorf("use one-time code: %w", err)
	}
	if len(unenrolled) == 0 || !unenrolled[0] {
		return len(unenrolled) == 1, nil
	}
	by := record.Actor{ID: id}
	return true, s.changeStaff(ctx, "enrol second factor", by, EventStaffEnrolled, id, func(ctx context.Context, tx bun.Tx, e *event) error {
		return updateStaff(ctx, tx, "UPDATE staff SET totp_enrolled_at = coalesce(totp_enrolled_at, ?) WHERE id = ?", e.At, id)
	})
}

func updateStaff(ctx context.Context, tx bun.Tx, statement string, args ...any) error {
	result, err := tx.NewRaw(statement, args...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write staff: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errNotFound
	}
	return nil
}

// changeStaff runs a change and appends its event to the chain of what has no
// subject, unless the change takes the event's type away because nothing
// happened. The event holds the member's id, never the name. Whoever changes
// somebody else must be an enabled supervisor at this instant.
func (s *Store) changeStaff(
	ctx context.Context, operation string, by record.Actor, eventType string, id record.ID,
	change func(ctx context.Context, tx bun.Tx, e *event) error,
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		if by.ID != "" && by.ID != id {
			if err := mustSupervise(ctx, tx, by.ID); err != nil {
				return err
			}
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		e := event{Chain: systemChain, Type: eventType, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"staff": string(id)}}
		if err := change(ctx, tx, &e); err != nil || e.Type == "" {
			return err
		}
		return s.appendEvent(ctx, tx, e)
	})
}

// RewrapStaff seals with the primary master key the secrets that an older one
// seals, and returns how many there were. It belongs to a rotation, like
// Rewrap.
func (s *Store) RewrapStaff(ctx context.Context) (int, error) {
	wrapped := 0
	err := s.inTx(ctx, "rewrap staff secrets", func(ctx context.Context, tx bun.Tx) error {
		var rows []staffRow
		if err := tx.NewSelect().Model(&rows).Order("id").For("UPDATE").Scan(ctx); err != nil {
			return fmt.Errorf("read staff secrets: %w", err)
		}
		for i := range rows {
			row := &rows[i]
			if bytes.HasPrefix(row.TOTPSealed, []byte(s.keys.Primary+"\x00")) {
				continue
			}
			member, err := s.staffMember(row)
			if err != nil {
				return err
			}
			sealed, err := s.sealStaffSecret(row.ID, member.Secret)
			if err != nil {
				return err
			}
			if err := updateStaff(ctx, tx, "UPDATE staff SET totp_sealed = ? WHERE id = ?", sealed, row.ID); err != nil {
				return err
			}
			wrapped++
		}
		return nil
	})
	return wrapped, err
}

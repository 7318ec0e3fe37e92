package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// Account is a login of a subject: of one of its members, where it is an
// organization.
type Account struct {
	ID       record.ID
	Subject  record.Subject
	Password string // argon2id in PHC format
	Role     record.MemberRole
	Disabled bool
	Revoked  bool // and disabled, for good
	// Name and Login are what a member is called and logs in by, "" for who logs in
	// by the subject's name alone. They are filled in where accounts are listed.
	Name, Login       string
	CreatedAt         time.Time
	PasswordChangedAt time.Time
}

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ID                record.ID         `bun:"id,pk"`
	Subject           record.ID         `bun:"subject"`
	Password          string            `bun:"password"`
	Role              record.MemberRole `bun:"role,nullzero"` // "" is written as the database's default: administrator
	LoginIndex        []byte            `bun:"login_index"`
	Sealed            []byte            `bun:"sealed"`
	CreatedAt         time.Time         `bun:"created_at,nullzero"`
	PasswordChangedAt time.Time         `bun:"password_changed_at,nullzero"`
	LoggedInAt        time.Time         `bun:"logged_in_at,nullzero"`
	DisabledAt        time.Time         `bun:"disabled_at,nullzero"`
	RevokedAt         time.Time         `bun:"revoked_at,nullzero"`
}

func (r *accountRow) account(subject record.Subject) Account {
	return Account{
		ID: r.ID, Subject: subject, Password: r.Password, Role: r.Role, Disabled: !r.DisabledAt.IsZero(), Revoked: !r.RevokedAt.IsZero(),
		CreatedAt: r.CreatedAt, PasswordChangedAt: r.PasswordChangedAt,
	}
}

// LoginMatch is who may be meant by what was typed as the account.
type LoginMatch struct {
	// Accounts are compared with the password one after the other. They belong
	// to one subject, but for numbers of different kinds of document that are
	// equal by chance.
	Accounts []Account
	// Ambiguous tells that the name is borne by more than one subject, who
	// log in by code only. The page must not show it: it says on the login page,
	// always, that a shared name needs the code.
	Ambiguous bool
}

// AccountsByLogin finds the accounts of an open subject by its code (or
// document number) or by its name in force: those that log in by that alone.
// Disabled ones are among them, so that the right password can be answered with
// the reason. No match is no error.
func (s *Store) AccountsByLogin(ctx context.Context, login string) (LoginMatch, error) {
	return s.MemberByLogin(ctx, login, "")
}

// MemberByLogin is AccountsByLogin for the member of that login name, as it was
// typed; "" is for who has none.
func (s *Store) MemberByLogin(ctx context.Context, login, member string) (LoginMatch, error) {
	subjects, err := s.subjectsByCode(ctx, record.NormalizeCode(login))
	if err != nil {
		return LoginMatch{}, err
	}
	if len(subjects) == 0 {
		if subjects, err = s.subjectsByName(ctx, form.Clean(login)); err != nil {
			return LoginMatch{}, err
		}
		if len(subjects) > 1 {
			return LoginMatch{Ambiguous: true}, nil
		}
	}
	var match LoginMatch
	for i := range subjects {
		subject, err := s.subject(ctx, s.db, &subjects[i])
		if err != nil {
			return LoginMatch{}, err
		}
		accounts, err := s.loginAccounts(ctx, subject, record.MemberLogin(member))
		if err != nil {
			return LoginMatch{}, err
		}
		match.Accounts = append(match.Accounts, accounts...)
	}
	return match, nil
}

// loginAccounts are the accounts of a subject that log in under a member's name, or
// without. Of those that had the name before, one is enough to say that it is
// over.
func (s *Store) loginAccounts(ctx context.Context, subject record.Subject, member string) ([]Account, error) {
	var rows []accountRow
	query := s.db.NewSelect().Model(&rows).Where("subject = ?", subject.ID)
	if member == "" {
		query.Where("login_index IS NULL").Order("id")
	} else {
		query.Where("login_index = ?", s.memberIndex(subject.ID, member)).OrderExpr("revoked_at IS NOT NULL, id DESC").Limit(1)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("find accounts: %w", err)
	}
	accounts := make([]Account, 0, len(rows))
	for i := range rows {
		accounts = append(accounts, rows[i].account(subject))
	}
	return accounts, nil
}

func (s *Store) subjectsByCode(ctx context.Context, code string) ([]subjectRow, error) {
	if code == "" {
		return nil, nil
	}
	// Which kind of document the number is of is not asked at login.
	indexes := [][]byte{s.codeIndex(record.Organization, "", code)}
	for _, entry := range codes.IDDocumentTypes.All() {
		indexes = append(indexes, s.codeIndex(record.Person, entry.Code, code))
	}
	var rows []subjectRow
	err := s.db.NewSelect().Model(&rows).Where("code_index IN (?)", bun.List(indexes)).Where("closed_at IS NULL").
		Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find subject by code: %w", err)
	}
	return rows, nil
}

// subjectsByName returns at most two subjects of the name. Brackets may be
// typed in full or half width.
func (s *Store) subjectsByName(ctx context.Context, name string) ([]subjectRow, error) {
	if name == "" {
		return nil, nil
	}
	spellings := []string{name, fullBrackets.Replace(name), halfBrackets.Replace(name)}
	var rows []subjectRow
	err := s.db.NewSelect().Model(&rows).Where("name IN (?)", bun.List(spellings)).Where("closed_at IS NULL").
		Order("id").Limit(2).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find subject by name: %w", err)
	}
	return rows, nil
}

var (
	fullBrackets = strings.NewReplacer("(", "（", ")", "）")
	halfBrackets = strings.NewReplacer("（", "(", "）", ")")
)

// SubjectAccounts lists the accounts of a subject with their names, the first one
// first.
func (s *Store) SubjectAccounts(ctx context.Context, subject record.Subject) ([]Account, error) {
	var rows []accountRow
	if err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject.ID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	accounts := make([]Account, 0, len(rows))
	for i := range rows {
		a, err := s.namedAccount(ctx, s.db, &rows[i], subject)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// Account returns an account with its subject.
func (s *Store) Account(ctx context.Context, id record.ID) (Account, error) {
	return s.accountOf(ctx, s.db, id)
}

// accountOf is Account, also within a transaction.
func (s *Store) accountOf(ctx context.Context, db bun.IDB, id record.ID) (Account, error) {
	var row ownedAccount
	err := db.NewRaw("SELECT "+ownedAccountColumns+" FROM accounts a JOIN subjects o ON o.id = a.subject WHERE a.id = ?", id).Scan(ctx, &row)
	if err != nil {
		return Account{}, missing(err, "read account")
	}
	return s.ownedAccount(ctx, db, &row)
}

// ownedAccount is an account together with its subject.
type ownedAccount struct {
	Login accountRow `bun:"embed:account_"`
	Owner subjectRow `bun:"embed:owner_"`
}

// ownedAccountColumns select it, of accounts as a and subjects as o.
const ownedAccountColumns = `
	a.id AS account_id, a.subject AS account_subject, a.password AS account_password, a.role AS account_role,
	a.created_at AS account_created_at, a.password_changed_at AS account_password_changed_at, a.disabled_at AS account_disabled_at,
	o.id AS owner_id, o.type AS owner_type, o.code AS owner_code, o.code_index AS owner_code_index, o.code_sealed AS owner_code_sealed,
	o.id_type AS owner_id_type, o.name AS owner_name, o.proven_at AS owner_proven_at, o.closed_at AS owner_closed_at,
	o.created_at AS owner_created_at`

func (s *Store) ownedAccount(ctx context.Context, db bun.IDB, row *ownedAccount) (Account, error) {
	subject, err := s.subject(ctx, db, &row.Owner)
	if err != nil {
		return Account{}, err
	}
	return row.Login.account(subject), nil
}

// Types of events on accounts.
const (
	EventPasswordChanged = "password_changed"
	EventAccountDisabled = "account_disabled"
	EventAccountEnabled  = "account_enabled"
)

// SetPassword changes an account's password, given as its hash. Every session
// of the account but keep ends with it, and the change is an event of the
// subject's history.
func (s *Store) SetPassword(ctx context.Context, account record.ID, hash string, keep record.ID) error {
	return s.changeAccount(ctx, "set password", account, func(ctx context.Context, tx bun.Tx, row *accountRow) (event, error) {
		if !row.DisabledAt.IsZero() {
			return event{}, record.Errorf(record.Forbidden, record.RefusedDisabled.Explain())
		}
		_, err := tx.NewRaw("UPDATE accounts SET password = ?, password_changed_at = clock_timestamp() WHERE id = ?", hash, account).Exec(ctx)
		if err != nil {
			return event{}, fmt.Errorf("write password: %w", err)
		}
		ended, err := endSessions(ctx, tx, "account", account, keep)
		return event{
			Type: EventPasswordChanged, Role: record.Applicant, Actor: account,
			Data: map[string]any{"account": string(account), "sessions_ended": ended},
		}, err
	})
}

// RenewHash replaces the hash of an unchanged password by one of today's cost.
// If the password was changed meanwhile, nothing happens.
func (s *Store) RenewHash(ctx context.Context, account record.ID, old, renewed string) error {
	_, err := s.db.NewRaw("UPDATE accounts SET password = ? WHERE id = ? AND password = ?", renewed, account, old).Exec(ctx)
	if err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	return nil
}

// DisableAccount suspends an account by order of a staff member: its sessions
// end, and commands that it gave and that are not applied yet are refused.
func (s *Store) DisableAccount(ctx context.Context, staff record.Actor, account record.ID) error {
	return s.changeAccount(ctx, "disable account", account, func(ctx context.Context, tx bun.Tx, _ *accountRow) (event, error) {
		_, err := tx.NewRaw("UPDATE accounts SET disabled_at = coalesce(disabled_at, clock_timestamp()) WHERE id = ?", account).Exec(ctx)
		if err != nil {
			return event{}, fmt.Errorf("write account: %w", err)
		}
		ended, err := endSessions(ctx, tx, "account", account, "")
		return event{
			Type: EventAccountDisabled, Role: staff.Role, Actor: staff.ID,
			Data: map[string]any{"account": string(account), "sessions_ended": ended},
		}, err
	})
}

// EnableAccount lifts a suspension. A member who was revoked stays out:
// record.Conflict.
func (s *Store) EnableAccount(ctx context.Context, staff record.Actor, account record.ID) error {
	return s.changeAccount(ctx, "enable account", account, func(ctx context.Context, tx bun.Tx, row *accountRow) (event, error) {
		if !row.RevokedAt.IsZero() {
			return event{}, errRevokedMember
		}
		if _, err := tx.NewRaw("UPDATE accounts SET disabled_at = NULL WHERE id = ?", account).Exec(ctx); err != nil {
			return event{}, fmt.Errorf("write account: %w", err)
		}
		return event{
			Type: EventAccountEnabled, Role: staff.Role, Actor: staff.ID, Data: map[string]any{"account": string(account)},
		}, nil
	})
}

// changeAccount runs a change of an account under the lock of its subject's
// chain and appends the event that the change returns.
func (s *Store) changeAccount(
	ctx context.Context, operation string, account record.ID,
	change func(ctx context.Context, tx bun.Tx, row *accountRow) (event, error),
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		if err := tx.NewRaw("SELECT subject FROM accounts WHERE id = ?", account).Scan(ctx, &subject); err != nil {
			return missing(err, "read account")
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var row accountRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", account).For("UPDATE").Scan(ctx); err != nil {
			return missing(err, "read account")
		}
		e, err := change(ctx, tx, &row)
		if err != nil {
			return err
		}
		if e.At, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		e.Chain = subject
		return s.appendEvent(ctx, tx, e)
	})
}

package storage

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ResetPeriod is how long a link of the counter, or of a mail, sets a password.
const ResetPeriod = 30 * time.Minute

// ResetReason is why a password is set anew at the counter.
type ResetReason string

// The reasons. Another one is given in words.
const (
	ResetForgotten ResetReason = "forgotten"
	ResetHandover  ResetReason = "handover" // another person acts for the unit
	ResetLeaked    ResetReason = "leaked"   // somebody else may know the password
	ResetOther     ResetReason = "other"
)

// ResetReasons are the reasons, in the order of the pages.
func ResetReasons() []ResetReason {
	return []ResetReason{ResetForgotten, ResetHandover, ResetLeaked, ResetOther}
}

// ResetPaper is what was shown at the counter.
type ResetPaper string

// The papers. Another one is named in words.
const (
	PaperLicence ResetPaper = "licence" // of the unit, with an authorization for who came
	PaperHead    ResetPaper = "head"    // the unit's head came, with their own document
	PaperOwn     ResetPaper = "own"     // a person's own identity document
	PaperOther   ResetPaper = "other"
)

// ResetPapers are the papers by which a subject of the type proves itself, in the
// order of the pages.
func ResetPapers(t record.SubjectType) []ResetPaper {
	if t == record.Person {
		return []ResetPaper{PaperOwn, PaperOther}
	}
	return []ResetPaper{PaperLicence, PaperHead, PaperOther}
}

// TopicPasswordReset is the message that a password was set by a link of the
// counter.
const TopicPasswordReset = "password_reset"

// Types of events on resets.
const (
	EventResetOpened  = "password_reset_opened"
	EventResetRevoked = "password_reset_revoked"
)

// NewReset is what staff at the counter ask for: a link by which the person who
// stands before them sets the password of an account.
type NewReset struct {
	ID      record.ID // nonce of the form: the same form sent twice opens one
	Subject record.ID
	Account record.ID
	By      record.Actor
	Token   []byte // SHA-256 of what the link carries
	Reason  ResetReason
	Paper   ResetPaper
	Note    string // must not be empty where reason or paper is another one
}

// Problem is what is to be mended, and in which field of the form; "" when
// nothing is.
func (n NewReset) Problem(t record.SubjectType) (field, problem string) {
	switch {
	case !ValidID(string(n.Account)):
		return "account", "请选择要重置的账号"
	case !slices.Contains(ResetReasons(), n.Reason):
		return "reason", "请选择重置原因"
	case !slices.Contains(ResetPapers(t), n.Paper):
		return "paper", "请选择现场核验的证件"
	case n.Note == "" && (n.Reason == ResetOther || n.Paper == PaperOther):
		return "note", "选择“其他”时请写明情况"
	case utf8.RuneCountInString(n.Note) > record.MaxNote:
		return "note", fmt.Sprintf("说明最多 %d 个字", record.MaxNote)
	}
	return "", ""
}

// Reset is a link of the counter, or of a mail, as staff see it.
type Reset struct {
	ID        record.ID
	Account   record.ID
	Staff     record.ID // who opened it; "" where it was sent by mail
	StaffName string    // "" but in a list
	Reason    ResetReason
	Paper     ResetPaper
	Note      string
	OpenedAt  time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
	RevokedAt time.Time
}

// Open reports whether the link still sets a password at an instant.
func (r Reset) Open(now time.Time) bool {
	return r.UsedAt.IsZero() && r.RevokedAt.IsZero() && now.Before(r.ExpiresAt)
}

type resetRow struct {
	bun.BaseModel `bun:"table:password_resets,alias:pr"`

	ID        record.ID   `bun:"id,pk"`
	Subject   record.ID   `bun:"subject"`
	Account   record.ID   `bun:"account"`
	Token     []byte      `bun:"token"`
	Staff     record.ID   `bun:"staff,nullzero"`
	Reason    ResetReason `bun:"reason"`
	Paper     ResetPaper  `bun:"paper"`
	Note      string      `bun:"note"`
	OpenedAt  time.Time   `bun:"opened_at"`
	ExpiresAt time.Time   `bun:"expires_at"`
	UsedAt    time.Time   `bun:"used_at,nullzero"`
	RevokedAt time.Time   `bun:"revoked_at,nullzero"`
}

func (r *resetRow) reset() Reset {
	return Reset{
		ID: r.ID, Account: r.Account, Staff: r.Staff, Reason: r.Reason, Paper: r.Paper, Note: r.Note,
		OpenedAt: r.OpenedAt, ExpiresAt: r.ExpiresAt, UsedAt: r.UsedAt, RevokedAt: r.RevokedAt,
	}
}

// errNoReset is the one answer to a link that sets no password, whatever is the
// matter with it.
var errNoReset = record.Errorf(record.NotFound, "链接无效或已失效")

// OpenReset opens a link that sets the password of an account, once and within
// ResetPeriod. An earlier one of the account that was not used is revoked. It is
// refused for subjects that are not proven, whose owner is not known
// (record.Conflict), for an account that is suspended, for staff who do not serve
// the region or are among the subject's own people (record.Forbidden). The same
// form sent again is record.AlreadyDone: the link was shown.
func (s *Store) OpenReset(ctx context.Context, n NewReset) (Reset, error) {
	var opened Reset
	err := s.inTx(ctx, "open password reset", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, n.Subject); err != nil {
			return err
		}
		subject, err := s.subjectByID(ctx, tx, n.Subject)
		if err != nil {
			return err
		}
		if _, problem := n.Problem(subject.Type); problem != "" {
			return record.Errorf(record.Invalid, problem)
		}
		if err := s.refuseReset(ctx, tx, subject, n); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE password_resets SET revoked_at = ? WHERE account = ? AND staff IS NOT NULL AND used_at IS NULL AND revoked_at IS NULL", now, n.Account).Exec(ctx)
		if err != nil {
			return fmt.Errorf("revoke earlier reset: %w", err)
		}
		row := resetRow{
			ID: n.ID, Subject: n.Subject, Account: n.Account, Token: n.Token, Staff: n.By.ID, Reason: n.Reason, Paper: n.Paper, Note: n.Note,
			OpenedAt: now, ExpiresAt: now.Add(ResetPeriod),
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert password reset: %w", err)
		}
		opened = row.reset()
		return s.resetEvent(ctx, tx, &row, EventResetOpened, n.By, now)
	})
	if uniqueViolation(err) == "password_resets_pkey" {
		return Reset{}, record.Errorf(record.AlreadyDone, "链接已经开具过，只显示一次；没有记下的，请重新开具")
	}
	return opened, err
}

// refuseReset says why no link may be opened.
func (s *Store) refuseReset(ctx context.Context, tx bun.Tx, subject record.Subject, n NewReset) error {
	switch {
	case subject.Closed:
		return record.Errorf(record.Conflict, "该主体的注册已关闭")
	case !subject.Proven:
		return record.Errorf(record.Conflict, "该主体尚未核实，不能在柜台重置密码；被他人占用的请办理占用申诉")
	}
	if err := refuseOutside(ctx, tx, n.By.ID, subject.ID); err != nil {
		return err
	}
	var enabled, related bool
	err := tx.NewRaw("SELECT disabled_at IS NULL FROM accounts WHERE id = ? AND subject = ? FOR SHARE", n.Account, subject.ID).Scan(ctx, &enabled)
	if err := missing(err, "read account"); err != nil {
		return err
	}
	err = tx.NewRaw(`
		SELECT EXISTS (SELECT 1 FROM records r JOIN versions v ON v.record = r.id AND v.no IN (r.in_force, r.submitted), staff s
		WHERE r.subject = ? AND r.kind IN ('organization', 'person') AND s.id = ? AND s.identity_index = ANY (v.people))`,
		subject.ID, n.By.ID).Scan(ctx, &related)
	switch {
	case err != nil:
		return fmt.Errorf("look for staff among the subject's people: %w", err)
	case !enabled:
		return record.Errorf(record.Conflict, "该账号已停用，不能重置密码")
	case related:
		return record.Errorf(record.Forbidden, "您是该主体的相关人员，请由其他工作人员办理")
	}
	return nil
}

// RevokeReset takes a link back that was not used. It answers false when there
// is nothing to take back.
func (s *Store) RevokeReset(ctx context.Context, by record.Actor, subject, id record.ID) (bool, error) {
	revoked := false
	err := s.inTx(ctx, "revoke password reset", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		if err := refuseOutside(ctx, tx, by.ID, subject); err != nil {
			return err
		}
		var row resetRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).For("UPDATE").Scan(ctx); err != nil {
			return missing(err, "read password reset")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if !row.reset().Open(now) {
			return nil
		}
		revoked, row.RevokedAt = true, now
		if _, err := tx.NewUpdate().Model(&row).Column("revoked_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write password reset: %w", err)
		}
		return s.resetEvent(ctx, tx, &row, EventResetRevoked, by, now)
	})
	return revoked, err
}

// resetEvent appends who did what to a link, with the reason's code. Words of
// staff stay in the row.
func (s *Store) resetEvent(ctx context.Context, tx bun.Tx, row *resetRow, kind string, by record.Actor, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: kind, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{
			"reset": string(row.ID), "account": string(row.Account), "reason": string(row.Reason), "paper": string(row.Paper),
		},
	})
}

// Resets lists the links that were opened for a subject, latest first, at most
// limit.
func (s *Store) Resets(ctx context.Context, subject record.ID, limit int) ([]Reset, error) {
	var rows []struct {
		resetRow `bun:",extend"`

		StaffName string `bun:"staff_name"`
	}
	err := s.db.NewRaw(`
		SELECT pr.*, coalesce(st.name, '') AS staff_name FROM password_resets pr LEFT JOIN staff st ON st.id = pr.staff
		WHERE pr.subject = ? ORDER BY pr.opened_at DESC LIMIT ?`, subject, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list password resets: %w", err)
	}
	all := make([]Reset, 0, len(rows))
	for i := range rows {
		r := rows[i].reset()
		r.StaffName = rows[i].StaffName
		all = append(all, r)
	}
	return all, nil
}

// usableReset selects a link that sets a password now. Whoever opened it at the
// counter must still be staff: what somebody who was sent away has opened ends
// with them.
const usableReset = `
	FROM password_resets pr
	JOIN accounts a ON a.id = pr.account
	JOIN subjects s ON s.id = pr.subject
	LEFT JOIN staff st ON st.id = pr.staff
	WHERE pr.token = ? AND pr.used_at IS NULL AND pr.revoked_at IS NULL AND pr.expires_at > clock_timestamp()
	  AND a.disabled_at IS NULL AND s.closed_at IS NULL AND st.disabled_at IS NULL`

// ResetByToken returns the subject whose password the link of that token sets.
// One that sets none is record.NotFound, whatever is the matter with it.
func (s *Store) ResetByToken(ctx context.Context, token []byte) (record.Subject, error) {
	var subject record.ID
	err := missing(s.db.NewRaw("SELECT pr.subject"+usableReset, token).Scan(ctx, &subject), "look for password reset")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return record.Subject{}, errNoReset
	case err != nil:
		return record.Subject{}, err
	}
	return s.Subject(ctx, subject)
}

// UseReset sets a password, given as its hash, by the link of that token and uses
// the link up: of several who try at once one does. Every session of the account
// ends, and the subject is told. The account is returned. A link that sets
// none is record.NotFound.
func (s *Store) UseReset(ctx context.Context, token []byte, hash string) (record.ID, error) {
	var account record.ID
	err := s.inTx(ctx, "use password reset", func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		err := missing(tx.NewRaw("SELECT subject FROM password_resets WHERE token = ?", token).Scan(ctx, &subject), "look for password reset")
		if err == nil {
			err = lockChain(ctx, tx, subject)
		}
		if err != nil {
			return unusable(err)
		}
		var row resetRow
		if err := tx.NewRaw("SELECT pr.*"+usableReset+" FOR UPDATE OF pr, a", token).Scan(ctx, &row); err != nil {
			return unusable(missing(err, "lock password reset"))
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		account, row.UsedAt = row.Account, now
		if _, err := tx.NewUpdate().Model(&row).Column("used_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write password reset: %w", err)
		}
		_, err = tx.NewRaw("UPDATE password_resets SET revoked_at = ? WHERE account = ? AND used_at IS NULL AND revoked_at IS NULL", now, account).Exec(ctx)
		if err != nil {
			return fmt.Errorf("revoke other resets: %w", err)
		}
		_, err = tx.NewRaw("UPDATE accounts SET password = ?, password_changed_at = ? WHERE id = ?", hash, now, account).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write password: %w", err)
		}
		ended, err := endSessions(ctx, tx, "account", account, "")
		if err != nil {
			return err
		}
		err = s.appendEvent(ctx, tx, event{
			Chain: subject, Type: EventPasswordChanged, Role: record.Applicant, Actor: account, At: now,
			Data: map[string]any{"account": string(account), "reset": string(row.ID), "sessions_ended": ended},
		})
		if err != nil {
			return err
		}
		topic := TopicPasswordReset
		if row.Staff == "" {
			topic = TopicPasswordResetByMail
		}
		return s.Notify(ctx, tx, Notification{Subject: subject, Topic: topic, Dedup: topic + "/" + string(row.ID)})
	})
	return account, err
}

// unusable makes one answer of all that may be the matter with a link.
func unusable(err error) error {
	if record.CodeOf(err) == record.NotFound {
		return errNoReset
	}
	return err
}

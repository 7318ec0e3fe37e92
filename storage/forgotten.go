package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// PaperMail stands in the place of the paper where the link of a reset went to
// the account's own address.
const PaperMail ResetPaper = "email"

// EventResetMailed is the type of the event that a link was sent by mail.
const EventResetMailed = "password_reset_mailed"

// TopicPasswordResetByMail is the message that a password was set by such a link.
const TopicPasswordResetByMail = "password_reset_mail"

// mailedResets bounds the links that are sent to one account within a day.
const mailedResets = 5

// AskReset notes that somebody has forgotten the password of what they typed as
// their account and, where they are a member of it, as their name there. Nothing
// is looked up: known and unknown ones take the same time and leave the same row.
func (s *Store) AskReset(ctx context.Context, login, member string) error {
	id := NewID()
	if member = record.MemberLogin(member); member != "" {
		login += askedMember + member
	}
	master, sealed, err := s.keys.sealMaster([]byte(login), "reset-request/"+string(id))
	if err != nil {
		return err
	}
	_, err = s.db.NewRaw("INSERT INTO reset_requests (id, master, sealed) VALUES (?, ?, ?)", id, master, sealed).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note request for a link: %w", err)
	}
	return nil
}

// askedMember stands between an account and a member's name: neither has it.
const askedMember = "\x00"

// AnswerReset answers one request for a link, and reports whether there was one.
// Each account of the subject whose address is known gets a link that sets its
// password once, within ResetPeriod; draw draws what it carries and its SHA-256.
// Of anybody else nothing happens. Requests of before ResetPeriod are
// forgotten: whoever asked has gone another way.
func (s *Store) AnswerReset(ctx context.Context, draw func() (token string, hash []byte, err error)) (bool, error) {
	var rows []struct {
		ID     record.ID
		Master string
		Sealed []byte
		Late   bool
	}
	err := s.db.NewRaw(`
		SELECT id, master, sealed, created_at < clock_timestamp() - ? * interval '1 microsecond' AS late
		FROM reset_requests ORDER BY id LIMIT 1`, ResetPeriod.Microseconds()).Scan(ctx, &rows)
	if err != nil {
		return false, fmt.Errorf("look for requests for links: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	asked := rows[0]
	var match LoginMatch
	if !asked.Late {
		login, err := s.keys.unsealMaster(asked.Master, asked.Sealed, "reset-request/"+string(asked.ID))
		if err != nil {
			return false, fmt.Errorf("open request for a link: %w", err)
		}
		account, member, _ := strings.Cut(string(login), askedMember)
		if match, err = s.MemberByLogin(ctx, account, member); err != nil {
			return false, err
		}
	}
	err = s.inTx(ctx, "answer request for a link", func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM reset_requests WHERE id = ?", asked.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("take a request for a link: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // another worker was faster
		}
		for _, account := range match.Accounts {
			if err := s.mailReset(ctx, tx, account, draw); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil, err
}

// mailReset opens a link of an account and posts it to the account's address, if
// there is one that takes mail.
func (s *Store) mailReset(ctx context.Context, tx bun.Tx, account Account, draw func() (string, []byte, error)) error {
	if account.Disabled || account.Subject.Closed {
		return nil
	}
	if err := lockChain(ctx, tx, account.Subject.ID); err != nil {
		return err
	}
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	var row contactRow
	err = missing(tx.NewSelect().Model(&row).Where("account = ?", account.ID).Where("channel = ?", ByEmail).
		Where("verified_at IS NOT NULL").Where("failed_at IS NULL").For("UPDATE").Scan(ctx), "read contact")
	if record.CodeOf(err) == record.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var sent int
	err = tx.NewRaw("SELECT count(*) FROM password_resets WHERE account = ? AND staff IS NULL AND opened_at > ?", account.ID, now.Add(-24*time.Hour)).Scan(ctx, &sent)
	switch {
	case err != nil:
		return fmt.Errorf("count links by mail: %w", err)
	case sent >= mailedResets:
		return nil // the latest is in the mailbox
	}
	c, err := s.contact(ctx, tx, &row)
	if err != nil {
		return err
	}
	token, hash, err := draw()
	if err != nil {
		return fmt.Errorf("draw a link: %w", err)
	}
	if err := revokeMailed(ctx, tx, account.ID, now); err != nil {
		return err
	}
	if err := drop(ctx, tx, account.ID, ByEmail, PurposeReset); err != nil {
		return err
	}
	reset := resetRow{
		ID: NewID(), Subject: account.Subject.ID, Account: account.ID, Token: hash, Reason: ResetForgotten, Paper: PaperMail,
		OpenedAt: now, ExpiresAt: now.Add(ResetPeriod),
	}
	if _, err := tx.NewInsert().Model(&reset).Exec(ctx); err != nil {
		return fmt.Errorf("insert link by mail: %w", err)
	}
	if err := s.resetEvent(ctx, tx, &reset, EventResetMailed, record.Actor{Role: record.Clock}, now); err != nil {
		return err
	}
	return s.post(ctx, tx, posted{
		account: account.ID, subject: account.Subject.ID, channel: ByEmail, purpose: PurposeReset, address: c.Address, secret: token,
		language: c.Language, expires: reset.ExpiresAt,
	})
}

// revokeMailed takes back what links by mail of an account were not used.
func revokeMailed(ctx context.Context, tx bun.IDB, account record.ID, now time.Time) error {
	_, err := tx.NewRaw(`
		UPDATE password_resets SET revoked_at = ? WHERE account = ? AND staff IS NULL AND used_at IS NULL AND revoked_at IS NULL`,
		now, account).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke links by mail: %w", err)
	}
	return nil
}

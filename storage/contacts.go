package storage

import (
	"context"
	"crypto/hmac"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Channel is a way by which messages leave the portal.
type Channel string

// The channels. Which of them an installation has is its operator's setting.
const (
	ByEmail Channel = "email"
	BySMS   Channel = "sms"
)

// Channels are all channels, in the order of the pages.
func Channels() []Channel { return []Channel{ByEmail, BySMS} }

// Group is a group of topics that an account wants sent to it, or does not.
type Group string

// The groups. What is Important is always sent: deadlines and decisions that
// have consequences.
const (
	Important Group = "important"
	Reminders Group = "reminders" // that something is still to be done
	Progress  Group = "progress"  // that something has got further
)

// ChosenGroups are the groups of which an account chooses, in the order of the
// pages.
func ChosenGroups() []Group { return []Group{Reminders, Progress} }

// usualGroups are wanted until an account chooses.
var usualGroups = []Group{Reminders}

const (
	// CodePeriod is how long a code proves an address.
	CodePeriod = 15 * time.Minute
	// codeTries is how often a code may be tried.
	codeTries = 5
)

// Events on contacts. They name account and channel, never the address.
const (
	EventContactVerified = "contact_verified"
	EventContactRemoved  = "contact_removed"
)

// TopicContactChanged is the message that where messages go was changed.
const TopicContactChanged = "contact_changed"

// Contact is where an account's messages go on one channel. An address is sent
// nothing but codes before it has proved itself.
type Contact struct {
	Channel    Channel
	Address    string // "" before one was verified
	VerifiedAt time.Time
	FailedAt   time.Time // zero unless somebody's server refused the address for good
	Language   string    // tag of the language of its messages
	Groups     []Group   // wanted beside the important ones

	// Next is the address that has yet to prove itself, "" for none.
	Next        string
	NextFailed  bool      // it was refused for good
	NextSpent   bool      // its code was tried too often
	NextExpires time.Time // its code serves until then
}

type contactRow struct {
	bun.BaseModel `bun:"table:contacts,alias:k"`

	Account       record.ID `bun:"account,pk"`
	Channel       Channel   `bun:"channel,pk"`
	Subject       record.ID `bun:"subject"`
	Sealed        []byte    `bun:"sealed"`
	VerifiedAt    time.Time `bun:"verified_at,nullzero"`
	FailedAt      time.Time `bun:"failed_at,nullzero"`
	Language      string    `bun:"language"`
	Groups        []Group   `bun:"groups,array"`
	NextSealed    []byte    `bun:"next_sealed"`
	NextFailedAt  time.Time `bun:"next_failed_at,nullzero"`
	Code          []byte    `bun:"code"`
	CodeExpiresAt time.Time `bun:"code_expires_at,nullzero"`
	CodeTries     int       `bun:"code_tries"`
}

// sealedAs is the context under which the addresses of a contact are sealed. It
// is the same before and after an address has proved itself.
func (r *contactRow) sealedAs() string { return contactSeal(r.Account, r.Channel) }

func contactSeal(account record.ID, channel Channel) string {
	return "contact/" + string(account) + "/" + string(channel)
}

// codeHash is what is kept of a code. Its key keeps whoever has read the table
// from trying all codes.
func (s *Store) codeHash(account record.ID, channel Channel, code string) []byte {
	return s.keys.blind("contact-code/"+string(account)+"/"+string(channel), code)
}

func (s *Store) contact(ctx context.Context, db bun.IDB, row *contactRow) (Contact, error) {
	c := Contact{
		Channel: row.Channel, VerifiedAt: row.VerifiedAt, FailedAt: row.FailedAt, Language: row.Language, Groups: row.Groups,
		NextFailed: !row.NextFailedAt.IsZero(), NextSpent: row.CodeTries >= codeTries, NextExpires: row.CodeExpiresAt,
	}
	key, err := s.dataKey(ctx, db, row.Subject)
	if err != nil {
		return Contact{}, err
	}
	for _, address := range []struct {
		sealed []byte
		plain  *string
	}{{row.Sealed, &c.Address}, {row.NextSealed, &c.Next}} {
		if address.sealed == nil {
			continue
		}
		plain, err := unseal(key, address.sealed, row.sealedAs())
		if err != nil {
			return Contact{}, fmt.Errorf("open contact: %w", err)
		}
		*address.plain = string(plain)
	}
	return c, nil
}

// Contacts returns where an account's messages go, by channel. A channel of
// which the account has said nothing has none.
func (s *Store) Contacts(ctx context.Context, account record.ID) (map[Channel]Contact, error) {
	var rows []contactRow
	if err := s.db.NewSelect().Model(&rows).Where("account = ?", account).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	all := map[Channel]Contact{}
	for i := range rows {
		c, err := s.contact(ctx, s.db, &rows[i])
		if err != nil {
			return nil, err
		}
		all[c.Channel] = c
	}
	return all, nil
}

// NewContact is an address that an account gives, and the code that is sent
// there to prove it.
type NewContact struct {
	Account  record.ID
	Channel  Channel
	Address  string
	Code     string
	Language string
}

// ProposeContact has a code sent to an address. Until the code comes back,
// within CodePeriod, messages go where they went before. A code that was sent
// earlier serves no more.
func (s *Store) ProposeContact(ctx context.Context, n NewContact) error {
	return s.inTx(ctx, "propose contact", func(ctx context.Context, tx bun.Tx) error {
		row := contactRow{
			Account: n.Account, Channel: n.Channel, Language: n.Language, Groups: usualGroups,
			Code: s.codeHash(n.Account, n.Channel, n.Code),
		}
		err := tx.NewRaw("SELECT subject FROM accounts WHERE id = ? AND disabled_at IS NULL FOR SHARE", n.Account).Scan(ctx, &row.Subject)
		if err := missing(err, "read account"); err != nil {
			return err
		}
		key, err := s.dataKey(ctx, tx, row.Subject)
		if err != nil {
			return err
		}
		if row.NextSealed, err = seal(key, []byte(n.Address), row.sealedAs()); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		row.CodeExpiresAt = now.Add(CodePeriod)
		_, err = tx.NewInsert().Model(&row).On("CONFLICT (account, channel) DO UPDATE").
			Set("next_sealed = EXCLUDED.next_sealed").Set("code = EXCLUDED.code").Set("code_expires_at = EXCLUDED.code_expires_at").
			Set("code_tries = 0").Set("next_failed_at = NULL").Set("language = EXCLUDED.language").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("write contact: %w", err)
		}
		if err := drop(ctx, tx, n.Account, n.Channel, PurposeCode); err != nil {
			return err
		}
		return s.post(ctx, tx, posted{
			account: n.Account, subject: row.Subject, channel: n.Channel, purpose: PurposeCode, address: n.Address, secret: n.Code,
			language: n.Language, expires: row.CodeExpiresAt,
		})
	})
}

// drop keeps what serves no more from being sent.
func drop(ctx context.Context, tx bun.IDB, account record.ID, channel Channel, purpose Purpose) error {
	_, err := tx.NewRaw(`
		UPDATE letters SET outcome = 'dropped', done_at = clock_timestamp(), sealed = NULL
		WHERE account = ? AND channel = ? AND purpose = ? AND outcome = ''`, account, channel, purpose).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop letters: %w", err)
	}
	return nil
}

// CodeVerdict is what became of a code that was typed.
type CodeVerdict string

// The verdicts.
const (
	CodeRight CodeVerdict = "right"
	CodeWrong CodeVerdict = "wrong"
	CodeSpent CodeVerdict = "spent" // wrong too often
	CodeLate  CodeVerdict = "late"  // over, or there is none
)

// VerifyContact takes the code that was sent to an address. With the right one
// the account's messages go there; the address of before is told, and so is the
// subject.
func (s *Store) VerifyContact(ctx context.Context, account record.ID, channel Channel, code string) (CodeVerdict, error) {
	verdict := CodeLate
	err := s.changeContact(ctx, "verify contact", account, channel, func(ctx context.Context, tx bun.Tx, row *contactRow, now time.Time) (string, error) {
		switch {
		case row.Code == nil || !now.Before(row.CodeExpiresAt):
			return "", nil
		case row.CodeTries >= codeTries:
			verdict = CodeSpent
			return "", nil
		case !hmac.Equal(row.Code, s.codeHash(account, channel, code)):
			verdict = CodeWrong
			row.CodeTries++
			if row.CodeTries >= codeTries {
				verdict = CodeSpent
			}
			return "", s.writeContact(ctx, tx, row)
		}
		verdict = CodeRight
		before, err := s.contact(ctx, tx, row)
		if err != nil {
			return "", err
		}
		row.Sealed, row.VerifiedAt, row.FailedAt = row.NextSealed, now, time.Time{}
		row.forgetNext()
		if err := s.writeContact(ctx, tx, row); err != nil {
			return "", err
		}
		if before.Address == before.Next {
			return EventContactVerified, nil
		}
		return EventContactVerified, s.leave(ctx, tx, row, before.Address, now)
	})
	return verdict, err
}

func (r *contactRow) forgetNext() {
	r.NextSealed, r.Code, r.CodeExpiresAt, r.CodeTries, r.NextFailedAt = nil, nil, time.Time{}, 0, time.Time{}
}

func (s *Store) writeContact(ctx context.Context, tx bun.IDB, row *contactRow) error {
	if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("write contact: %w", err)
	}
	return nil
}

// leave tells the address of before, if there was one, that messages go there no
// more, so that a stranger at an open session cannot take them over in silence.
// Links that were sent there set no password any more.
func (s *Store) leave(ctx context.Context, tx bun.IDB, row *contactRow, address string, now time.Time) error {
	if address == "" {
		return nil
	}
	if row.Channel == ByEmail {
		if err := drop(ctx, tx, row.Account, row.Channel, PurposeReset); err != nil {
			return err
		}
		if err := revokeMailed(ctx, tx, row.Account, now); err != nil {
			return err
		}
	}
	return s.post(ctx, tx, posted{
		account: row.Account, subject: row.Subject, channel: row.Channel, purpose: PurposeChanged, address: address, language: row.Language,
		expires: now.Add(letterPeriod),
	})
}

// RemoveContact has no more messages sent on a channel. It answers false when
// none were.
func (s *Store) RemoveContact(ctx context.Context, account record.ID, channel Channel) (bool, error) {
	removed := false
	err := s.changeContact(ctx, "remove contact", account, channel, func(ctx context.Context, tx bun.Tx, row *contactRow, now time.Time) (string, error) {
		if row.Subject == "" {
			return "", nil
		}
		removed = true
		before, err := s.contact(ctx, tx, row)
		if err != nil {
			return "", err
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return "", fmt.Errorf("delete contact: %w", err)
		}
		if err := drop(ctx, tx, account, channel, PurposeCode); err != nil {
			return "", err
		}
		if before.Address == "" {
			return "", nil // nothing was ever sent there
		}
		return EventContactRemoved, s.leave(ctx, tx, row, before.Address, now)
	})
	return removed, err
}

// changeContact runs a change of a contact under the lock of its subject's
// chain. A change that names an event appends it and leaves a message. Where
// there is no contact the row is empty.
func (s *Store) changeContact(
	ctx context.Context, operation string, account record.ID, channel Channel,
	change func(ctx context.Context, tx bun.Tx, row *contactRow, now time.Time) (string, error),
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		if err := tx.NewRaw("SELECT subject FROM accounts WHERE id = ?", account).Scan(ctx, &subject); err != nil {
			return missing(err, "read account")
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var row contactRow
		err := missing(tx.NewSelect().Model(&row).Where("account = ?", account).Where("channel = ?", channel).For("UPDATE").Scan(ctx), "read contact")
		if err != nil && record.CodeOf(err) != record.NotFound {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		kind, err := change(ctx, tx, &row, now)
		if err != nil || kind == "" {
			return err
		}
		err = s.appendEvent(ctx, tx, event{
			Chain: subject, Type: kind, Role: record.Applicant, Actor: account, At: now,
			Data: map[string]any{"account": string(account), "channel": string(channel)},
		})
		if err != nil {
			return err
		}
		return s.Notify(ctx, tx, Notification{
			Subject: subject, Topic: TopicContactChanged, Data: map[string]string{"channel": string(channel)},
			Dedup: fmt.Sprintf("%s/%s/%s/%d", TopicContactChanged, account, channel, now.UnixMicro()),
		})
	})
}

// ChooseGroups sets which groups an account wants on a channel beside what is
// important, and the language of its messages. Without a contact there is
// nothing to choose: record.NotFound.
func (s *Store) ChooseGroups(ctx context.Context, account record.ID, channel Channel, groups []Group, language string) error {
	wanted := []Group{}
	for _, g := range ChosenGroups() {
		if slices.Contains(groups, g) {
			wanted = append(wanted, g)
		}
	}
	row := contactRow{Account: account, Channel: channel, Groups: wanted, Language: language}
	result, err := s.db.NewUpdate().Model(&row).Column("groups", "language").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("write groups: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errNotFound
	}
	return nil
}

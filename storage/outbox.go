package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Purpose is what a letter is for.
type Purpose string

// The purposes. Only messages are bundled; the others are about an account's own
// doing and go at once.
const (
	PurposeMessage Purpose = "message" // a message of the portal
	PurposeCode    Purpose = "code"    // proves an address
	PurposeChanged Purpose = "changed" // tells an address that it is left
	PurposeReset   Purpose = "reset"   // a link that sets a password

	PurposeInvitation Purpose = "invitation" // a link that makes a member of the account's organization
)

const (
	// letterPeriod is how long a message is tried.
	letterPeriod = 3 * 24 * time.Hour
	// letterHold is how long a worker holds a letter, and carryTime, which is
	// shorter, how long carrying it may take.
	letterHold = 3 * time.Minute
	carryTime  = 90 * time.Second
	// letterRest is how long a message rests at most after a try that came to
	// nothing; what somebody waits for before their screen rests urgentRest.
	letterRest = time.Hour
	urgentRest = 30 * time.Second
	// lettersAnHour bounds the letters with messages to one address; what comes
	// beyond goes together in the next.
	lettersAnHour = 6
	// bundleSize bounds the messages of one letter.
	bundleSize = 30
	// keepLetters is how long is kept what became of a letter.
	keepLetters = 30 * 24 * time.Hour
)

// ErrUndeliverable is in the error of a carrier where trying again is in vain:
// the address itself is refused.
var ErrUndeliverable = errors.New("the address is refused for good")

// Carrier takes a letter to the next system on its way. nil says that it took it.
// Told twice with the same letter it says so to that system by the letter's id.
type Carrier interface {
	Carry(ctx context.Context, l Letter) error
}

// LetterOutcome is what became of a letter.
type LetterOutcome string

// The outcomes.
const (
	LetterSent     LetterOutcome = "sent"
	LetterRefused  LetterOutcome = "refused"  // for good
	LetterExpired  LetterOutcome = "expired"  // tried in vain for too long
	LetterDropped  LetterOutcome = "dropped"  // not wanted any more
	LetterDeferred LetterOutcome = "deferred" // to be tried again
)

// Carried is what became of one letter.
type Carried struct {
	Letter  record.ID
	Channel Channel
	Outcome LetterOutcome
	Cause   error // why it is refused or deferred
}

type letterRow struct {
	bun.BaseModel `bun:"table:letters,alias:l"`

	ID           record.ID `bun:"id,pk,nullzero"`
	Account      record.ID `bun:"account"`
	Channel      Channel   `bun:"channel"`
	Purpose      Purpose   `bun:"purpose"`
	Notification record.ID `bun:"notification,nullzero"`
	Sealed       []byte    `bun:"sealed"`
	CreatedAt    time.Time `bun:"created_at,nullzero"`
	ExpiresAt    time.Time `bun:"expires_at"`
	DueAt        time.Time `bun:"due_at,nullzero"`
	Tries        int       `bun:"tries"`
	Bundle       record.ID `bun:"bundle,nullzero"`
}

// posted is what goes to an address that it names itself.
type posted struct {
	account, subject record.ID
	channel          Channel
	purpose          Purpose
	address          string
	secret           string // a code, or what a link carries
	language         string
	expires          time.Time
}

// envelope is what of a posted letter is sealed.
type envelope struct {
	Address  string `json:"address"`
	Secret   string `json:"secret,omitempty"`
	Language string `json:"language"`
}

// post writes a letter that is no message, in the caller's transaction.
func (s *Store) post(ctx context.Context, tx bun.IDB, p posted) error {
	key, err := s.dataKey(ctx, tx, p.subject)
	if err != nil {
		return err
	}
	content, err := json.Marshal(envelope{p.address, p.secret, p.language}) //nolint:gosec // sealed in the next step
	if err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	row := letterRow{ID: NewID(), Account: p.account, Channel: p.channel, Purpose: p.purpose, ExpiresAt: p.expires}
	if row.Sealed, err = seal(key, content, "letter/"+string(row.ID)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("insert letter: %w", err)
	}
	return nil
}

// CarryNext has one letter carried: of those that are due on the channels of
// the carriers, first what somebody waits for, then what waits longest. It
// answers nil when there is none. Any number of workers may ask at once; each
// gets another letter, and one that dies leaves its own to the others after a
// while. So a letter is carried at least once, and under the same id each time.
func (s *Store) CarryNext(ctx context.Context, carriers map[Channel]Carrier) (*Carried, error) {
	held, rows, done, err := s.holdLetter(ctx, carriers)
	if held == nil || err != nil {
		return done, err
	}
	done = &Carried{Letter: held.lead.Bundle, Channel: held.lead.Channel}
	wanted := false
	err = s.inTx(ctx, "write letter", func(ctx context.Context, tx bun.Tx) (err error) {
		wanted, err = s.writeLetter(ctx, tx, held, rows)
		return err
	})
	if err == nil && wanted {
		carrying, cancel := context.WithTimeout(ctx, carryTime)
		err = carriers[held.lead.Channel].Carry(carrying, held.letter)
		cancel()
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	done.Cause = err
	switch {
	case errors.Is(err, ErrUndeliverable):
		done.Outcome = LetterRefused
		return done, s.refuseLetter(after, held)
	case err != nil:
		done.Outcome = LetterDeferred
		return done, s.deferLetter(after, held)
	case !wanted:
		done.Outcome = LetterDropped
	default:
		done.Outcome = LetterSent
	}
	return done, s.closeLetter(after, s.db, held, done.Outcome)
}

// heldLetter is a letter that a worker holds.
type heldLetter struct {
	letter Letter
	lead   letterRow // the first of its bundle
}

// holdLetter takes a letter for a while, with its bundle. What was tried for
// too long, or comes too soon after others, it puts away and tells.
func (s *Store) holdLetter(ctx context.Context, carriers map[Channel]Carrier) (held *heldLetter, rows []letterRow, done *Carried, err error) {
	err = s.inTx(ctx, "take a letter", func(ctx context.Context, tx bun.Tx) error {
		lead, err := nextLetter(ctx, tx, carriers)
		if lead == nil || err != nil {
			return err
		}
		h := &heldLetter{lead: *lead}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if !now.Before(lead.ExpiresAt) {
			done = &Carried{Letter: lead.ID, Channel: lead.Channel, Outcome: LetterExpired}
			return s.closeLetter(ctx, tx, h, LetterExpired)
		}
		if lead.Purpose == PurposeMessage && lead.Bundle == "" {
			resting, err := restCrowded(ctx, tx, lead)
			if err != nil {
				return err
			}
			if resting {
				done = &Carried{Letter: lead.ID, Channel: lead.Channel, Outcome: LetterDeferred}
				return nil
			}
		}
		rows, err = h.gather(ctx, tx)
		held = h
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return held, rows, done, nil
}

// nextLetter locks what is due first, nil where nothing is. Of a bundle that was
// tried before it is the first, so that two workers never wait for one another
// within one.
func nextLetter(ctx context.Context, tx bun.IDB, carriers map[Channel]Carrier) (*letterRow, error) {
	var channels []Channel
	for _, c := range Channels() {
		if carriers[c] != nil {
			channels = append(channels, c)
		}
	}
	if len(channels) == 0 {
		return nil, nil //nolint:nilnil // nothing leaves this installation
	}
	var rows []letterRow
	err := tx.NewRaw(`
		SELECT id, account, channel, purpose, notification, sealed, created_at, expires_at, due_at, tries, bundle FROM letters
		WHERE outcome = '' AND due_at <= clock_timestamp() AND channel IN (?) AND (bundle IS NULL OR bundle = id)
		ORDER BY (purpose = 'message'), due_at LIMIT 1 FOR UPDATE SKIP LOCKED`, bun.List(channels)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("take the next letter: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // nothing is due, which is the ordinary case
	}
	return &rows[0], nil
}

// restCrowded has an account's messages wait together when it was sent as many
// letters as it shall get within an hour.
func restCrowded(ctx context.Context, tx bun.IDB, lead *letterRow) (bool, error) {
	var letters int
	var first time.Time
	err := tx.NewRaw(`
		SELECT count(DISTINCT bundle), coalesce(min(done_at), clock_timestamp()) FROM letters
		WHERE account = ? AND channel = ? AND purpose = 'message' AND outcome = 'sent' AND done_at > clock_timestamp() - interval '1 hour'`,
		lead.Account, lead.Channel).Scan(ctx, &letters, &first)
	if err != nil {
		return false, fmt.Errorf("count letters: %w", err)
	}
	if letters < lettersAnHour {
		return false, nil
	}
	_, err = tx.NewRaw(`
		UPDATE letters SET due_at = greatest(due_at, ?) WHERE id IN (
			SELECT id FROM letters WHERE account = ? AND channel = ? AND purpose = 'message' AND outcome = '' AND bundle IS NULL
			FOR UPDATE SKIP LOCKED)`,
		first.Add(time.Hour), lead.Account, lead.Channel).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("let messages wait: %w", err)
	}
	return true, nil
}

// gather holds everything that goes in the letter: what it held before, when it
// is tried again, or else what else is due for the same account. It returns the
// bundle in its order.
func (h *heldLetter) gather(ctx context.Context, tx bun.IDB) ([]letterRow, error) {
	lead := &h.lead
	chosen := tx.NewSelect().Table("letters").Column("id").Where("outcome = ''").Where("account = ?", lead.Account).Where("channel = ?", lead.Channel)
	switch {
	case lead.Bundle != "":
		chosen = chosen.Where("bundle = ?", lead.Bundle)
	case lead.Purpose == PurposeMessage:
		chosen = chosen.Where("bundle IS NULL").Where("purpose = ?", PurposeMessage).Where("due_at <= clock_timestamp()").
			Where("expires_at > clock_timestamp()").OrderExpr("id = ? DESC, created_at", lead.ID).Limit(bundleSize).For("UPDATE SKIP LOCKED")
	default:
		chosen = chosen.Where("id = ?", lead.ID)
	}
	if lead.Bundle == "" {
		lead.Bundle = lead.ID
	}
	lead.Tries++
	var rows []letterRow
	err := tx.NewRaw(`
		UPDATE letters SET bundle = ?, tries = ?, due_at = clock_timestamp() + ? * interval '1 microsecond' WHERE id IN (?)
		RETURNING id, account, channel, purpose, notification, sealed, created_at, expires_at, due_at, tries, bundle`,
		lead.Bundle, lead.Tries, letterHold.Microseconds(), chosen).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("hold a letter: %w", err)
	}
	return rows, nil
}

// closeLetter writes what became of a letter that this worker still holds, and
// forgets what was sealed for it alone.
func (s *Store) closeLetter(ctx context.Context, db bun.IDB, held *heldLetter, outcome LetterOutcome) error {
	_, err := db.NewRaw(`
		UPDATE letters SET outcome = ?, done_at = clock_timestamp(), sealed = NULL
		WHERE outcome = '' AND tries = ? AND (bundle = ? OR id = ?)`, outcome, held.lead.Tries, nullID(held.lead.Bundle), held.lead.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("close letter: %w", err)
	}
	return nil
}

// deferLetter gives a letter back after a try that came to nothing. It rests
// longer each time.
func (s *Store) deferLetter(ctx context.Context, held *heldLetter) error {
	rest := letterRest
	if held.lead.Purpose != PurposeMessage {
		rest = urgentRest
	}
	_, err := s.db.NewRaw(`
		UPDATE letters SET due_at = clock_timestamp() + least(5 * power(2, least(tries, 20)), ?) * interval '1 second'
		WHERE outcome = '' AND tries = ? AND bundle = ?`, rest.Seconds(), held.lead.Tries, held.lead.Bundle).Exec(ctx)
	if err != nil {
		return fmt.Errorf("give letter back: %w", err)
	}
	return nil
}

// refuseLetter notes that the address is refused for good: nothing more is sent
// there until it is proved anew, and its account is shown that.
func (s *Store) refuseLetter(ctx context.Context, held *heldLetter) error {
	return s.inTx(ctx, "refuse letter", func(ctx context.Context, tx bun.Tx) error {
		if err := s.closeLetter(ctx, tx, held, LetterRefused); err != nil {
			return err
		}
		var row contactRow
		err := missing(tx.NewSelect().Model(&row).Where("account = ?", held.lead.Account).Where("channel = ?", held.lead.Channel).
			For("UPDATE").Scan(ctx), "read contact")
		if record.CodeOf(err) == record.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := s.contact(ctx, tx, &row)
		if err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if c.Address == held.letter.Address {
			row.FailedAt = now
		}
		if c.Next == held.letter.Address {
			row.NextFailedAt = now
		}
		return s.writeContact(ctx, tx, &row)
	})
}

// SweepLetters deletes what became of letters long ago, and requests for
// links that nobody answered, and returns how many.
func (s *Store) SweepLetters(ctx context.Context) (int, error) {
	result, err := s.db.NewRaw("DELETE FROM letters WHERE done_at < clock_timestamp() - ? * interval '1 microsecond'",
		keepLetters.Microseconds()).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep letters: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sweep letters: %w", err)
	}
	if _, err := s.db.NewRaw("DELETE FROM reset_requests WHERE created_at < clock_timestamp() - interval '1 day'").Exec(ctx); err != nil {
		return int(n), fmt.Errorf("sweep requests for links: %w", err)
	}
	return int(n), nil
}

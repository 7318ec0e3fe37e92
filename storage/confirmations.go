package storage

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// TopicConfirmation is the message that 基本信息 is to be confirmed. Its data are due,
// the last day, and days, how many are left at most; 0 is that day or later.
const TopicConfirmation = "confirmation"

// confirmedSQL is when the profile r was last confirmed by an instant ?0: by a version
// that came in force for the first time, or by the subject's word. That staff reviewed a
// version once more is no word of the subject's.
const confirmedSQL = `greatest(
	(SELECT max(f.first) FROM (SELECT min(v.since) AS first FROM version_effects v WHERE v.record = r.id AND v.since <= ?0 GROUP BY v.no) f),
	(SELECT max(e.at) FROM events e WHERE e.record = r.id AND e.type = 'attest' AND e.at <= ?0))`

// filedSQL is when what was under way on the profile r at an instant ?0 had been
// accepted: a command that was not applied yet, or the first submit since the record
// last rested.
const filedSQL = `least(
	(SELECT min(c.accepted_at) FROM commands c
	 WHERE c.record = r.id AND c.move IN ('submit', 'attest') AND c.accepted_at <= ?0 AND (c.done_at IS NULL OR c.done_at > ?0)),
	(SELECT min(coalesce(v.accepted_at, e.at))
	 FROM events e LEFT JOIN versions v ON e.type = 'submit' AND v.record = e.record AND v.no = (e.data->>'version')::integer
	 WHERE e.record = r.id AND e.type IN ('submit', 'reopen') AND e.at <= ?0
	   AND e.no > coalesce((SELECT max(n.no) FROM events n WHERE n.record = r.id AND n.at <= ?0 AND n.data->>'filing' = 'none'), 0)))`

// ConfirmationOf is where a subject stands with the annual confirmation of its
// 基本信息; the zero value where none is asked for.
func (s *Store) ConfirmationOf(ctx context.Context, subject record.ID) (record.Confirmation, error) {
	if len(s.Policy().Confirmations) == 0 {
		return record.Confirmation{}, nil
	}
	now, err := databaseTime(ctx, s.db)
	if err != nil {
		return record.Confirmation{}, err
	}
	return s.confirmationAt(ctx, s.db, subject, now)
}

// confirmationAt is ConfirmationOf at an instant, by the rules that this process
// knows: who must not miss one follows them first.
func (s *Store) confirmationAt(ctx context.Context, db bun.IDB, subject record.ID, at time.Time) (record.Confirmation, error) {
	rules := s.Policy().Confirmations
	if rules.At(at).Days == 0 {
		return record.Confirmation{}, nil
	}
	var rows []record.ConfirmationFacts
	err := db.NewRaw("SELECT "+confirmedSQL+" AS confirmed, "+filedSQL+" AS filed FROM records r WHERE r.subject = ?1 AND r.kind IN (?2, ?3)",
		at, subject, record.OrganizationProfile, record.PersonProfile).Scan(ctx, &rows)
	if err != nil {
		return record.Confirmation{}, fmt.Errorf("read when the profile was confirmed: %w", err)
	}
	if len(rows) == 0 {
		return record.Confirmation{}, nil
	}
	return rules.Of(rows[0], at), nil
}

// confirmable reports whether a command confirms in time: whether policy asked for a
// confirmation when it was accepted, and that the last day was near.
func (s *Store) confirmable(ctx context.Context, tx bun.Tx, command *commandRow) (bool, error) {
	if command.Move != record.Attest {
		return false, nil
	}
	if _, err := s.followRules(ctx, tx); err != nil {
		return false, err
	}
	c, err := s.confirmationAt(ctx, tx, command.Subject, command.AcceptedAt)
	return c.Open, err
}

// settleRules has this process know every rule that was made by now: none that is
// still being made can be of an earlier instant.
func (s *Store) settleRules(ctx context.Context) error {
	return s.inTx(ctx, "settle rules", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		_, err := s.followRules(ctx, tx)
		return err
	})
}

// confirmationPage is how many profiles one transaction of the sweep looks at.
const confirmationPage = 500

type confirmationNoticeRow struct {
	bun.BaseModel `bun:"table:confirmation_notices,alias:n"`

	Record record.ID `bun:"record,pk"`
	Due    string    `bun:"due"`
	Noted  int       `bun:"noted"`

	subject record.ID
}

// sweepConfirmations tells subjects that 基本信息 is to be confirmed, once for each
// notice that has come and each day that is due. While a change is under way nobody is
// told: it confirms too, or ends.
func (s *Store) sweepConfirmations(ctx context.Context) (int, error) {
	if _, err := s.FollowRules(ctx); err != nil {
		return 0, err
	}
	now, err := databaseTime(ctx, s.db)
	if err != nil || s.Policy().Confirmations.At(now).Days == 0 {
		return 0, err
	}
	told := 0
	for after := systemChain; after != ""; {
		var n int
		if n, after, err = s.tellConfirmations(ctx, after, now); err != nil {
			return told, err
		}
		told += n
	}
	return told, nil
}

// tellConfirmations is one transaction of the sweep. next is the last subject it
// looked at, "" at the end.
func (s *Store) tellConfirmations(ctx context.Context, after record.ID, now time.Time) (told int, next record.ID, err error) {
	err = s.inTx(ctx, "tell of confirmations", func(ctx context.Context, tx bun.Tx) error {
		var rows []struct {
			Subject   record.ID `bun:"subject"`
			Record    record.ID `bun:"record"`
			Settled   bool      `bun:"settled"`
			Confirmed time.Time `bun:"confirmed"`
		}
		err := tx.NewRaw(`
			SELECT r.subject, r.id AS record, r.standing = 'in_force' AND r.filing = 'none' AND s.closed_at IS NULL AS settled, `+confirmedSQL+` AS confirmed
			FROM records r JOIN subjects s ON s.id = r.subject
			WHERE r.kind IN ('organization', 'person') AND r.subject > ?1 ORDER BY r.subject LIMIT ?2`,
			now, after, confirmationPage).Scan(ctx, &rows)
		if err != nil {
			return fmt.Errorf("find what is to be confirmed: %w", err)
		}
		if len(rows) == confirmationPage {
			next = rows[len(rows)-1].Subject
		}
		rules := s.Policy().Confirmations
		var due []confirmationNoticeRow
		for _, r := range rows {
			c := rules.Of(record.ConfirmationFacts{Confirmed: r.Confirmed}, now)
			if r.Settled && c.Open {
				due = append(due, confirmationNoticeRow{Record: r.Record, Due: c.Due.Format(time.DateOnly), Noted: reachedNotice(c.Left), subject: r.Subject})
			}
		}
		told, err = s.noteConfirmations(ctx, tx, due)
		return err
	})
	return told, next, err
}

// reachedNotice is the notice that has come with so many days left: what was missed
// is caught up with the nearest.
func reachedNotice(left int) int {
	reached := record.ConfirmationWindow
	for _, days := range record.ConfirmationNotices {
		if left <= days {
			reached = days
		}
	}
	return reached
}

// noteConfirmations writes down which notices have come, and leaves a message for each
// that is new.
func (s *Store) noteConfirmations(ctx context.Context, tx bun.Tx, due []confirmationNoticeRow) (int, error) {
	if len(due) == 0 {
		return 0, nil
	}
	var fresh []record.ID
	err := tx.NewInsert().Model(&due).On("CONFLICT (record) DO UPDATE").Set("due = EXCLUDED.due").Set("noted = EXCLUDED.noted").
		Where("n.due <> EXCLUDED.due OR n.noted > EXCLUDED.noted").Returning("record").Scan(ctx, &fresh)
	if err != nil {
		return 0, fmt.Errorf("note confirmations: %w", err)
	}
	for _, row := range due {
		if !slices.Contains(fresh, row.Record) {
			continue
		}
		err := s.Notify(ctx, tx, Notification{
			Subject: row.subject, Topic: TopicConfirmation, Record: row.Record, Data: map[string]string{"due": row.Due, "days": strconv.Itoa(row.Noted)},
			Dedup: fmt.Sprintf("%s/%s/%s/%d", TopicConfirmation, row.Record, row.Due, row.Noted),
		})
		if err != nil {
			return 0, err
		}
	}
	return len(fresh), nil
}

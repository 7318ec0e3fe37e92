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

// EventRevealed is the type of the event that a look at unmasked contents
// leaves.
const EventRevealed = "revealed"

// RevealReason is why somebody of staff looks at what is masked.
type RevealReason string

// The reasons. Another one is given in words.
const (
	RevealIdentity  RevealReason = "identity"  // somebody is here, or on the telephone
	RevealContents  RevealReason = "contents"  // what was filed is compared with its papers
	RevealComplaint RevealReason = "complaint" // somebody asks or complains
	RevealInquiry   RevealReason = "inquiry"   // an authority asks by law
	RevealOther     RevealReason = "other"
)

// RevealReasons are the reasons, in the order of the pages.
func RevealReasons() []RevealReason {
	return []RevealReason{RevealIdentity, RevealContents, RevealComplaint, RevealInquiry, RevealOther}
}

// Reveal is a look of staff at what is masked: of a subject's own data, or of a
// version of a record, of a filing under review, of a claim.
type Reveal struct {
	By      record.Actor
	Subject record.ID
	Record  record.ID // "" but for a version
	Version int
	Review  record.ID // that is being worked on, "" for none
	Claim   record.ID // whose claimant's contact it is, "" for none
	Reason  RevealReason
	Note    string // must not be empty with RevealOther
}

// Problem is what keeps the reason from being one, "" when it is.
func (r Reveal) Problem() string {
	switch {
	case !slices.Contains(RevealReasons(), r.Reason):
		return "请选择查看原因"
	case r.Reason == RevealOther && r.Note == "":
		return "选择“其他”时请写明原因"
	case utf8.RuneCountInString(r.Note) > record.MaxNote:
		return fmt.Sprintf("说明最多 %d 个字", record.MaxNote)
	}
	return ""
}

// Reveal notes, in the subject's chain, that a staff member is about to see in
// full what is masked. Only after it may it be shown. What the reason says in
// words is kept beside the chain, which holds none. Whoever works on a filing
// may look at it; otherwise the subject must be within the staff member's
// regions, else it is record.Forbidden.
func (s *Store) Reveal(ctx context.Context, r Reveal) error {
	if problem := r.Problem(); problem != "" {
		return record.Errorf(record.Invalid, problem)
	}
	return s.inTx(ctx, "note reveal", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, r.Subject); err != nil {
			return err
		}
		if r.Review == "" {
			if err := refuseOutside(ctx, tx, r.By.ID, r.Subject); err != nil {
				return err
			}
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		row := revealRow{ID: NewID(), Subject: r.Subject, Staff: r.By.ID, At: now, Reason: r.Reason, Note: r.Note}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert reveal: %w", err)
		}
		e := event{
			Chain: r.Subject, Type: EventRevealed, Record: r.Record, Role: r.By.Role, Actor: r.By.ID, At: now,
			Data: map[string]any{"reveal": string(row.ID), "reason": string(r.Reason)},
		}
		switch {
		case r.Claim != "":
			e.Type, e.Data["claim"] = EventClaimRevealed, string(r.Claim)
		case r.Review != "":
			e.Data["review"], e.Data["version"] = string(r.Review), r.Version
		case r.Record != "":
			e.Data["version"] = r.Version
		}
		return s.appendEvent(ctx, tx, e)
	})
}

type revealRow struct {
	bun.BaseModel `bun:"table:reveals,alias:rv"`

	ID      record.ID    `bun:"id,pk"`
	Subject record.ID    `bun:"subject"`
	Staff   record.ID    `bun:"staff"`
	At      time.Time    `bun:"at"`
	Reason  RevealReason `bun:"reason"`
	Note    string       `bun:"note"`
}

// CoversSubject reports whether a staff member is enabled and the subject within
// their regions. A subject whose region is not known yet is everybody's.
func (s *Store) CoversSubject(ctx context.Context, staff, subject record.ID) (bool, error) {
	return coversSubject(ctx, s.db, staff, subject)
}

func coversSubject(ctx context.Context, db bun.IDB, staff, subject record.ID) (bool, error) {
	member, err := readColleague(ctx, db, staff)
	if err != nil {
		return false, err
	}
	var region string
	if err := db.NewRaw("SELECT coalesce("+subjectRegion+", '') FROM subjects s WHERE s.id = ?", subject).Scan(ctx, &region); err != nil {
		return false, missing(err, "read region of subject")
	}
	return member.DisabledAt.IsZero() && member.scope().Serves(region), nil
}

// refuseOutside refuses a staff member who was disabled, or does not serve the
// subject's region, inside the transaction of what they do.
func refuseOutside(ctx context.Context, tx bun.Tx, staff, subject record.ID) error {
	covered, err := coversSubject(ctx, tx, staff, subject)
	if err == nil && !covered {
		err = record.Errorf(record.Forbidden, "该主体不在您负责的地区内，请转交负责该地区的工作人员办理")
	}
	return err
}

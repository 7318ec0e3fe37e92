package storage

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// Phrase is an opinion that a reviewer has ready: of one staff member, or
// shared by all; for one kind of record, or for all.
type Phrase struct {
	ID     record.ID
	Shared bool
	Kind   record.Kind // "" for all
	Text   string
}

// Bounds of the phrases: in characters, and of how many one member has, or all
// share.
const (
	MaxPhrase  = 200
	maxPhrases = 60
)

type phraseRow struct {
	bun.BaseModel `bun:"table:review_phrases,alias:ph"`

	ID        record.ID   `bun:"id,pk"`
	Staff     record.ID   `bun:"staff,nullzero"`
	Kind      record.Kind `bun:"kind"`
	Text      string      `bun:"text"`
	CreatedAt time.Time   `bun:"created_at,nullzero,default:now()"`
}

// Types of events on the shared phrases, in the chain of what has no subject.
const (
	EventPhraseAdded   = "phrase_added"
	EventPhraseChanged = "phrase_changed"
	EventPhraseRemoved = "phrase_removed"
)

// Phrases lists a staff member's own phrases and then those that all share,
// each in the order in which they were added; with a kind only those that serve
// it.
func (s *Store) Phrases(ctx context.Context, staff record.ID, kind record.Kind) ([]Phrase, error) {
	var rows []phraseRow
	q := s.db.NewSelect().Model(&rows).Where("staff = ? OR staff IS NULL", staff)
	if kind != "" {
		q.Where("kind IN ('', ?)", kind)
	}
	if err := q.OrderExpr("staff IS NULL, created_at, id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read phrases: %w", err)
	}
	all := make([]Phrase, 0, len(rows))
	for _, r := range rows {
		all = append(all, Phrase{ID: r.ID, Shared: r.Staff == "", Kind: r.Kind, Text: r.Text})
	}
	return all, nil
}

// AddPhrase keeps a phrase for a staff member, or, of a supervisor, for all. The
// same phrase a second time is the first one.
func (s *Store) AddPhrase(ctx context.Context, by record.Actor, p Phrase) error {
	text, err := phraseText(by, p)
	if err != nil {
		return err
	}
	row := phraseRow{ID: NewID(), Staff: by.ID, Kind: p.Kind, Text: text}
	if p.Shared {
		row.Staff = ""
	}
	return s.changePhrase(ctx, by, p.Shared, EventPhraseAdded, row.ID, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*phraseRow)(nil)).Where("staff IS NOT DISTINCT FROM ?", nullID(row.Staff)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count phrases: %w", err)
		}
		if n >= maxPhrases {
			return record.Errorf(record.Invalid, fmt.Sprintf("常用意见最多 %d 条，请先删除不用的", maxPhrases))
		}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (staff, kind, text) DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("insert phrase: %w", err)
		}
		return nil
	})
}

// ChangePhrase gives a phrase another text or kind. One that is not the staff
// member's own, nor shared and theirs to change, is not found.
func (s *Store) ChangePhrase(ctx context.Context, by record.Actor, p Phrase) error {
	text, err := phraseText(by, p)
	if err != nil {
		return err
	}
	err = s.changePhrase(ctx, by, p.Shared, EventPhraseChanged, p.ID, func(ctx context.Context, tx bun.Tx) error {
		return updatePhrase(ctx, tx, `UPDATE review_phrases SET kind = ?, text = ? WHERE id = ? AND staff IS NOT DISTINCT FROM ?`,
			p.Kind, text, p.ID, phraseOwner(by, p.Shared))
	})
	if uniqueViolation(err) != "" {
		return record.Errorf(record.Taken, "已有同样的常用意见")
	}
	return err
}

// RemovePhrase takes a phrase away, under the rules of ChangePhrase.
func (s *Store) RemovePhrase(ctx context.Context, by record.Actor, id record.ID, shared bool) error {
	if shared && by.Role != record.Supervisor {
		return errSharedPhrase
	}
	return s.changePhrase(ctx, by, shared, EventPhraseRemoved, id, func(ctx context.Context, tx bun.Tx) error {
		return updatePhrase(ctx, tx, `DELETE FROM review_phrases WHERE id = ? AND staff IS NOT DISTINCT FROM ?`, id, phraseOwner(by, shared))
	})
}

var errSharedPhrase = record.Errorf(record.Forbidden, "共用的常用意见只能由管理员修改")

func phraseText(by record.Actor, p Phrase) (string, error) {
	text := form.Clean(p.Text)
	n := utf8.RuneCountInString(text)
	_, known := record.DefinitionOf(p.Kind)
	switch {
	case p.Shared && by.Role != record.Supervisor:
		return "", errSharedPhrase
	case n == 0:
		return "", record.Errorf(record.Invalid, "请填写常用意见")
	case n > MaxPhrase:
		return "", record.Errorf(record.Invalid, fmt.Sprintf("常用意见最多 %d 个字，现在有 %d 个字", MaxPhrase, n))
	case p.Kind != "" && !known:
		return "", record.Errorf(record.Invalid, "没有这一类信息")
	}
	return text, nil
}

func phraseOwner(by record.Actor, shared bool) any {
	if shared {
		return nil
	}
	return by.ID
}

func updatePhrase(ctx context.Context, tx bun.Tx, statement string, args ...any) error {
	result, err := tx.NewRaw(statement, args...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write phrase: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errNotFound
	}
	return nil
}

// changePhrase runs a change; one of what all share leaves an event, which holds
// the phrase's id and never its text.
func (s *Store) changePhrase(
	ctx context.Context, by record.Actor, shared bool, eventType string, id record.ID, change func(ctx context.Context, tx bun.Tx) error,
) error {
	return s.inTx(ctx, "change phrase", func(ctx context.Context, tx bun.Tx) error {
		if !shared {
			return change(ctx, tx)
		}
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{
			Chain: systemChain, Type: eventType, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"phrase": string(id)},
		})
	})
}

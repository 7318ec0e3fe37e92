package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// QueueState narrows the queue by who works on what.
type QueueState string

// The states. QueueMine is what the member holds or was given, decisions that
// they can still undo among it; every other leaves out what is decided.
const (
	QueueAll     QueueState = ""
	QueueFree    QueueState = "free" // nobody holds it or was given it
	QueueMine    QueueState = "mine"
	QueueSecond  QueueState = "second"
	QueueOverdue QueueState = "overdue"
)

// QueueStates are the states, in the order of the pages.
func QueueStates() []QueueState {
	return []QueueState{QueueAll, QueueFree, QueueMine, QueueSecond, QueueOverdue}
}

// QueueFilter narrows the queue; zero values mean everything.
type QueueFilter struct {
	State     QueueState
	Kind      record.Kind
	Region    string // leading digits of a region's code
	Occasion  Occasion
	KeyChange bool // changes of key fields only
	Assurance record.Assurance
	// Text narrows to what bears each of its words in the name of the subject, the
	// title or the code, and to a subject of which it is the whole document number.
	Text string
}

// What holds of a task while it is claimed, or given to somebody.
const (
	taskClaimed  = "t.claimed_by IS NOT NULL AND t.claimed_until > statement_timestamp()"
	taskAssigned = "t.assigned_to IS NOT NULL AND coalesce(t.assigned_until, 'infinity') > statement_timestamp()"
	taskHeld     = "(" + taskClaimed + " OR " + taskAssigned + ")"
)

// taskMine and taskWorkable have one argument, the member.
const (
	taskMine     = "((t.claimed_by = ?0 AND t.claimed_until > statement_timestamp()) OR (t.assigned_to = ?0 AND coalesce(t.assigned_until, 'infinity') > statement_timestamp()))"
	taskWorkable = "(t.claimed_by IS NULL OR t.claimed_by = ?0 OR t.claimed_until <= statement_timestamp()) AND " +
		"(t.assigned_to IS NULL OR t.assigned_to = ?0 OR t.assigned_until <= statement_timestamp()) AND t.decided_by IS NULL"
)

// narrow selects from review_tasks t what lies in a member's scope and passes the
// filter. It says the same as record.Scope.Covers, in SQL.
func (s *Store) narrow(ctx context.Context, member *colleague, f QueueFilter) (*bun.SelectQuery, error) {
	query := s.db.NewSelect().TableExpr("review_tasks AS t").Where("t.closed_at IS NULL")
	if !member.DisabledAt.IsZero() {
		query.Where("FALSE")
	}
	if !member.Role.Covers(record.Confirmer) {
		query.Where("t.stage = ?", stageFirst)
	}
	if len(member.Kinds) > 0 {
		query.Where("t.kind IN (?)", bun.List(member.Kinds))
	}
	if len(member.Regions) > 0 {
		query.WhereGroup(" AND ", func(query *bun.SelectQuery) *bun.SelectQuery {
			query.Where("t.region = ''")
			for _, region := range member.Regions {
				query.WhereOr("t.region LIKE ?", region+"%")
			}
			return query
		})
	}
	switch f.State {
	case QueueAll:
	case QueueFree:
		query.Where("NOT " + taskHeld)
	case QueueMine:
		query.Where(taskMine, member.ID)
	case QueueSecond:
		query.Where("t.stage = ?", stageSecond)
	case QueueOverdue:
		query.Where("t.due_at < statement_timestamp()")
	}
	if f.State != QueueMine {
		query.Where("t.decided_by IS NULL")
	}
	if f.wide() {
		query.Where("t.version > 0") // every task has one: it opens the index of the whole queue
	}
	narrowFiled(query, f)
	return query, s.narrowText(ctx, query, f.Text)
}

// wide reports whether the filter has no index of its own in the order of the
// queue. Only then may the queue be walked: what is filtered may stand far behind,
// which the planner cannot know.
func (f QueueFilter) wide() bool {
	return f.Kind == "" && f.Occasion == "" && !f.KeyChange && f.State != QueueSecond && f.State != QueueMine
}

func narrowFiled(query *bun.SelectQuery, f QueueFilter) {
	if f.Kind != "" {
		query.Where("t.kind = ?", f.Kind)
	}
	if f.Region != "" {
		query.Where("t.region LIKE ?", escapeLike(f.Region)+"%")
	}
	if f.Occasion != "" {
		query.Where("t.occasion = ?", f.Occasion)
	}
	if f.KeyChange {
		query.Where("t.key_change")
	}
	if f.Assurance != "" {
		query.Where("t.assurance = ?", f.Assurance)
	}
}

// narrowText narrows to what is searched for. Of a text that has neither letter
// nor digit nothing is found.
func (s *Store) narrowText(ctx context.Context, query *bun.SelectQuery, text string) error {
	text = form.Clean(text)
	if text == "" {
		return nil
	}
	persons, err := s.personsByNumber(ctx, text)
	if err != nil {
		return err
	}
	if len(persons) > 0 {
		query.Where("t.subject IN (?)", bun.List(persons))
		return nil
	}
	pieces := telling(text)
	if len(pieces) == 0 {
		query.Where("FALSE")
		return nil
	}
	query.Where("t.find @> ARRAY[?]::text[]", bun.List(pieces))
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		// That characters and pairs are there does not say that they stand together.
		// The planner takes a function for less selective than LIKE, rightly.
		query.Where("strpos(lower(concat_ws(' ', t.name, t.title, (SELECT s.code FROM subjects s WHERE s.id = t.subject))), ?) > 0", word)
	}
	return nil
}

// telling are the grams of what is searched for. A character that stands in a pair
// says nothing more than the pair.
func telling(text string) []string {
	pieces := grams(text)
	pairs := strings.Join(slices.DeleteFunc(slices.Clone(pieces), func(p string) bool { return utf8.RuneCountInString(p) == 1 }), " ")
	return slices.DeleteFunc(pieces, func(p string) bool { return utf8.RuneCountInString(p) == 1 && strings.Contains(pairs, p) })
}

// personsByNumber finds the subjects whose document number, of any type, the
// text is. It is asked only of a text that might be one.
func (s *Store) personsByNumber(ctx context.Context, text string) ([]record.ID, error) {
	const shortest = 6
	number := record.NormalizeCode(text)
	if len(number) < shortest || !strings.ContainsAny(number, "0123456789") {
		return nil, nil
	}
	var ids []record.ID
	err := s.db.NewRaw("SELECT id FROM subjects WHERE code_index IN (?)", bun.List(s.personIndexes(number))).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("look for document number: %w", err)
	}
	return ids, nil
}

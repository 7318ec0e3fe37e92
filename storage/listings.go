package storage

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// Listing is one line of a subject's list of a kind.
type Listing struct {
	Record    record.ID
	Title     string
	Cells     []string // one for each of the kind's Columns
	State     record.State
	Draft     bool // something is being written, or is on its way
	Locked    bool // a command on the draft is open
	Expired   bool // in force, and its last day is over
	UpdatedAt time.Time
}

// ListState selects lines by where their record stands.
type ListState string

// The selections. The zero value selects all.
const (
	ListDrafts      ListState = "draft"    // never filed, or withdrawn
	ListUnderReview ListState = "review"   // waits for staff
	ListReturned    ListState = "returned" // waits for a correction
	ListInForce     ListState = "in_force" // counts today
	ListExpired     ListState = "expired"
	ListVoided      ListState = "voided"
)

// ListStates are the selections, in the order of the pages.
func ListStates() []ListState {
	return []ListState{ListDrafts, ListUnderReview, ListReturned, ListInForce, ListExpired, ListVoided}
}

// ListOrder is what a list is sorted by.
type ListOrder string

// The orders.
const (
	ListRecent ListOrder = "recent" // latest change first
	ListTitle  ListOrder = "title"
	ListDate   ListOrder = "date" // latest first; undated ones last
)

// ListQuery asks for one page of a list.
type ListQuery struct {
	Subject record.ID
	Kind    record.Kind
	Search  string // part of a title, a cell or a number, pinyin initials, or a whole identity number
	State   ListState
	Order   ListOrder // ListRecent when empty
	After   string    // cursor of the line before the page; "" from the beginning
	Before  string    // cursor of the line behind the page, when going back
	Limit   int
}

// ListPage is one page of a list. The cursors are "" where the list ends.
type ListPage struct {
	Lines    []Listing
	Next     string
	Previous string
}

type listingRow struct {
	bun.BaseModel `bun:"table:listings,alias:l"`

	Record    record.ID   `bun:"record,pk"`
	Subject   record.ID   `bun:"subject"`
	Kind      record.Kind `bun:"kind"`
	Title     string      `bun:"title"`
	Cells     texts       `bun:"cells"`
	Note      string      `bun:"note"`
	Find      string      `bun:"find"`
	People    [][]byte    `bun:"people,array"`
	SortOn    string      `bun:"sort_on"`
	ExpiresOn string      `bun:"expires_on"`
	UpdatedAt time.Time   `bun:"updated_at"`
}

// lineRow is a listing with where its record stands.
type lineRow struct {
	listingRow `bun:",extend"`

	Standing record.Standing `bun:"standing"`
	Filing   record.Filing   `bun:"filing"`
	Draft    bool            `bun:"draft"`
	Locked   bool            `bun:"locked"`
}

// listingDay is today's civil date as listings hold dates.
const listingDay = "to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')"

// listStates are the selections in SQL. Drafts are those without a record under
// way or in force: said so, and not by what a join finds, the planner knows that
// there may be many.
var listStates = map[ListState]string{
	ListDrafts: "NOT EXISTS (SELECT 1 FROM records f WHERE f.id = l.record AND (f.standing <> 'none' OR f.filing <> 'none'))",

	ListUnderReview: "r.filing IN ('under_review', 'second_review')",
	ListReturned:    "r.filing = 'returned'",
	ListInForce:     "r.standing = 'in_force' AND (l.expires_on = '' OR l.expires_on >= " + listingDay + ")",
	ListExpired:     "r.standing = 'in_force' AND l.expires_on <> '' AND l.expires_on < " + listingDay,
	ListVoided:      "r.standing = 'voided'",
}

// listOrders are the columns of the orders, and whether they descend.
var listOrders = map[ListOrder]struct {
	column     string
	descending bool
}{
	ListRecent: {"updated_at", true},
	ListTitle:  {"title", false},
	ListDate:   {"sort_on", true},
}

// List returns one page of a subject's records and new drafts of a kind. A
// cursor that is none starts at the beginning.
func (s *Store) List(ctx context.Context, q ListQuery) (ListPage, error) {
	order, ok := listOrders[q.Order]
	if !ok {
		q.Order = ListRecent
		order = listOrders[ListRecent]
	}
	query := s.db.NewSelect().Model((*listingRow)(nil)).
		ColumnExpr("l.record, l.title, l.cells, l.sort_on, l.expires_on, l.updated_at").
		ColumnExpr("coalesce(r.standing, 'none') AS standing, coalesce(r.filing, 'none') AS filing").
		ColumnExpr("d.record IS NOT NULL AS draft, d.locked_by IS NOT NULL AS locked").
		Join("LEFT JOIN records r ON r.id = l.record").
		Join("LEFT JOIN drafts d ON d.record = l.record AND d.hidden_at IS NULL").
		Where("l.subject = ?", q.Subject).Where("l.kind = ?", q.Kind)
	if text := findable(q.Search); text != "" {
		query.WhereGroup(" AND ", func(query *bun.SelectQuery) *bun.SelectQuery {
			query.Where("l.find LIKE ?", "%"+escapeLike(text)+"%")
			// Only what has a digit can be the number of an identity document.
			if number := record.NormalizeCode(q.Search); strings.ContainsAny(number, "0123456789") {
				query.WhereOr("? = ANY (l.people)", s.identityIndex(number))
			}
			return query
		})
	}
	if condition, known := listStates[q.State]; known {
		query.Where(condition)
	}
	if _, _, ok := readCursor(q.Before, q.Order); !ok {
		q.Before = ""
	}
	if _, _, ok := readCursor(q.After, q.Order); !ok || q.Before != "" {
		q.After = ""
	}
	backwards := q.Before != ""
	ascending := order.descending == backwards
	if value, id, ok := readCursor(q.After+q.Before, q.Order); ok {
		comparison := "<"
		if ascending {
			comparison = ">"
		}
		query.Where("(l.?, l.record) "+comparison+" (?, ?)", bun.Ident(order.column), value, id)
	}
	direction := bun.Safe("DESC")
	if ascending {
		direction = "ASC"
	}
	var rows []lineRow
	err := query.OrderExpr("l.? ?, l.record ?", bun.Ident(order.column), direction, direction).Limit(int64(q.Limit)+1).Scan(ctx, &rows)
	if err != nil {
		return ListPage{}, fmt.Errorf("list records: %w", err)
	}
	more := len(rows) > q.Limit
	if more {
		rows = rows[:q.Limit]
	}
	if backwards {
		slices.Reverse(rows)
	}
	return listPage(rows, q, more), nil
}

func listPage(rows []lineRow, q ListQuery, more bool) ListPage {
	var page ListPage
	today := time.Now()
	definition, _ := record.DefinitionOf(q.Kind)
	for i := range rows {
		r := &rows[i]
		page.Lines = append(page.Lines, Listing{
			Record: r.Record, Title: r.Title, Cells: fitted(r.Cells, len(definition.Columns)), State: record.State{Standing: r.Standing, Filing: r.Filing},
			Draft: r.Draft, Locked: r.Locked, UpdatedAt: r.UpdatedAt,
			Expired: r.Standing == record.InForce && record.Expired(form.Date(r.ExpiresOn), today),
		})
	}
	if len(rows) == 0 {
		return page
	}
	if q.Before != "" || more {
		page.Next = rows[len(rows)-1].cursor(q.Order)
	}
	if q.After != "" || q.Before != "" && more {
		page.Previous = rows[0].cursor(q.Order)
	}
	return page
}

// fitted are the cells of a line under the columns of this release: a line that
// an earlier one wrote may have more or fewer, until it is written again.
func fitted(cells []string, columns int) []string {
	all := make([]string, columns)
	copy(all, cells)
	return all
}

// cursor names a line's place in an order.
func (r *listingRow) cursor(order ListOrder) string {
	value := r.UpdatedAt.UTC().Format(time.RFC3339Nano)
	switch order {
	case ListTitle:
		value = r.Title
	case ListDate:
		value = r.SortOn
	case ListRecent:
	}
	return base64.RawURLEncoding.EncodeToString([]byte(string(r.Record) + value))
}

// readCursor reads a cursor of that order; one of another order, or one that
// somebody wrote by hand, may be none.
func readCursor(cursor string, order ListOrder) (value string, id record.ID, ok bool) {
	const idLength = 36
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) < idLength || !ValidID(string(text[:idLength])) {
		return "", "", false
	}
	value = string(text[idLength:])
	if order == ListRecent {
		_, err := time.Parse(time.RFC3339Nano, value)
		return value, record.ID(text[:idLength]), err == nil
	}
	return value, record.ID(text[:idLength]), utf8.ValidString(value) && !strings.Contains(value, "\x00")
}

// findable is what a search looks for, in the form that listings hold.
func findable(search string) string { return strings.ToLower(form.Clean(search)) }

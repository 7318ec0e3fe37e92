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
	"unireg/record/codes/initials"
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
	Cells     []string    `bun:"cells,array"`
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

// listStates are the selections in SQL.
var listStates = map[ListState]string{
	ListDrafts:      "coalesce(r.standing, 'none') = 'none' AND coalesce(r.filing, 'none') = 'none'",
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
		query.Where("(l.find LIKE ? OR ? = ANY (l.people))", "%"+escapeLike(text)+"%", s.identityIndex(record.NormalizeCode(q.Search)))
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
	for i := range rows {
		r := &rows[i]
		page.Lines = append(page.Lines, Listing{
			Record: r.Record, Title: r.Title, Cells: r.Cells, State: record.State{Standing: r.Standing, Filing: r.Filing},
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

// CountListings counts a subject's lines of each kind.
func (s *Store) CountListings(ctx context.Context, subject record.ID) (map[record.Kind]int, error) {
	var rows []struct {
		Kind  record.Kind `bun:"kind"`
		Count int         `bun:"count"`
	}
	err := s.db.NewRaw("SELECT kind, count(*) AS count FROM listings WHERE subject = ? GROUP BY kind", subject).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count records: %w", err)
	}
	counts := map[record.Kind]int{}
	for _, r := range rows {
		counts[r.Kind] = r.Count
	}
	return counts, nil
}

// relist writes the line of a record anew, in the transaction that changed it.
// What lists do not show any more takes its line along. Whoever changes the same
// record at the same time is waited for, so that the last one sees it all.
func (s *Store) relist(ctx context.Context, tx bun.Tx, id record.ID) error {
	if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "listing/"+string(id)).Exec(ctx); err != nil {
		return fmt.Errorf("order lines of list: %w", err)
	}
	row, err := s.line(ctx, tx, id)
	if err != nil {
		return err
	}
	if row == nil {
		_, err := tx.NewDelete().Model((*listingRow)(nil)).Where("record = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop line of list: %w", err)
		}
		return nil
	}
	if row.UpdatedAt, err = databaseTime(ctx, tx); err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(row).On("CONFLICT (record) DO UPDATE").
		Set("title = EXCLUDED.title, cells = EXCLUDED.cells, note = EXCLUDED.note, find = EXCLUDED.find, people = EXCLUDED.people").
		Set("sort_on = EXCLUDED.sort_on, expires_on = EXCLUDED.expires_on, updated_at = EXCLUDED.updated_at").
		Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write line of list: %w", err)
	}
	return nil
}

// line is the line of a record or of the draft of a new one, without its
// instant: of the version that counts, else of the one under way, else of the
// draft. It is nil for a profile, for a draft that is not shown, and for a
// record that was withdrawn or lapsed and whose draft was dropped.
func (s *Store) line(ctx context.Context, tx bun.Tx, id record.ID) (*listingRow, error) {
	row, document, err := s.shown(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	listed, many := document.(record.Listed)
	if !many {
		return nil, nil //nolint:nilnil // no line is an ordinary answer here
	}
	line := s.listing(listed)
	line.Record, line.Subject, line.Kind = id, row.Subject, row.Kind
	return &line, nil
}

// shown is the document by which lists know a record, nil where they do not,
// and whose it is.
func (s *Store) shown(ctx context.Context, tx bun.Tx, id record.ID) (recordRow, record.Document, error) {
	var current recordRow
	err := missing(tx.NewSelect().Model(&current).Where("id = ?", id).Scan(ctx), "read record of list")
	if err != nil && record.CodeOf(err) != record.NotFound {
		return recordRow{}, nil, err
	}
	no := current.InForce
	if no == 0 {
		no = current.Submitted
	}
	if err == nil && no > 0 {
		version, err := s.version(ctx, tx, id, no)
		return current, version.Document, err
	}
	var row draftRow
	err = missing(tx.NewSelect().Model(&row).Where("record = ?", id).Where("hidden_at IS NULL").Scan(ctx), "read draft of list")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return recordRow{}, nil, nil
	case err != nil:
		return recordRow{}, nil, err
	}
	draft, err := s.draft(ctx, tx, &row)
	return recordRow{ID: id, Subject: row.Subject, Kind: row.Kind}, draft.Document, err
}

// listing is a document's line without its ids.
func (s *Store) listing(d record.Listed) listingRow {
	l := d.Listing()
	texts := append([]string{d.Title()}, append(slices.Clone(l.Cells), l.Find...)...)
	words := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		words = append(words, strings.ToLower(text), letters(text))
	}
	row := listingRow{
		Title: d.Title(), Cells: l.Cells, Note: l.Note, Find: strings.Join(words, "\n"), People: [][]byte{},
		SortOn: civilDate(l.On), ExpiresOn: civilDate(l.Expires),
	}
	for _, number := range d.People() {
		row.People = append(row.People, s.identityIndex(number))
	}
	return row
}

func civilDate(d form.Date) string {
	if _, ok := d.Time(); !ok {
		return ""
	}
	return string(d)
}

// letters are the pinyin initials of a text, without the characters that have
// no reading.
func letters(text string) string {
	if all, err := initials.Of(text); err == nil {
		return all
	}
	var read strings.Builder
	for _, r := range text {
		if letter, err := initials.Of(string(r)); err == nil {
			read.WriteString(letter)
		}
	}
	return read.String()
}

// findable is what a search looks for, in the form that listings hold.
func findable(search string) string { return strings.ToLower(form.Clean(search)) }

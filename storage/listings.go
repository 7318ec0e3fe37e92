package storage

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

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
		Where("l.subject = ?", q.Subject).Where("l.kind = ?", q.Kind).
		Where("(r.id IS NOT NULL OR d.record IS NOT NULL)")
	if text := findable(q.Search); text != "" {
		query.Where("(l.find LIKE ? OR ? = ANY (l.people))", "%"+escapeLike(text)+"%", s.identityIndex(record.NormalizeCode(q.Search)))
	}
	if condition, known := listStates[q.State]; known {
		query.Where(condition)
	}
	backwards := q.Before != ""
	ascending := order.descending == backwards
	if value, id, ok := readCursor(q.After + q.Before); ok {
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

func readCursor(cursor string) (value string, id record.ID, ok bool) {
	const idLength = 36
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) < idLength || !ValidID(string(text[:idLength])) {
		return "", "", false
	}
	return string(text[idLength:]), record.ID(text[:idLength]), true
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

// relist writes the line of a record anew, in the transaction that changed it:
// of the version that counts, else of the one under way, else of the draft. A
// draft that is gone without a record takes its line along.
func (s *Store) relist(ctx context.Context, tx bun.Tx, subject, id record.ID) error {
	kind, document, err := s.shown(ctx, tx, id)
	if err != nil {
		return err
	}
	listed, many := document.(record.Listed)
	if !many {
		_, err := tx.NewDelete().Model((*listingRow)(nil)).Where("record = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop line of list: %w", err)
		}
		return nil
	}
	return s.list(ctx, tx, line{record: id, subject: subject, kind: kind, document: listed})
}

// line is what a line of a list is written of.
type line struct {
	record, subject record.ID
	kind            record.Kind
	document        record.Document
}

// list writes the line of a record whose document is in hand, like relist. A
// profile has none.
func (s *Store) list(ctx context.Context, tx bun.Tx, l line) error {
	listed, many := l.document.(record.Listed)
	if !many {
		return nil
	}
	row := s.listing(listed)
	row.Record, row.Subject, row.Kind = l.record, l.subject, l.kind
	_, err := tx.NewInsert().Model(&row).Value("updated_at", "clock_timestamp()").On("CONFLICT (record) DO UPDATE").
		Set("title = EXCLUDED.title, cells = EXCLUDED.cells, note = EXCLUDED.note, find = EXCLUDED.find, people = EXCLUDED.people").
		Set("sort_on = EXCLUDED.sort_on, expires_on = EXCLUDED.expires_on, updated_at = EXCLUDED.updated_at").
		Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write line of list: %w", err)
	}
	return nil
}

// relistUnchanged moves a line to the end of the latest change: what it shows is
// the version that it showed before.
func relistUnchanged(ctx context.Context, tx bun.Tx, id record.ID) error {
	if _, err := tx.NewRaw("UPDATE listings SET updated_at = clock_timestamp() WHERE record = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("move line of list: %w", err)
	}
	return nil
}

// relistDraft writes the line of a saved draft, unless a version is shown.
func (s *Store) relistDraft(ctx context.Context, tx bun.Tx, d Draft) error {
	if d.Kind.Profile() {
		return nil
	}
	shown, err := tx.NewSelect().Model((*recordRow)(nil)).Where("id = ?", d.Record).Where("in_force > 0 OR submitted > 0").Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read record of list: %w", err)
	case shown:
		return relistUnchanged(ctx, tx, d.Record)
	}
	return s.list(ctx, tx, line{record: d.Record, subject: d.Subject, kind: d.Kind, document: d.Document})
}

// relistMoved writes the line of a record that a command has moved. document is
// what the command made the shown one, nil when it made none.
func (s *Store) relistMoved(ctx context.Context, tx bun.Tx, r *recordRow, document record.Document) error {
	switch {
	case r.Kind.Profile():
		return nil
	case document != nil:
		return s.list(ctx, tx, line{record: r.ID, subject: r.Subject, kind: r.Kind, document: document})
	case r.InForce > 0 || r.Submitted > 0:
		return relistUnchanged(ctx, tx, r.ID)
	}
	return s.relist(ctx, tx, r.Subject, r.ID)
}

// shown is the document by which lists know a record; nil for a profile, and
// where nothing is left.
func (s *Store) shown(ctx context.Context, tx bun.Tx, id record.ID) (record.Kind, record.Document, error) {
	var current recordRow
	err := missing(tx.NewSelect().Model(&current).Where("id = ?", id).Scan(ctx), "read record of list")
	filed := err == nil
	if err != nil && record.CodeOf(err) != record.NotFound {
		return "", nil, err
	}
	if no := max(current.InForce, 0); filed && (no > 0 || current.Submitted > 0) {
		if no == 0 {
			no = current.Submitted
		}
		version, err := s.version(ctx, tx, id, no)
		return current.Kind, version.Document, err
	}
	var row draftRow
	err = missing(tx.NewSelect().Model(&row).Where("record = ?", id).Scan(ctx), "read draft of list")
	switch {
	case err == nil:
		draft, err := s.draft(ctx, tx, &row)
		return row.Kind, draft.Document, err
	case record.CodeOf(err) != record.NotFound:
		return "", nil, err
	case !filed:
		return "", nil, nil
	}
	// Lapsed or withdrawn, and the draft dropped: what was filed last.
	var no int
	if err := tx.NewRaw("SELECT max(no) FROM versions WHERE record = ?", id).Scan(ctx, &no); err != nil {
		return "", nil, fmt.Errorf("read last version of list: %w", err)
	}
	version, err := s.version(ctx, tx, id, no)
	return current.Kind, version.Document, err
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

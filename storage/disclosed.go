package storage

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// Nothing in this file reads anything but disclosures and disclosure_changes: what
// does not stand there cannot come to a public page.

// DisclosureState narrows what is public by whether it counts. The zero value
// narrows nothing.
type DisclosureState string

// The states.
const (
	DisclosedInForce DisclosureState = "in_force" // counts today
	DisclosedExpired DisclosureState = "expired"
	DisclosedVoid    DisclosureState = "voided"
)

// DisclosureStates are the states, in the order of the pages.
func DisclosureStates() []DisclosureState {
	return []DisclosureState{DisclosedInForce, DisclosedExpired, DisclosedVoid}
}

var disclosureStates = map[DisclosureState]string{
	DisclosedInForce: "p.standing = 'in_force' AND (p.expires_on = '' OR p.expires_on >= " + listingDay + ")",
	DisclosedExpired: "p.standing = 'in_force' AND p.expires_on <> '' AND p.expires_on < " + listingDay,
	DisclosedVoid:    "p.standing = 'voided'",
}

const (
	// DisclosedPages is how many pages of a search are shown: who looks for more says
	// more of what is looked for.
	DisclosedPages = 50
	// DisclosedCounted is up to how many matches a search counts.
	DisclosedCounted = 1000
)

// DisclosureQuery asks for what is public of a kind; zero values mean everything.
type DisclosureQuery struct {
	Kind record.Kind
	// Text is a credit code, or words of which each stands in the name of the unit or
	// in what the line is about, also as pinyin initials.
	Text   string
	Unit   string // credit code
	Region string // leading digits of the unit's
	Role   string // of the unit
	// Class and Grade are of a qualification: of the line, or of one that the unit has
	// and that counts. Class is a code of a class, a series or a major.
	Class, Grade string
	State        DisclosureState
	After        string // cursor of the line before the page; "" from the beginning
	Before       string // cursor of the line behind the page, when going back
	Limit        int
}

// Disclosure is one public line.
type Disclosure struct {
	Kind      record.Kind
	Title     string
	Cells     []string // one for each of record.PublicColumns
	Unit      string   // name of the unit
	Code      string   // of the unit
	Standing  record.Standing
	Expired   bool // in force, and its last day is over
	Version   int
	Since     time.Time // when the version began to count
	ChangedAt time.Time // of the last public change
	// Document holds what is disclosed, nil in lists.
	Document record.Document
}

// DisclosurePage is one page of a search, the last change first. The cursors are
// "" where it ends.
type DisclosurePage struct {
	Lines    []Disclosure
	Next     string
	Previous string
	No       int  // of the page, from 1
	Cut      bool // there is more, and this is the last page that is shown
}

func (r *disclosureRow) disclosure() Disclosure {
	return Disclosure{
		Kind: r.Kind, Title: r.Title, Cells: fitted(r.Cells, len(record.PublicColumns(r.Kind))), Unit: r.Name, Code: r.Code, Standing: r.Standing,
		Version: r.Version, Since: r.Since, ChangedAt: r.ChangedAt,
		Expired: r.Standing == record.InForce && record.Expired(form.Date(r.ExpiresOn), time.Now()),
	}
}

// Disclosed returns one page of what is public. A cursor that is none of ours
// starts at the beginning.
func (s *Store) Disclosed(ctx context.Context, q DisclosureQuery) (DisclosurePage, error) {
	place, ok := s.readPlace(q.Before)
	backwards := ok
	if !ok {
		place, ok = s.readPlace(q.After)
	}
	if !ok {
		place = disclosedPlace{no: 1}
	}
	var rows []disclosureRow
	query := s.disclosed(q).Model(&rows).Column("record", "kind", "title", "cells", "name", "code", "standing", "version", "since", "changed_at", "expires_on")
	comparison, direction := "<", bun.Safe("DESC")
	if backwards {
		comparison, direction = ">", "ASC"
	}
	if ok {
		query.Where("(p.changed_at, p.record) "+comparison+" (?, ?)", place.at, place.record)
	}
	err := query.OrderExpr("p.changed_at ?, p.record ?", direction, direction).Limit(int64(q.Limit) + 1).Scan(ctx)
	if err != nil {
		return DisclosurePage{}, fmt.Errorf("search what is public: %w", err)
	}
	more := len(rows) > q.Limit
	if more {
		rows = rows[:q.Limit]
	}
	if backwards {
		slices.Reverse(rows)
	}
	page := DisclosurePage{No: place.no}
	for i := range rows {
		page.Lines = append(page.Lines, rows[i].disclosure())
	}
	s.turnDisclosed(&page, rows, backwards, more)
	return page, nil
}

// turnDisclosed gives a page its cursors.
func (s *Store) turnDisclosed(page *DisclosurePage, rows []disclosureRow, backwards, more bool) {
	if len(rows) == 0 {
		return
	}
	if first := &rows[0]; page.No > 2 {
		page.Previous = s.place(disclosedPlace{no: page.No - 1, at: first.ChangedAt, record: first.Record})
	}
	behind := backwards || more
	page.Cut = behind && page.No >= DisclosedPages
	if last := &rows[len(rows)-1]; behind && !page.Cut {
		page.Next = s.place(disclosedPlace{no: page.No + 1, at: last.ChangedAt, record: last.Record})
	}
}

// DisclosedCounts counts the matches of a search in each kind, up to one more than
// DisclosedCounted.
func (s *Store) DisclosedCounts(ctx context.Context, q DisclosureQuery) (map[record.Kind]int, error) {
	counts := map[record.Kind]int{}
	for _, kind := range record.DisclosedKinds() {
		q.Kind = kind
		var n int
		// In the order of the pages, whose index ends a count that finds many early.
		found := s.disclosed(q).Model((*disclosureRow)(nil)).ColumnExpr("1").OrderExpr("p.changed_at DESC, p.record DESC").Limit(DisclosedCounted + 1)
		if err := s.db.NewRaw("SELECT count(*) FROM (?) found", found).Scan(ctx, &n); err != nil {
			return nil, fmt.Errorf("count what is public: %w", err)
		}
		counts[kind] = n
	}
	return counts, nil
}

// disclosed selects what a search asks for. Nothing of a unit is found before its
// 基本信息 was in force.
func (s *Store) disclosed(q DisclosureQuery) *bun.SelectQuery {
	query := s.db.NewSelect().Where("p.code <> ''").Where("p.kind = ?", q.Kind)
	if !q.Kind.Disclosed() {
		query.Where("FALSE") // practitioners are counted, and not listed
	}
	if q.Unit != "" {
		query.Where("p.code = ?", q.Unit)
	}
	if q.Region != "" {
		query.Where("p.region LIKE ?", escapeLike(q.Region)+"%")
	}
	if q.Role != "" {
		query.Where("? = ANY (p.roles)", q.Role)
	}
	if condition, known := disclosureStates[q.State]; known {
		query.Where(condition)
	}
	if tag := record.QualificationTag(q.Class, q.Grade); tag != "" {
		if q.Kind == record.Qualification {
			query.Where("p.tags @> ARRAY[?]::text[]", tag)
		} else {
			query.Where(`p.subject IN (
				SELECT q.subject FROM disclosures q WHERE q.kind = 'qualification' AND q.code <> '' AND q.standing = 'in_force' AND q.tags @> ARRAY[?]::text[])`, tag)
		}
	}
	return disclosedText(query, q.Text)
}

// disclosedText narrows to what is searched for. Of a text that has neither letter
// nor digit nothing is found.
func disclosedText(query *bun.SelectQuery, text string) *bun.SelectQuery {
	text = findable(text)
	if text == "" {
		return query
	}
	if code := record.NormalizeCode(text); record.CreditCodeProblem(code) == "" {
		return query.Where("p.code = ?", code)
	}
	for word := range strings.FieldsSeq(text) {
		pieces := telling(word)
		if len(pieces) == 0 {
			return query.Where("FALSE")
		}
		// That characters and pairs are there does not say that they stand together.
		query.Where(`(p.unit_find @> ARRAY[?0]::text[] AND strpos(p.unit_words, ?1) > 0 OR p.find @> ARRAY[?0]::text[] AND strpos(p.words, ?1) > 0)`,
			bun.List(pieces), word)
	}
	return query
}

// disclosedPlace is a place in a search: before or behind that line, for the page
// of that number.
type disclosedPlace struct {
	no     int
	at     time.Time
	record record.ID
}

// place writes a cursor. It is marked as ours, so that nobody comes further than
// the last page by writing one.
func (s *Store) place(p disclosedPlace) string {
	return s.marked("disclosed", fmt.Sprintf("%d/%s/%s", p.no, p.record, p.at.UTC().Format(time.RFC3339Nano)))
}

func (s *Store) readPlace(cursor string) (disclosedPlace, bool) {
	parts := strings.Split(s.readMarked("disclosed", cursor), "/")
	if len(parts) != 3 {
		return disclosedPlace{}, false
	}
	no, err := strconv.Atoi(parts[0])
	at, err2 := time.Parse(time.RFC3339Nano, parts[2])
	return disclosedPlace{no: no, at: at, record: record.ID(parts[1])}, err == nil && err2 == nil
}

// cursorMark is the length of what tells a cursor of ours from others, in bytes.
const cursorMark = 9

func (s *Store) marked(use, text string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.keys.blind("cursor/"+use, text)[:cursorMark], text...))
}

// readMarked is the text of a cursor of that use, "" for one that is none of ours.
func (s *Store) readMarked(use, cursor string) string {
	content, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(content) < cursorMark {
		return ""
	}
	text := string(content[cursorMark:])
	if s.marked(use, text) != cursor {
		return ""
	}
	return text
}

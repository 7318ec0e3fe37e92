package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// What everybody may read stands in disclosures: one line for each record that
// counts or was voided, made of what record.Public gives of its version in force.
// A line is written in the transaction that changes what counts, so that what is
// voided is public as such from that instant on. Of a practitioner the line says
// what is held, and not by whom.

type disclosureRow struct {
	bun.BaseModel `bun:"table:disclosures,alias:p"`

	Record    record.ID       `bun:"record,pk"`
	Subject   record.ID       `bun:"subject"`
	Kind      record.Kind     `bun:"kind"`
	Standing  record.Standing `bun:"standing"`
	Version   int             `bun:"version"`
	Edition   int             `bun:"edition"`
	Since     time.Time       `bun:"since"`
	ChangedAt time.Time       `bun:"changed_at"`
	Title     string          `bun:"title"`
	Cells     texts           `bun:"cells"`
	Content   map[string]any  `bun:"content,type:jsonb"`
	Words     string          `bun:"words"`
	Find      texts           `bun:"find"`
	Tags      []string        `bun:"tags,array"`
	ExpiresOn string          `bun:"expires_on"`

	disclosedUnit `bun:"embed:"`
}

// disclosedUnit is what every line of a unit says of it. It is empty while nothing
// of the unit is public: before its 基本信息 was in force for the first time.
type disclosedUnit struct {
	Code      string   `bun:"code"`
	Name      string   `bun:"name"`
	Region    string   `bun:"region"`
	Roles     []string `bun:"roles,array"`
	UnitWords string   `bun:"unit_words"`
	UnitFind  texts    `bun:"unit_find"`
}

// The columns of disclosedUnit, to be set from those of another row.
var unitColumns = []string{"code", "name", "region", "roles", "unit_words", "unit_find"}

func (u disclosedUnit) same(other disclosedUnit) bool {
	return u.Code == other.Code && u.Name == other.Name && u.Region == other.Region && u.UnitWords == other.UnitWords &&
		slices.Equal(u.Roles, other.Roles) && slices.Equal(u.UnitFind, other.UnitFind)
}

// noUnit is that of a subject of which nothing is public.
func noUnit() disclosedUnit { return disclosedUnit{Roles: []string{}, UnitFind: []string{}} }

// unitOf is what the lines of a unit say of it by its 基本信息 in force.
func unitOf(profile *record.OrganizationDocument) (disclosedUnit, error) {
	line, err := record.PublicLineOf(record.OrganizationProfile, profile)
	if err != nil {
		return disclosedUnit{}, err
	}
	words := wordsOf(profile.LegalName, profile.LegalCode)
	return disclosedUnit{
		Code: profile.LegalCode, Name: profile.LegalName, Region: record.RegionDigits(line.Region), Roles: orNone(line.Roles),
		UnitWords: words, UnitFind: grams(words),
	}, nil
}

// orNone is a list as an array of a row is: never null.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// wordsOf are texts as searches compare them: in lower case, each with its pinyin
// initials.
func wordsOf(texts ...string) string {
	var words []string
	for _, text := range texts {
		if text = strings.ToLower(text); text != "" {
			words = append(words, text, letters(text))
		}
	}
	return strings.Join(words, "\n")
}

// disclosure is the line of a record by its version in force, without what it says
// of the unit and without its instants.
func disclosure(r *recordRow, document record.Document) (disclosureRow, error) {
	row := disclosureRow{
		Record: r.ID, Subject: r.Subject, Kind: r.Kind, Standing: r.Standing, Version: r.InForce, Edition: record.DisclosureEdition,
		Cells: []string{}, Content: map[string]any{}, Find: []string{}, Tags: []string{}, disclosedUnit: noUnit(),
	}
	if !r.Kind.Disclosed() {
		for _, held := range record.RegisteredOf(document) {
			row.Tags = append(row.Tags, strings.TrimSpace(held.Type+" "+civilDate(held.Until)))
		}
		return row, nil
	}
	line, err := record.PublicLineOf(r.Kind, document)
	if err != nil {
		return disclosureRow{}, err
	}
	row.Content, row.Title, row.Cells, row.Tags, row.ExpiresOn = record.Public(r.Kind, document), line.Title, orNone(line.Cells), orNone(line.Tags), civilDate(line.Expires)
	if !r.Kind.Profile() { // a profile is found by the name and code of its unit
		row.Words = wordsOf(append([]string{line.Title}, append(slices.Clone(line.Cells), line.Find...)...)...)
		row.Find = grams(row.Words)
	}
	return row, nil
}

// public reports whether lines are written of the kind: of everything but natural
// persons.
func public(kind record.Kind) bool { return kind.Disclosed() || kind == record.Practitioner }

// turn is what a move made of what counts.
type turn struct {
	move      record.Move
	before    int             // version that counted before, 0 for none
	effective bool            // a version came in force
	document  record.Document // of that version
	at        time.Time
}

// disclose brings the line of a record in line with what a move made of it, and
// notes the public change.
func (s *Store) disclose(ctx context.Context, tx bun.Tx, current *recordRow, t turn) error {
	switch {
	case !public(current.Kind):
		return nil
	case t.move == record.Void, t.move == record.Release, t.move == record.Restore:
		_, err := tx.NewRaw("UPDATE disclosures SET standing = ?, changed_at = ? WHERE record = ?", current.Standing, t.at, current.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("turn disclosure: %w", err)
		}
	case !t.effective, t.before == current.InForce: // a version that was looked at again counts as it did
		return nil
	default:
		row, err := disclosure(current, t.document)
		if err != nil {
			return err
		}
		row.Since, row.ChangedAt = t.at, t.at
		if err := s.writeDisclosure(ctx, tx, &row, t.document); err != nil {
			return err
		}
	}
	return s.noteDisclosed(ctx, tx, current, t)
}

// writeDisclosure stores a line, with what it says of the unit; a profile tells all
// other lines of the unit what to say.
func (s *Store) writeDisclosure(ctx context.Context, tx bun.Tx, row *disclosureRow, document record.Document) error {
	var err error
	if profile, ok := document.(*record.OrganizationDocument); ok {
		if row.disclosedUnit, err = unitOf(profile); err != nil {
			return err
		}
	} else if row.disclosedUnit, err = readUnit(ctx, tx, row.Subject); err != nil {
		return err
	}
	insert := tx.NewInsert().Model(row).On("CONFLICT (record) DO UPDATE").
		Set("standing = EXCLUDED.standing, version = EXCLUDED.version, edition = EXCLUDED.edition, since = EXCLUDED.since, changed_at = EXCLUDED.changed_at").
		Set("title = EXCLUDED.title, cells = EXCLUDED.cells, content = EXCLUDED.content, words = EXCLUDED.words, find = EXCLUDED.find").
		Set("tags = EXCLUDED.tags, expires_on = EXCLUDED.expires_on")
	for _, column := range unitColumns {
		insert.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
	}
	if _, err := insert.Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("write disclosure: %w", err)
	}
	if !row.Kind.Profile() {
		return nil
	}
	_, err = tx.NewRaw(`
		UPDATE disclosures p SET code = u.code, name = u.name, region = u.region, roles = u.roles, unit_words = u.unit_words, unit_find = u.unit_find
		FROM disclosures u WHERE u.record = ?0 AND p.subject = u.subject AND p.record <> u.record
		  AND (p.code, p.name, p.region, p.roles, p.unit_words) IS DISTINCT FROM (u.code, u.name, u.region, u.roles, u.unit_words)`, row.Record).Exec(ctx)
	if err != nil {
		return fmt.Errorf("disclose unit: %w", err)
	}
	return nil
}

// readUnit is what the lines of a subject say of it, as its profile's line does.
func readUnit(ctx context.Context, tx bun.Tx, subject record.ID) (disclosedUnit, error) {
	var rows []disclosureRow
	err := tx.NewSelect().Model(&rows).Column(unitColumns...).Where("subject = ?", subject).Where("kind = ?", record.OrganizationProfile).Scan(ctx)
	if err != nil {
		return disclosedUnit{}, fmt.Errorf("read disclosed unit: %w", err)
	}
	if len(rows) == 0 {
		return noUnit(), nil
	}
	return rows[0].disclosedUnit, nil
}

// DisclosedTurn is what became of something public.
type DisclosedTurn string

// The turns.
const (
	DisclosedFirst   DisclosedTurn = "first"
	DisclosedChanged DisclosedTurn = "change"
	DisclosedVoided  DisclosedTurn = "void"
	DisclosedAgain   DisclosedTurn = "restore"
)

type disclosureChangeRow struct {
	bun.BaseModel `bun:"table:disclosure_changes,alias:c"`

	Record   record.ID     `bun:"record,pk"`
	Revision int           `bun:"revision,pk"`
	Subject  record.ID     `bun:"subject"`
	Kind     record.Kind   `bun:"kind"`
	At       time.Time     `bun:"at"`
	What     DisclosedTurn `bun:"what"`
	Fields   []string      `bun:"fields,array"`
}

// noteDisclosed writes a public change. Nothing is noted of practitioners: a unit
// that has one more would tell who it is to those who know when.
func (s *Store) noteDisclosed(ctx context.Context, tx bun.Tx, current *recordRow, t turn) error {
	if !current.Kind.Disclosed() {
		return nil
	}
	row := disclosureChangeRow{
		Record: current.ID, Revision: current.Revision, Subject: current.Subject, Kind: current.Kind, At: t.at, Fields: []string{},
	}
	switch {
	case t.move == record.Void:
		row.What = DisclosedVoided
	case t.move == record.Restore:
		row.What = DisclosedAgain
	case t.before == 0:
		row.What = DisclosedFirst
	default:
		row.What = DisclosedChanged
		before, err := s.version(ctx, tx, current.ID, t.before)
		if err != nil {
			return err
		}
		row.Fields, err = record.PublicChanges(current.Kind, before.Document, t.document)
		if err != nil || len(row.Fields) == 0 { // nothing that everybody may read has changed
			return err
		}
	}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("note public change: %w", err)
	}
	return nil
}

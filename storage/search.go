package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// FoundSubject is one line of the staff's search.
type FoundSubject struct {
	Subject    record.Subject
	Registered time.Time
	// Profile is the state of its 基本信息; the zero value means never filed.
	Profile record.State
	// Review is the open review of the profile, "" for none.
	Review record.ID
}

// SearchSubjects finds subjects whose name contains the text, or whose code or
// document number it is. A document number is found only as a whole: it is kept
// as a blind index. It returns up to limit lines from offset, and how many
// there are.
func (s *Store) SearchSubjects(ctx context.Context, text string, limit, offset int) ([]FoundSubject, int, error) {
	name, code := form.Clean(text), record.NormalizeCode(text)
	indexes := append(s.personIndexes(code), s.codeIndex(record.Organization, "", code))
	if name == "" {
		return nil, 0, nil
	}
	const which = ` FROM subjects s WHERE s.code_index IN (?1) OR s.name LIKE ?0`
	arguments := []any{"%" + escapeLike(name) + "%", bun.List(indexes)}
	var total int
	if err := s.db.NewRaw("SELECT count(*)"+which, arguments...).Scan(ctx, &total); err != nil {
		return nil, 0, fmt.Errorf("count found subjects: %w", err)
	}
	var ids []record.ID
	err := s.db.NewRaw("SELECT s.id"+which+" ORDER BY s.closed_at IS NOT NULL, s.name, s.id LIMIT ?2 OFFSET ?3",
		append(arguments, limit, offset)...).Scan(ctx, &ids)
	if err != nil {
		return nil, 0, fmt.Errorf("search subjects: %w", err)
	}
	found := make([]FoundSubject, 0, len(ids))
	for _, id := range ids {
		f, err := s.foundSubject(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, f)
	}
	return found, total, nil
}

// personIndexes are the blind indexes of a document number, one for each type of
// document.
func (s *Store) personIndexes(number string) [][]byte {
	var indexes [][]byte
	for _, idType := range codes.IDDocumentTypes.All() {
		indexes = append(indexes, s.codeIndex(record.Person, idType.Code, number))
	}
	return indexes
}

func (s *Store) foundSubject(ctx context.Context, id record.ID) (FoundSubject, error) {
	var row subjectRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return FoundSubject{}, missing(err, "read found subject")
	}
	subject, err := s.subject(ctx, s.db, &row)
	if err != nil {
		return FoundSubject{}, err
	}
	found := FoundSubject{
		Subject: subject, Registered: row.CreatedAt, Profile: record.State{Standing: record.NotInForce, Filing: record.NothingFiled},
	}
	err = s.db.NewRaw(`
		SELECT r.standing, r.filing, coalesce(t.id::text, '')
		FROM records r LEFT JOIN review_tasks t ON t.record = r.id AND t.closed_at IS NULL
		WHERE r.subject = ? AND r.kind = ?`, id, record.ProfileKind(subject.Type)).
		Scan(ctx, &found.Profile.Standing, &found.Profile.Filing, &found.Review)
	if err := missing(err, "read profile of found subject"); err != nil && record.CodeOf(err) != record.NotFound {
		return FoundSubject{}, err
	}
	return found, nil
}

// escapeLike takes the meaning from the wildcards of LIKE.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// SubjectsByID returns the subjects of those ids.
func (s *Store) SubjectsByID(ctx context.Context, ids []record.ID) (map[record.ID]record.Subject, error) {
	subjects := make(map[record.ID]record.Subject, len(ids))
	if len(ids) == 0 {
		return subjects, nil
	}
	var rows []struct {
		subjectRow `bun:",extend"`
		wrappedKey
	}
	err := s.db.NewSelect().Model(&rows).ColumnExpr("s.*, k.master, k.wrapped").Join("LEFT JOIN subject_keys k ON k.subject = s.id").
		Where("s.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read subjects: %w", err)
	}
	opened := map[record.ID][]byte{}
	for _, row := range rows {
		if row.Code == "" && row.Master != "" {
			if opened[row.ID], err = s.openKey(row.ID, row.wrappedKey); err != nil {
				return nil, err
			}
		}
	}
	ctx = context.WithValue(ctx, openedKeys{}, opened)
	for i := range rows {
		subject, err := s.subject(ctx, s.db, &rows[i].subjectRow)
		if err != nil {
			return nil, err
		}
		subjects[subject.ID] = subject
	}
	return subjects, nil
}

// PendingCommands returns the commands on a record that were accepted and have
// no outcome yet, in their order. Whose record it is is the caller's to check. A
// decision that staff may still undo is shown to staff only.
func (s *Store) PendingCommands(ctx context.Context, id record.ID, staff bool) ([]CommandStatus, error) {
	var rows []commandRow
	err := s.db.NewSelect().Model(&rows).Where("record = ?", id).Where("done_at IS NULL").
		Where("? OR role NOT IN (?)", staff, bun.List(record.StaffRoles())).Where("cancelled_at IS NULL").Order("seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read pending commands: %w", err)
	}
	pending := make([]CommandStatus, 0, len(rows))
	for i := range rows {
		pending = append(pending, rows[i].status())
	}
	return pending, nil
}

// ReviewOf returns the id of the review of a record: the open one, or the last.
func (s *Store) ReviewOf(ctx context.Context, id record.ID) (record.ID, error) {
	var review record.ID
	err := s.db.NewRaw(`
		SELECT id FROM review_tasks WHERE record = ? ORDER BY closed_at IS NULL DESC, opened_at DESC LIMIT 1`, id).Scan(ctx, &review)
	return review, missing(err, "find review")
}

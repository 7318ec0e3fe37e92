package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"unireg/record"
	"unireg/record/form"
)

// Connected is another organization with which a filing's is connected, in the
// version that counts or in the one under way. It is for staff alone: whoever files
// is never told of others.
type Connected struct {
	Subject     record.Subject
	Record      record.ID
	State       record.State
	Connections []record.Connection // as seen from the filing
}

const (
	// maxConnected is how many organizations are named for one filing.
	maxConnected = 20
	// maxCompared is how many versions are opened at most to find them.
	maxCompared = 100
)

// connectionMarks are the blind indexes of the organizations that a document names
// as connected. They stand among the marks of a version.
func (s *Store) connectionMarks(d record.Document) [][]byte {
	all := [][]byte{}
	for _, code := range record.ConnectedUnits(d) {
		all = append(all, s.connectionMark(code))
	}
	return all
}

func (s *Store) connectionMark(code string) []byte { return s.keys.blind("connected", code) }

// Connected finds the organizations in force or under way with which a subject is
// connected, by the document that it filed, the newest first. They are found by
// blind indexes: of the people by whom they may be connected, of the organizations
// that either names, and of the codes of those that are named. In which way they
// are connected their documents say, which nobody but this function reads for it.
func (s *Store) Connected(ctx context.Context, subject record.ID, d *record.OrganizationDocument) ([]Connected, error) {
	people, codes := [][]byte{}, s.codeIndexes(record.ConnectedUnits(d))
	for _, number := range record.ConnectedPeople(d) {
		people = append(people, s.identityIndex(number))
	}
	marks := append(s.connectionMarks(d), s.connectionMark(d.LegalCode))
	var rows []struct {
		wrappedKey

		Record   record.ID       `bun:"record"`
		No       int             `bun:"no"`
		Subject  record.ID       `bun:"subject"`
		Standing record.Standing `bun:"standing"`
		Filing   record.Filing   `bun:"filing"`
		Sealed   []byte          `bun:"sealed"`
	}
	err := s.db.NewRaw(`
		WITH found AS (
			SELECT record, no FROM versions WHERE kind = ?0 AND people && ?1
			UNION SELECT record, no FROM versions WHERE marks && ?2
			UNION SELECT v.record, v.no FROM subjects o JOIN records r ON r.subject = o.id AND r.kind = ?0 JOIN versions v ON v.record = r.id
			      WHERE o.code_index = ANY (?3) AND o.closed_at IS NULL
		)
		SELECT v.record, v.no, v.subject, r.standing, r.filing, v.sealed, k.master, k.wrapped
		FROM found f JOIN versions v USING (record, no) JOIN records r ON r.id = v.record
		JOIN subjects o ON o.id = v.subject JOIN subject_keys k ON k.subject = v.subject
		WHERE v.subject <> ?4 AND o.closed_at IS NULL AND (r.standing = 'in_force' AND v.no = r.in_force OR v.no = r.submitted)
		ORDER BY v.record DESC, v.no = r.in_force DESC LIMIT ?5`,
		record.OrganizationProfile, pgdialect.Array(people), pgdialect.Array(marks), pgdialect.Array(codes), subject, maxCompared).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for connected organizations: %w", err)
	}
	var found []Connected
	for i := range rows {
		row := &rows[i]
		if len(found) == maxConnected || len(found) > 0 && found[len(found)-1].Record == row.Record {
			continue
		}
		other, err := s.organization(row.wrappedKey, row.Subject, row.Record, row.No, row.Sealed)
		if toldElsewhere(err) {
			continue // what is wrong with another's version is no reason not to review this one
		}
		if err != nil {
			return nil, err
		}
		if connections := record.ConnectionsOf(d, other); len(connections) > 0 {
			found = append(found, Connected{
				Subject: record.Subject{ID: row.Subject}, Record: row.Record, State: record.State{Standing: row.Standing, Filing: row.Filing},
				Connections: connections,
			})
		}
	}
	ids := make([]record.ID, 0, len(found))
	for _, c := range found {
		ids = append(ids, c.Subject.ID)
	}
	subjects, err := s.SubjectsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Subject = subjects[found[i].Subject.ID]
	}
	return found, nil
}

// organization opens a version of the 基本信息 of an organization.
func (s *Store) organization(wrapped wrappedKey, subject, id record.ID, no int, sealed []byte) (*record.OrganizationDocument, error) {
	key, err := s.openKey(subject, wrapped)
	if err != nil {
		return nil, err
	}
	content, err := unsealAs(key, id, versionPurpose(no), sealed)
	if err != nil {
		return nil, err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return nil, fmt.Errorf("read an organization's version: %w", err)
	}
	d, ok := document.(*record.OrganizationDocument)
	if !ok {
		return nil, fmt.Errorf("read an organization's version: it is a %T", document)
	}
	return d, nil
}

// Party is an organization by its code, as it counted at an instant.
type Party struct {
	Code     string
	Known    bool                         // somebody has registered the code
	Document *record.OrganizationDocument // nil: nothing counted then
}

// PartiesAt reads the open organizations of codes as they counted at an instant, in
// the order of the codes; the zero time, and one that has not come, is now.
func (s *Store) PartiesAt(ctx context.Context, codes []string, at time.Time) ([]Party, time.Time, error) {
	at, err := s.passed(ctx, at)
	if err != nil {
		return nil, at, err
	}
	var rows []struct {
		wrappedKey

		Code    string    `bun:"code"`
		Subject record.ID `bun:"subject"`
		Record  record.ID `bun:"record"`
		No      int       `bun:"no"`
		Sealed  []byte    `bun:"sealed"`
	}
	err = s.db.NewRaw(`
		SELECT o.code, o.id AS subject, v.record, coalesce(v.no, 0) AS no, v.sealed, k.master, k.wrapped
		FROM subjects o JOIN subject_keys k ON k.subject = o.id
		LEFT JOIN records r ON r.subject = o.id AND r.kind = ?2
		LEFT JOIN LATERAL (
			SELECT v.record, v.no, v.sealed FROM version_effects e JOIN versions v USING (record, no)
			WHERE e.record = r.id AND e.since <= ?1 ORDER BY e.since DESC LIMIT 1) v ON true
		WHERE o.code_index = ANY (?0) AND o.closed_at IS NULL`,
		pgdialect.Array(s.codeIndexes(codes)), at, record.OrganizationProfile).Scan(ctx, &rows)
	if err != nil {
		return nil, at, fmt.Errorf("read organizations of codes: %w", err)
	}
	parties := make([]Party, len(codes))
	for i, code := range codes {
		parties[i].Code = code
	}
	for i := range rows {
		row := &rows[i]
		party := &parties[slices.Index(codes, row.Code)]
		party.Known = true
		if row.No == 0 {
			continue
		}
		if party.Document, err = s.organization(row.wrappedKey, row.Subject, row.Record, row.No, row.Sealed); err != nil {
			return nil, at, err
		}
	}
	return parties, at, nil
}

// codeIndexes are the blind indexes of organizations' codes.
func (s *Store) codeIndexes(codes []string) [][]byte {
	all := make([][]byte, 0, len(codes))
	for _, code := range codes {
		all = append(all, s.codeIndex(record.Organization, "", code))
	}
	return all
}

// KnownOrganizations finds the organizations in force of codes, by their codes: what
// everybody may know. What is not found is left out.
func (s *Store) KnownOrganizations(ctx context.Context, codes []string) (map[string]form.SubjectReference, error) {
	known := map[string]form.SubjectReference{}
	if len(codes) == 0 {
		return known, nil
	}
	var rows []struct {
		ID   string `bun:"id"`
		Code string `bun:"code"`
		Name string `bun:"name"`
	}
	err := s.db.NewRaw(`
		SELECT o.id, o.code, o.name FROM subjects o JOIN records r ON r.subject = o.id AND r.kind = ?1 AND r.standing = 'in_force'
		WHERE o.code_index = ANY (?0) AND o.closed_at IS NULL`, pgdialect.Array(s.codeIndexes(codes)), record.OrganizationProfile).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look organizations up: %w", err)
	}
	for _, r := range rows {
		known[r.Code] = form.SubjectReference{Code: r.Code, ID: r.ID, Name: r.Name}
	}
	return known, nil
}

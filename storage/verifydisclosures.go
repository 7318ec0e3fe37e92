package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"unireg/record"
)

// disclosureConsistency are the invariants of what is public that one statement
// each can check.
var disclosureConsistency = []check{
	{"I14", "a natural person is disclosed", `
		SELECT p.record::text FROM disclosures p JOIN subjects s ON s.id = p.subject WHERE s.type <> 'organization' OR p.kind = 'person'
		   OR p.kind = 'practitioner' AND (p.title <> '' OR p.words <> '' OR p.cells <> '{}' OR p.content <> '{}')`},
	{"I14", "something was voided or restored, and no public change says so", `
		SELECT e.record::text FROM events e JOIN disclosures p ON p.record = e.record
		WHERE p.kind <> 'practitioner' AND e.type IN ('void', 'restore')
		  AND NOT EXISTS (SELECT 1 FROM disclosure_changes c WHERE c.record = e.record AND c.revision = (e.data->>'revision')::integer)`},
}

// verifyDisclosures computes every public line anew from the version in force. Each
// batch is read as of one instant.
func (s *Store) verifyDisclosures(ctx context.Context) ([]Disagreement, error) {
	found, err := s.runChecks(ctx, disclosureConsistency)
	if err != nil {
		return nil, err
	}
	for after := systemChain; after != ""; {
		err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
			more, last, err := s.verifyPublicLines(ctx, tx, after)
			found, after = append(found, more...), last
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("verify what is public: %w", err)
		}
	}
	return found, nil
}

// verifyPublicLines compares the lines of one batch of records, and returns the
// last id of it, "" when it was the last.
func (s *Store) verifyPublicLines(ctx context.Context, tx bun.Tx, after record.ID) ([]Disagreement, record.ID, error) {
	var records []recordRow
	err := tx.NewSelect().Model(&records).Where("id > ?", after).Where("standing <> 'none'").Where("kind <> ?", record.PersonProfile).
		Order("id").Limit(verifyBatch).Scan(ctx)
	if err != nil || len(records) == 0 {
		return nil, "", err
	}
	ids := make([]record.ID, 0, len(records))
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	var rows []disclosureRow
	if err := tx.NewSelect().Model(&rows).Where("record IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read public lines: %w", err)
	}
	kept := map[record.ID]*disclosureRow{}
	for i := range rows {
		kept[rows[i].Record] = &rows[i]
	}
	units := map[record.ID]disclosedUnit{}
	var found []Disagreement
	for i := range records {
		r := &records[i]
		version, err := s.version(ctx, tx, r.ID, r.InForce)
		if toldElsewhere(err) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		want, err := disclosure(r, version.Document)
		if err != nil {
			return nil, "", err
		}
		want.Since = version.Since
		want.disclosedUnit, err = s.unitInForce(ctx, tx, r.Subject, units)
		if toldElsewhere(err) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if fault := disclosureFault(kept[r.ID], &want); fault != "" {
			found = append(found, Disagreement{"I14", string(r.ID), fault})
		}
	}
	if len(records) < verifyBatch {
		return found, "", nil
	}
	return found, records[len(records)-1].ID, nil
}

// unitInForce is what the lines of a subject are to say of it, by the version in
// force of its profile.
func (s *Store) unitInForce(ctx context.Context, tx bun.Tx, subject record.ID, known map[record.ID]disclosedUnit) (disclosedUnit, error) {
	if unit, ok := known[subject]; ok {
		return unit, nil
	}
	unit := noUnit()
	var profiles []recordRow
	err := tx.NewSelect().Model(&profiles).Where("subject = ?", subject).Where("kind = ?", record.OrganizationProfile).Where("in_force > 0").Scan(ctx)
	if err != nil {
		return unit, fmt.Errorf("read profile in force: %w", err)
	}
	if len(profiles) > 0 {
		version, err := s.version(ctx, tx, profiles[0].ID, profiles[0].InForce)
		if err != nil {
			return unit, err
		}
		if profile, ok := version.Document.(*record.OrganizationDocument); ok {
			if unit, err = unitOf(profile); err != nil {
				return unit, err
			}
		}
	}
	known[subject] = unit
	return unit, nil
}

// disclosureFault says what is wrong with a line as it is kept, "" where nothing is.
func disclosureFault(kept, want *disclosureRow) string {
	switch {
	case kept == nil:
		return "the record has no public line"
	case kept.Edition != want.Edition:
		return "the public line is of an earlier edition"
	case kept.Standing != want.Standing || kept.Version != want.Version:
		return "the public line is not of what counts"
	case !kept.same(want.disclosedUnit):
		return "the public line says something else of the unit than its profile in force"
	}
	same := kept.Subject == want.Subject && kept.Kind == want.Kind && kept.Since.Equal(want.Since) && kept.Title == want.Title && kept.Words == want.Words &&
		kept.ExpiresOn == want.ExpiresOn && slices.Equal(kept.Cells, want.Cells) && slices.Equal(kept.Find, want.Find) && slices.Equal(kept.Tags, want.Tags)
	if !same || !sameContent(kept.Content, want.Content) {
		return "the public line is not what is disclosed of the version in force"
	}
	return ""
}

// sameContent compares contents as the database keeps them.
func sameContent(a, b map[string]any) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && string(one) == string(other)
}

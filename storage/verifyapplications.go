package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"unireg/record"
)

// applicationConsistency are the invariants of applications to the CA company
// that one statement each can check.
var applicationConsistency = []check{
	{"I3", "an application has no command that asked for it", `
		SELECT a.id::text FROM ca_applications a
		WHERE NOT EXISTS (SELECT 1 FROM commands c WHERE c.id = a.id AND c.record = a.id AND c.move = 'ca_apply')`},
	{"I3", "an application's status is not what its last step says", `
		SELECT a.id::text FROM ca_applications a
		JOIN LATERAL (SELECT data FROM events e WHERE e.record = a.id AND (e.data ? 'from' OR e.type = 'ca_apply') ORDER BY e.no DESC LIMIT 1) e ON true
		WHERE e.data->>'status' <> a.status`},
	{"I3", "a closed application has an open command", `
		SELECT a.id::text FROM ca_applications a WHERE a.closed_at IS NOT NULL
		  AND EXISTS (SELECT 1 FROM commands c WHERE c.record = a.id AND c.done_at IS NULL)`},
	{"I3", "an application is closed though anything may follow, or open at its end", `
		SELECT a.id::text FROM ca_applications a
		WHERE a.closed_at IS NULL AND a.status IN ('bound', 'rejected', 'withdrawn')
		   OR a.closed_at IS NOT NULL AND a.status NOT IN ('issued', 'bound', 'rejected', 'withdrawn')`},
	{"I3", "an application is bound and no certificate came of it", `
		SELECT a.id::text FROM ca_applications a WHERE a.status = 'bound'
		  AND NOT EXISTS (SELECT 1 FROM certificates c WHERE c.subject = a.subject)`},
	{"I6", "a callback was looked at and has no outcome", `
		SELECT b.id FROM ca_callbacks b WHERE b.done_at IS NOT NULL AND b.outcome = ''`},
}

// verifyApplications checks the contents and the steps of the applications to
// the CA company.
func (s *Store) verifyApplications(ctx context.Context) ([]Disagreement, error) {
	found, err := s.runChecks(ctx, applicationConsistency)
	if err != nil {
		return nil, err
	}
	for after := systemChain; ; {
		var rows []applicationRow
		err := s.db.NewSelect().Model(&rows).Where("id > ?", after).Order("id").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("verify applications: %w", err)
		}
		for i := range rows {
			row := &rows[i]
			after = row.ID
			content, err := s.unsealDocument(ctx, s.db, row.Subject, row.ID, applicationPurpose, row.Sealed)
			sum := sha256.Sum256(content)
			switch {
			case err != nil:
				found = append(found, Disagreement{"I8", string(row.ID), "the application's bundle cannot be opened"})
			case !bytes.Equal(sum[:], row.SHA256):
				found = append(found, Disagreement{"I8", string(row.ID), "the application's bundle does not match its hash"})
			}
			steps, err := s.verifySteps(ctx, row)
			if err != nil {
				return nil, err
			}
			found = append(found, steps...)
		}
		if len(rows) < verifyBatch {
			return found, nil
		}
	}
}

// verifySteps reports steps of an application that the table of edges does not
// have.
func (s *Store) verifySteps(ctx context.Context, row *applicationRow) ([]Disagreement, error) {
	var events []eventRow
	err := s.db.NewSelect().Model(&events).Where("chain = ?", row.Subject).Where("record = ?", row.ID).Order("no").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify steps of application: %w", err)
	}
	var found []Disagreement
	status := record.ApplicationPending
	for i := range events {
		e := &events[i]
		from, stepped := e.Data["from"].(string)
		if !stepped {
			continue
		}
		to, _ := e.Data["status"].(string)
		if record.ApplicationStatus(from) != status || !status.Leads(record.ApplicationStatus(to)) {
			found = append(found, Disagreement{"I5", fmt.Sprintf("%s/%d", e.Chain, e.No), "no edge of an application allows this step"})
		}
		status = record.ApplicationStatus(to)
	}
	return found, nil
}

package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// SubjectChange is something that changed how a subject stands.
type SubjectChange struct {
	At     time.Time
	Type   string // of the event
	Record record.ID
	Kind   record.Kind // "" where it is about no record
	State  record.State
}

// ChangesAround are the changes next to an instant; a zero At means that there is
// none.
type ChangesAround struct {
	// Before is the last change earlier than the instant, After the first one later.
	Before, After SubjectChange
}

// changing are the types of event by which a subject stands otherwise than before.
func changing() []string {
	all := []string{
		string(MoveRegister), EventProven, EventTakenOver, EventClosed, EventCertificateBound, EventCertificateRevoked,
		EventCertificateSuspended, EventCertificateResumed,
	}
	for _, move := range record.Moves() {
		all = append(all, string(move))
	}
	return all
}

// ChangesAround returns the changes next to an instant, by which a reader goes from
// one state of a subject to the next.
func (s *Store) ChangesAround(ctx context.Context, subject record.ID, at time.Time) (ChangesAround, error) {
	var around ChangesAround
	for _, side := range []struct {
		into      *SubjectChange
		condition string
	}{
		{&around.Before, "e.at < ?1 ORDER BY e.at DESC, e.no DESC"},
		{&around.After, "e.at > ?1 ORDER BY e.at, e.no"},
	} {
		var rows []struct {
			SubjectChange

			Standing record.Standing `bun:"standing"`
			Filing   record.Filing   `bun:"filing"`
		}
		err := s.db.NewRaw(`
			SELECT e.at, e.type, coalesce(e.record::text, '') AS record, coalesce(r.kind, '') AS kind,
			       coalesce(e.data->>'standing', '') AS standing, coalesce(e.data->>'filing', '') AS filing
			FROM events e LEFT JOIN records r ON r.id = e.record
			WHERE e.chain = ?0 AND e.type IN (?2) AND `+side.condition+` LIMIT 1`, subject, at, bun.List(changing())).Scan(ctx, &rows)
		if err != nil {
			return ChangesAround{}, fmt.Errorf("look for the change next to an instant: %w", err)
		}
		for _, row := range rows {
			*side.into = row.SubjectChange
			side.into.At, side.into.State = row.At.UTC(), record.State{Standing: row.Standing, Filing: row.Filing}
		}
	}
	return around, nil
}

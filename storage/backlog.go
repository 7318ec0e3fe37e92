package storage

import (
	"context"
	"fmt"
	"time"
)

// Waiting is how many of something wait at a moment, and for how long the first
// of them has.
type Waiting struct {
	Count  int
	Oldest time.Duration // 0 where none waits
}

// Backlog is what waits for a worker or for somebody else's computers. Each
// figure is read from an index of what is open, so that it may be asked often.
type Backlog struct {
	// Commands are accepted, may take effect, and have no outcome.
	Commands Waiting
	// Scans are attachments that wait for the virus scanner.
	Scans Waiting
	// Applications are open ones to the CA company.
	Applications Waiting
	// Letters are messages, codes and links on their way out of the portal.
	Letters Waiting
	// Deliveries are changes that a subscriber was not told yet, one for each
	// subscriber; those that staff paused do not count.
	Deliveries Waiting
	// Checkpoints is how many there are of the history, and for how long the last
	// of them is the last: 0 where there is none.
	Checkpoints Waiting
	// HistoryFaults is what the last proof of the history found.
	HistoryFaults int
}

// Backlog reads what waits.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	var seconds [6]float64
	err := s.db.NewRaw(`
		SELECT commands.n, commands.age, scans.n, scans.age, applications.n, applications.age, letters.n, letters.age,
		       deliveries.n, deliveries.age, checkpoints.n, checkpoints.age,
		       coalesce((SELECT faults FROM checkpoint_proofs ORDER BY at DESC LIMIT 1), 0)
		FROM (SELECT count(*) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(greatest(accepted_at, not_before))), 0)::float8 AS age
		      FROM commands WHERE done_at IS NULL
		        AND (not_before IS NULL OR not_before < clock_timestamp() OR cancelled_at IS NOT NULL)) commands,
		     (SELECT count(*) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
		      FROM files WHERE NOT scanned AND state = 'scanning') scans,
		     (SELECT count(*) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(accepted_at)), 0)::float8 AS age
		      FROM ca_applications WHERE closed_at IS NULL) applications,
		     (SELECT count(*) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
		      FROM letters WHERE outcome = '') letters,
		     (SELECT count(n.no) AS n, coalesce(extract(epoch FROM clock_timestamp() - min(n.at)), 0)::float8 AS age
		      FROM subscribers s JOIN changes n ON n.no > s.reached AND n.type = ANY (s.types)
		      WHERE s.removed_at IS NULL AND s.state <> 'paused') deliveries,
		     (SELECT coalesce(max(no), 0) AS n, coalesce(extract(epoch FROM clock_timestamp() - max(at)), 0)::float8 AS age
		      FROM (SELECT no, at FROM checkpoints ORDER BY no DESC LIMIT 1) last) checkpoints`).
		Scan(ctx, &b.Commands.Count, &seconds[0], &b.Scans.Count, &seconds[1], &b.Applications.Count, &seconds[2],
			&b.Letters.Count, &seconds[3], &b.Deliveries.Count, &seconds[4], &b.Checkpoints.Count, &seconds[5], &b.HistoryFaults)
	if err != nil {
		return Backlog{}, fmt.Errorf("read backlog: %w", err)
	}
	for i, w := range []*Waiting{&b.Commands, &b.Scans, &b.Applications, &b.Letters, &b.Deliveries, &b.Checkpoints} {
		w.Oldest = max(0, time.Duration(seconds[i]*float64(time.Second)))
	}
	return b, nil
}

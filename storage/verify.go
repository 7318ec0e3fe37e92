package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Counts is how much there is.
type Counts struct {
	Subjects, Records, Versions, Events, Commands, OpenCommands, Files int
	Listings, Checkpoints                                              int
	// Applications to the CA company, those that are open, and what it told.
	Applications, OpenApplications, Callbacks int
}

// Disagreement is one fault that verification found: the invariant, the row,
// and what is wrong with it. It holds no contents.
type Disagreement struct {
	// Invariant is one of I1 … I8; I13: lists show what records and drafts hold;
	// I14: so does what is public; I15: what else follows from records is what they
	// come to; B08: an organization keeps an administrator, unless staff suspended
	// one; N03: signatures hold; N04: the history is the one that checkpoints signed.
	Invariant string
	ID        string
	Fault     string
}

// Count counts the rows of the main tables.
func (s *Store) Count(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.db.NewRaw(`
		SELECT (SELECT count(*) FROM subjects), (SELECT count(*) FROM records), (SELECT count(*) FROM versions),
		       (SELECT count(*) FROM events), (SELECT count(*) FROM commands),
		       (SELECT count(*) FROM commands WHERE done_at IS NULL),
		       (SELECT count(*) FROM files WHERE state <> 'deleted'), (SELECT count(*) FROM listings),
		       (SELECT count(*) FROM ca_applications), (SELECT count(*) FROM ca_applications WHERE closed_at IS NULL),
		       (SELECT count(*) FROM ca_callbacks), (SELECT count(*) FROM checkpoints)`).
		Scan(ctx, &c.Subjects, &c.Records, &c.Versions, &c.Events, &c.Commands, &c.OpenCommands, &c.Files, &c.Listings,
			&c.Applications, &c.OpenApplications, &c.Callbacks, &c.Checkpoints)
	if err != nil {
		return Counts{}, fmt.Errorf("count rows: %w", err)
	}
	return c, nil
}

// check is a statement that returns the ids of the rows that break an invariant.
type check struct{ invariant, fault, query string }

// consistency are the invariants that one statement each can check. Every
// statement returns the ids of the rows that break it.
var consistency = []check{
	{"I1", "an applied or refused command has no event, or more than one", `
		SELECT c.id::text FROM commands c WHERE c.done_at IS NOT NULL AND c.move <> 'register'
		  AND (SELECT count(*) FROM events e WHERE e.command = c.id) <> 1`},
	{"I1", "an applied submission has no version", `
		SELECT c.id::text FROM commands c WHERE c.move = 'submit' AND c.applied
		  AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.command = c.id)`},
	{"I2", "version numbers have a gap", `
		SELECT record::text FROM versions GROUP BY record HAVING max(no) <> count(*)`},
	{"I2", "the version in force or under way does not exist", `
		SELECT r.id::text FROM records r WHERE (r.in_force > 0 AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.record = r.id AND v.no = r.in_force))
		  OR (r.submitted > 0 AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.record = r.id AND v.no = r.submitted))`},
	{"I2", "the record's state is not what its last event says", `
		SELECT r.id::text FROM records r
		JOIN LATERAL (SELECT data FROM events e WHERE e.record = r.id AND e.data ? 'filing' ORDER BY e.no DESC LIMIT 1) e ON true
		WHERE e.data->>'standing' <> r.standing OR e.data->>'filing' <> r.filing`},
	{"I4", "a version in force or under way needs a file that is gone", `
		SELECT c.id::text FROM commands c JOIN versions v ON v.command = c.id
		WHERE EXISTS (SELECT 1 FROM unnest(c.files) f WHERE NOT EXISTS
		  (SELECT 1 FROM files x WHERE x.id = f AND x.in_use AND x.state <> 'deleted'))`},
	{"I7", FaultNoReview, `
		SELECT r.id::text FROM records r
		WHERE r.filing IN ('under_review', 'second_review')
		  AND NOT EXISTS (SELECT 1 FROM review_tasks t WHERE t.record = r.id AND t.closed_at IS NULL)`},
	{"I7", FaultReviewLeft, `
		SELECT r.id::text FROM records r
		WHERE r.filing NOT IN ('under_review', 'second_review')
		  AND EXISTS (SELECT 1 FROM review_tasks t WHERE t.record = r.id AND t.closed_at IS NULL)`},
	{"I8", "the version is not what its event says", `
		SELECT v.record::text || '/' || v.no FROM versions v JOIN events e ON e.command = v.command AND e.type = 'submit'
		WHERE e.data ? 'sha256' AND e.data->>'sha256' <> encode(v.sha256, 'hex')`},
	{"I1", FaultNoChange, `
		SELECT e.subject::text || '/' || e.event FROM change_events e
		WHERE NOT EXISTS (SELECT 1 FROM changes n WHERE n.subject = e.subject AND n.event = e.event AND n.type = e.type)`},
	{"B08", "an organization has no administrator who may log in", `
		SELECT s.id::text FROM subjects s WHERE s.type = 'organization' AND s.closed_at IS NULL
		  AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.subject = s.id AND a.role = 'administrator' AND a.disabled_at IS NULL)
		  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.chain = s.id AND e.type = 'account_disabled')`},
	{"I1", FaultLockedDraft, `
		SELECT d.record::text FROM drafts d WHERE d.locked_by IS NOT NULL
		  AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.id = d.locked_by AND c.done_at IS NULL)`},
}

// Verify checks the invariants that PostgreSQL alone can show: consistency of
// commands, events, versions, files and reviews, legality of every transition,
// the content of every version against its hash, every hash chain, every line of
// the lists, every line that is public, what expires, and the days of the desk.
func (s *Store) Verify(ctx context.Context) ([]Disagreement, error) {
	found, err := s.runChecks(ctx, consistency)
	if err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context) ([]Disagreement, error){
		s.verifyContents, s.verifyChains, s.verifyApplications, s.verifyListings, s.verifyDisclosures, s.verifyExpiries, s.verifyDays,
	} {
		more, err := part(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// Undrained names the commands on records that are due for more than a minute and
// have no outcome: with a worker and Temporal there are none (I6). Of those on
// applications and registrations others decide.
func (s *Store) Undrained(ctx context.Context) ([]Disagreement, error) {
	return s.runChecks(ctx, []check{{"I6", FaultOpenCommand, `
		SELECT c.id::text FROM commands c
		WHERE c.done_at IS NULL AND c.move <> 'register' AND NOT starts_with(c.move, 'ca_')
		  AND coalesce(c.cancelled_at, c.not_before, c.accepted_at) < clock_timestamp() - interval '1 minute'`}})
}

func (s *Store) runChecks(ctx context.Context, checks []check) ([]Disagreement, error) {
	var found []Disagreement
	for _, check := range checks {
		var ids []string
		// The jsonb operator ? is no placeholder: the statement has no arguments.
		if err := s.scanPlain(ctx, check.query, &ids); err != nil {
			return nil, fmt.Errorf("verify %q: %w", check.fault, err)
		}
		for _, id := range ids {
			found = append(found, Disagreement{check.invariant, id, check.fault})
		}
	}
	return found, nil
}

func (s *Store) scanPlain(ctx context.Context, query string, ids *[]string) error {
	rows, err := s.db.DB.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("scan: %w", err)
		}
		*ids = append(*ids, id)
	}
	return rows.Err()
}

const verifyBatch = 500

// verifyContents opens every version and compares it with its hash.
func (s *Store) verifyContents(ctx context.Context) ([]Disagreement, error) {
	var found []Disagreement
	after, afterNo := systemChain, 0
	for {
		var rows []versionRow
		err := s.db.NewSelect().Model(&rows).Where("(record, no) > (?, ?)", after, afterNo).
			Order("record", "no").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("verify contents: %w", err)
		}
		for i := range rows {
			row := &rows[i]
			id := fmt.Sprintf("%s/%d", row.Record, row.No)
			content, err := s.unsealDocument(ctx, s.db, row.Subject, row.Record, versionPurpose(row.No), row.Sealed)
			sum := sha256.Sum256(content)
			switch {
			case err != nil:
				found = append(found, Disagreement{"I8", id, "the version's content cannot be opened"})
			case !bytes.Equal(sum[:], row.SHA256):
				found = append(found, Disagreement{"I8", id, "the version's content does not match its hash"})
			}
			after, afterNo = row.Record, row.No
		}
		if len(rows) < verifyBatch {
			return found, nil
		}
	}
}

// verifyChains computes every hash chain anew, names the first broken link of
// each, and replays each record's events through the lifecycle table. Each batch
// is read as of one instant, so that what grows meanwhile is no disagreement.
func (s *Store) verifyChains(ctx context.Context) ([]Disagreement, error) {
	var found []Disagreement
	for after, more := any(nil), true; more; {
		var heads []chainHead
		chains := map[record.ID][]eventRow{}
		err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
			if err := tx.NewSelect().Model(&heads).Where("?0::uuid IS NULL OR id > ?0::uuid", after).Order("id").Limit(chainBatch).Scan(ctx); err != nil || len(heads) == 0 {
				return err
			}
			var rows []eventRow
			err := tx.NewSelect().Model(&rows).Where("chain BETWEEN ? AND ?", heads[0].Chain, heads[len(heads)-1].Chain).
				Order("chain", "no").Scan(ctx)
			for _, row := range rows {
				chains[row.Chain] = append(chains[row.Chain], row)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("verify chains: %w", err)
		}
		for i := range heads {
			rows := chains[heads[i].Chain]
			if broken, no := verifyChain(&heads[i], rows); broken != nil {
				around, err := s.vouched(ctx, heads[i].Chain, no)
				if err != nil {
					return nil, err
				}
				broken.Fault += around
				found = append(found, *broken)
			}
			found = append(found, verifyMoves(rows)...)
			after = heads[i].Chain
		}
		more = len(heads) == chainBatch
	}
	return found, nil
}

// chainBatch is how many chains are in memory at once.
const chainBatch = 100

// verifyChain names the first broken link of a chain, nil for a sound one.
func verifyChain(head *chainHead, rows []eventRow) (*Disagreement, int64) {
	broken := func(at int64, fault string) (*Disagreement, int64) {
		return &Disagreement{"I8", fmt.Sprintf("%s/%d", head.Chain, at), fault}, at
	}
	var previous []byte
	for i := range rows {
		row := &rows[i]
		if row.No != int64(i)+1 {
			return broken(int64(i)+1, "the chain has a gap here")
		}
		want, err := row.link(previous)
		if err != nil || !bytes.Equal(want, row.Hash) {
			return broken(row.No, "the chain is broken here")
		}
		previous = row.Hash
	}
	if head.No != int64(len(rows)) || !bytes.Equal(previous, head.Hash) {
		return broken(head.No, "the chain's head is not its last link")
	}
	return nil, 0
}

// verifyMoves reports transitions that the lifecycle table does not have.
func verifyMoves(rows []eventRow) []Disagreement {
	var found []Disagreement
	states := map[record.ID]record.State{}
	for i := range rows {
		row := &rows[i]
		move, ok := record.TransitionOf(record.Move(row.Type))
		if !ok || row.Record == "" {
			continue
		}
		before, known := states[row.Record]
		if !known {
			before = record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
		}
		text := func(key string) string { v, _ := row.Data[key].(string); return v }
		after := record.State{Standing: record.Standing(text("standing")), Filing: record.Filing(text("filing"))}
		states[row.Record] = after
		if !move.LeadsTo(before, after) {
			found = append(found, Disagreement{"I5", fmt.Sprintf("%s/%d", row.Chain, row.No), "no rule of the lifecycle allows this transition"})
		}
	}
	return found
}

package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

type recordRow struct {
	bun.BaseModel `bun:"table:records,alias:r"`

	ID        record.ID       `bun:"id,pk"`
	Subject   record.ID       `bun:"subject"`
	Kind      record.Kind     `bun:"kind"`
	Standing  record.Standing `bun:"standing"`
	Filing    record.Filing   `bun:"filing"`
	Revision  int             `bun:"revision"`
	InForce   int             `bun:"in_force"`
	Submitted int             `bun:"submitted"`
	Title     string          `bun:"title"`
	Distinct  []byte          `bun:"distinct_index"`
	FiledAt   time.Time       `bun:"filed_at,nullzero"`
	RemindAt  time.Time       `bun:"remind_at,nullzero"`
	DueAt     time.Time       `bun:"due_at,nullzero"`
	// Working days that earlier rounds of the filing used up.
	ReviewUsed int `bun:"review_used"`
	SecondUsed int `bun:"second_used"`

	CreatedAt time.Time `bun:"created_at,nullzero"`
	UpdatedAt time.Time `bun:"updated_at,nullzero"`
}

func (r *recordRow) state() record.State {
	return record.State{Standing: r.Standing, Filing: r.Filing}
}

func (r *recordRow) record() record.Record {
	return record.Record{
		ID: r.ID, Subject: r.Subject, Kind: r.Kind, State: r.state(), Revision: r.Revision, InForce: r.InForce,
		Submitted: r.Submitted, Title: r.Title, FiledAt: r.FiledAt, RemindAt: r.RemindAt, DueAt: r.DueAt, Used: r.used(), UpdatedAt: r.UpdatedAt,
	}
}

// Record returns the subject's record.
func (s *Store) Record(ctx context.Context, subject, id record.ID) (record.Record, error) {
	var row struct {
		recordRow `bun:",extend"`

		Claimed record.ID `bun:"claimed"`
	}
	err := s.db.NewSelect().Model(&row).ColumnExpr("r.*").ColumnExpr(`(
			SELECT t.claimed_by FROM review_tasks t
			WHERE t.record = r.id AND t.closed_at IS NULL AND t.claimed_until > clock_timestamp()) AS claimed`).
		Where("r.id = ?", id).Where("r.subject = ?", subject).Scan(ctx)
	if err != nil {
		return record.Record{}, missing(err, "read record")
	}
	found := row.record()
	found.Claimed = row.Claimed
	return found, nil
}

// Records returns the subject's records of a kind, latest change first.
func (s *Store) Records(ctx context.Context, subject record.ID, kind record.Kind) ([]record.Record, error) {
	var rows []recordRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("kind = ?", kind).
		Order("updated_at DESC", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	records := make([]record.Record, 0, len(rows))
	for i := range rows {
		records = append(records, rows[i].record())
	}
	return records, nil
}

// RecordsByID returns those of the subject's records that have one of the ids.
func (s *Store) RecordsByID(ctx context.Context, subject record.ID, ids []record.ID) (map[record.ID]record.Record, error) {
	found := make(map[record.ID]record.Record, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	var rows []recordRow
	if err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	for i := range rows {
		found[rows[i].ID] = rows[i].record()
	}
	return found, nil
}

// ReturnedRecords lists the subject's records that wait for a correction, the
// first due first.
func (s *Store) ReturnedRecords(ctx context.Context, subject record.ID, limit int) ([]record.Record, error) {
	var rows []recordRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("filing = ?", record.Returned).
		Order("due_at", "id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read returned records: %w", err)
	}
	all := make([]record.Record, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].record())
	}
	return all, nil
}

type versionRow struct {
	bun.BaseModel `bun:"table:versions,alias:v"`

	Record      record.ID        `bun:"record,pk"`
	No          int              `bun:"no,pk"`
	Subject     record.ID        `bun:"subject"`
	Kind        record.Kind      `bun:"kind"`
	Schema      int              `bun:"schema"`
	Sealed      []byte           `bun:"sealed"`
	SHA256      []byte           `bun:"sha256"`
	Signature   []byte           `bun:"signature"`
	Assurance   record.Assurance `bun:"assurance"`
	Certificate string           `bun:"certificate"`
	Account     record.ID        `bun:"account"`
	Command     record.ID        `bun:"command"`
	Reason      string           `bun:"reason"`
	AcceptedAt  time.Time        `bun:"accepted_at"`
	Projection  map[string]any   `bun:"projection,type:jsonb"`
	People      [][]byte         `bun:"people,array"`
	Marks       [][]byte         `bun:"marks,array"`
}

// Version is one submitted state of a document. It never changes.
type Version struct {
	Record   record.ID
	No       int
	Kind     record.Kind
	Document record.Document
	SHA256   string // of the canonical bytes, hexadecimal
	// Signature is the evidence of a submit under a certificate, nil without one;
	// Certificate is that certificate's SHA-256.
	Signature   []byte
	Certificate string
	Assurance   record.Assurance
	Command     record.ID // by which it was submitted
	Reason      string
	AcceptedAt  time.Time
	// Since is when the version began to count for the first time; zero when
	// it never did.
	Since   time.Time
	Account record.ID // that submitted it
}

func (s *Store) version(ctx context.Context, db bun.IDB, id record.ID, no int) (Version, error) {
	var row struct {
		versionRow `bun:",extend"`
		wrappedKey

		Since time.Time `bun:"since"`
	}
	err := db.NewSelect().Model(&row).ColumnExpr("v.*, k.master, k.wrapped").
		ColumnExpr("(SELECT min(e.since) FROM version_effects e WHERE e.record = v.record AND e.no = v.no) AS since").
		Join("JOIN subject_keys k ON k.subject = v.subject").Where("v.record = ?", id).Where("v.no = ?", no).Scan(ctx)
	if err != nil {
		return Version{}, missing(err, "read version")
	}
	key, err := s.openKey(row.Subject, row.wrappedKey)
	if err != nil {
		return Version{}, err
	}
	content, err := unsealAs(key, row.Record, versionPurpose(row.No), row.Sealed)
	if err != nil {
		return Version{}, err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return Version{}, fmt.Errorf("read version: %w: %w", errUnreadable, err)
	}
	return Version{
		Record: row.Record, No: row.No, Kind: row.Kind, Document: document, SHA256: hex.EncodeToString(row.SHA256),
		Signature: row.Signature, Certificate: row.Certificate, Assurance: row.Assurance, Command: row.Command, Reason: row.Reason, AcceptedAt: row.AcceptedAt, Since: row.Since, Account: row.Account,
	}, nil
}

func versionPurpose(no int) string { return fmt.Sprintf("version/%d", no) }

// Version returns one version of the subject's record.
func (s *Store) Version(ctx context.Context, subject, id record.ID, no int) (Version, error) {
	if _, err := s.Record(ctx, subject, id); err != nil {
		return Version{}, err
	}
	return s.version(ctx, s.db, id, no)
}

// VersionSummary is one row of the change history.
type VersionSummary struct {
	No         int              `bun:"no"`
	Reason     string           `bun:"reason"`
	Assurance  record.Assurance `bun:"assurance"`
	Account    record.ID        `bun:"account"` // that submitted it
	AcceptedAt time.Time        `bun:"accepted_at"`
	Since      time.Time        `bun:"since,nullzero"`
}

// Versions lists the versions of the subject's record, newest first.
func (s *Store) Versions(ctx context.Context, subject, id record.ID) ([]VersionSummary, error) {
	var all []VersionSummary
	err := s.db.NewRaw(`
		SELECT v.no, v.reason, v.assurance, v.account, v.accepted_at,
		       (SELECT min(since) FROM version_effects e WHERE e.record = v.record AND e.no = v.no) AS since
		FROM versions v WHERE v.record = ? AND v.subject = ? ORDER BY v.no DESC`, id, subject).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return all, nil
}

// UnderWay lists records on which something is awaited, after an id, in order.
func (s *Store) UnderWay(ctx context.Context, after record.ID, limit int) ([]record.ID, error) {
	if after == "" {
		after = systemChain
	}
	var ids []record.ID
	err := s.db.NewRaw("SELECT id FROM records WHERE filing <> 'none' AND id > ? ORDER BY id LIMIT ?", after, limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list records under way: %w", err)
	}
	return ids, nil
}

// VersionContent returns the canonical bytes of one version of the subject's
// record, as they were signed and hashed.
func (s *Store) VersionContent(ctx context.Context, subject, id record.ID, no int) ([]byte, error) {
	var row versionRow
	err := s.db.NewSelect().Model(&row).Where("record = ?", id).Where("no = ?", no).Where("subject = ?", subject).Scan(ctx)
	if err != nil {
		return nil, missing(err, "read version")
	}
	return s.unsealDocument(ctx, s.db, subject, id, versionPurpose(no), row.Sealed)
}

// SignedVersion is what a verification of signatures needs.
type SignedVersion struct {
	Record   record.ID
	No       int
	SHA256   [sha256.Size]byte
	Evidence []byte
	// Certificate is the SHA-256 of the one that signed.
	Certificate string
	AcceptedAt  time.Time
}

// SignedVersions hands over every version that was signed, in the order of the
// records.
func (s *Store) SignedVersions(ctx context.Context, each func(SignedVersion) error) error {
	after, afterNo := systemChain, 0
	for {
		var rows []versionRow
		err := s.db.NewSelect().Model(&rows).Column("record", "no", "sha256", "signature", "certificate", "accepted_at").
			Where("(record, no) > (?, ?)", after, afterNo).Where("signature IS NOT NULL").
			Order("record", "no").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read signed versions: %w", err)
		}
		for i := range rows {
			v := SignedVersion{Record: rows[i].Record, No: rows[i].No, Evidence: rows[i].Signature, Certificate: rows[i].Certificate, AcceptedAt: rows[i].AcceptedAt}
			copy(v.SHA256[:], rows[i].SHA256)
			if err := each(v); err != nil {
				return err
			}
		}
		if len(rows) < verifyBatch {
			return nil
		}
		after, afterNo = rows[len(rows)-1].Record, rows[len(rows)-1].No
	}
}

package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ExportState says how far an export is.
type ExportState string

// The states of an export. Expired follows from its instant.
const (
	ExportBuilding ExportState = "building"
	ExportReady    ExportState = "ready"
	ExportFailed   ExportState = "failed"  // given up; it can be asked for again
	ExportExpired  ExportState = "expired" // its archive is deleted, or about to be
)

// Export is an archive of all that is kept of a subject, for the account that asked
// for it and nobody else.
type Export struct {
	ID          record.ID
	Subject     record.ID
	Account     record.ID
	State       ExportState
	RequestedAt time.Time
	Attempts    int       // to build it, so far
	AsOf        time.Time // the instant of which it tells; zero until it is ready
	ReadyAt     time.Time
	ExpiresAt   time.Time
	Size        int64  // bytes
	SHA256      string // hex
}

const (
	// ExportAge is how long an archive is kept.
	ExportAge = 7 * 24 * time.Hour
	// ExportsADay is how many a subject may ask for within 24 hours.
	ExportsADay = 3
	// exportRowAge is how long it is remembered that there was one.
	exportRowAge = 30 * 24 * time.Hour
	// sameRequest is how long a request that comes again is the same one: a double
	// click, or a form sent anew.
	sameRequest = time.Minute
)

// Types of the events that exports leave in their subject's chain, and the topics
// of the messages on them.
const (
	EventExportRequested = "export_requested"
	EventExportReady     = "export_ready"
	EventExportFailed    = "export_failed"
	EventExportTaken     = "export_taken" // downloaded

	TopicExportReady  = "export_ready"
	TopicExportFailed = "export_failed"
)

type exportRow struct {
	bun.BaseModel `bun:"table:exports,alias:x"`

	ID          record.ID `bun:"id,pk"`
	Subject     record.ID `bun:"subject"`
	Account     record.ID `bun:"account"`
	Folder      string    `bun:"folder"`
	RequestedAt time.Time `bun:"requested_at"`
	Attempts    int       `bun:"attempts"`
	AsOf        time.Time `bun:"as_of,nullzero"`
	Object      string    `bun:"object"`
	SealedKey   []byte    `bun:"sealed_key"`
	SealedSize  int64     `bun:"sealed_size"`
	Size        int64     `bun:"size"`
	SHA256      string    `bun:"sha256"`
	ReadyAt     time.Time `bun:"ready_at,nullzero"`
	FailedAt    time.Time `bun:"failed_at,nullzero"`
	ExpiresAt   time.Time `bun:"expires_at,nullzero"`
	RemovedAt   time.Time `bun:"removed_at,nullzero"`
}

// building tells that attempts at it may be under way.
func (r *exportRow) building() bool { return r.ReadyAt.IsZero() && r.FailedAt.IsZero() }

// kept tells that its archive is there to be taken.
func (r *exportRow) kept(now time.Time) bool { return !r.ReadyAt.IsZero() && now.Before(r.ExpiresAt) }

func (r *exportRow) export(now time.Time) Export {
	e := Export{
		ID: r.ID, Subject: r.Subject, Account: r.Account, State: ExportBuilding, RequestedAt: r.RequestedAt, Attempts: r.Attempts, AsOf: r.AsOf,
		ReadyAt: r.ReadyAt, ExpiresAt: r.ExpiresAt, Size: r.Size, SHA256: r.SHA256,
	}
	switch {
	case !r.FailedAt.IsZero():
		e.State = ExportFailed
	case r.kept(now):
		e.State = ExportReady
	case !r.ReadyAt.IsZero():
		e.State = ExportExpired
	}
	return e
}

// RequestExport asks for all that is kept of a subject, for the account of the
// actor, who has just proved to be its holder. What the same account asked for a
// moment ago, or what is being built for it, is the answer to the same request.
//
// Errors for people: Forbidden for a disabled account and for who does not manage
// the subject, Conflict while one is built
// for another account of the subject, TooMany.
func (s *Store) RequestExport(ctx context.Context, by record.Actor, subject record.ID) (Export, error) {
	var answer Export
	err := s.inTx(ctx, "request export", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		if err := checkApplicant(ctx, tx, subject, by, record.ToManage); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		var recent []exportRow
		err = tx.NewSelect().Model(&recent).Where("subject = ?", subject).
			Where("requested_at > ? OR ready_at IS NULL AND failed_at IS NULL", now.Add(-24*time.Hour)).Order("requested_at DESC").Scan(ctx)
		if err != nil {
			return fmt.Errorf("read recent exports: %w", err)
		}
		for i := range recent {
			row := &recent[i]
			same := row.Account == by.ID && (row.building() || row.FailedAt.IsZero() && now.Sub(row.RequestedAt) < sameRequest)
			switch {
			case same:
				answer = row.export(now)
				return nil
			case row.building():
				return record.Errorf(record.Conflict, "本主体的另一个账号正在导出，完成后可以再次申请")
			}
		}
		if len(recent) >= ExportsADay {
			return record.Errorf(record.TooMany, fmt.Sprintf("24 小时内最多导出 %d 次，请稍后再试", ExportsADay))
		}
		folder, err := randomFolder()
		if err != nil {
			return err
		}
		row := exportRow{ID: NewID(), Subject: subject, Account: by.ID, Folder: folder, RequestedAt: now}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert export: %w", err)
		}
		answer = row.export(now)
		return s.exportEvent(ctx, tx, &row, EventExportRequested, by, now)
	})
	return answer, err
}

func (s *Store) exportEvent(ctx context.Context, tx bun.Tx, row *exportRow, kind string, by record.Actor, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: kind, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"export": string(row.ID)},
	})
}

// Exports lists what an account asked for, newest first.
func (s *Store) Exports(ctx context.Context, subject, account record.ID, limit int) ([]Export, error) {
	now, err := databaseTime(ctx, s.db)
	if err != nil {
		return nil, err
	}
	var rows []exportRow
	err = s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("account = ?", account).
		Order("requested_at DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	all := make([]Export, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].export(now))
	}
	return all, nil
}

// OpenExports lists exports that were asked for longer ago than that and are not
// built yet.
func (s *Store) OpenExports(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error) {
	var ids []record.ID
	err := s.db.NewRaw(`
		SELECT id FROM exports
		WHERE ready_at IS NULL AND failed_at IS NULL AND requested_at < clock_timestamp() - ? * interval '1 microsecond'
		ORDER BY requested_at LIMIT ?`, olderThan.Microseconds(), limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list open exports: %w", err)
	}
	return ids, nil
}

// FailExport gives an export up, once, and tells who asked for it.
func (s *Store) FailExport(ctx context.Context, id record.ID) error {
	return s.inTx(ctx, "give up export", func(ctx context.Context, tx bun.Tx) error {
		row, now, err := s.lockExport(ctx, tx, id)
		if err != nil || row == nil {
			return err
		}
		if !row.building() {
			return nil
		}
		row.FailedAt = now
		if _, err := tx.NewUpdate().Model(row).Column("failed_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("give up export: %w", err)
		}
		if err := s.exportEvent(ctx, tx, row, EventExportFailed, record.Actor{Role: record.Clock}, now); err != nil {
			return err
		}
		return s.Notify(ctx, tx, Notification{
			Subject: row.Subject, Topic: TopicExportFailed, Dedup: TopicExportFailed + "/" + string(row.ID),
		})
	})
}

// lockExport locks the chain of an export's subject, then its row, and reads the
// time; nil where there is no such export any more.
func (s *Store) lockExport(ctx context.Context, tx bun.Tx, id record.ID) (*exportRow, time.Time, error) {
	var row exportRow
	err := missing(tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx), "read export")
	if record.CodeOf(err) == record.NotFound {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := lockChain(ctx, tx, row.Subject); err != nil {
		return nil, time.Time{}, err
	}
	if err := tx.NewSelect().Model(&row).WherePK().For("UPDATE").Scan(ctx); err != nil {
		return nil, time.Time{}, missing(err, "lock export")
	}
	now, err := databaseTime(ctx, tx)
	return &row, now, err
}

package storage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Draft is a document being written. It has an owner and a version and is not
// part of the lifecycle.
type Draft struct {
	Record    record.ID
	Subject   record.ID
	Kind      record.Kind
	Version   int // counts saves
	Base      int // the version that it changes, 0 for a first filing
	Document  record.Document
	Reason    string
	Answers   map[string]string // to a reviewer's remarks, by their targets
	Locked    bool              // a command on it is open
	UpdatedAt time.Time
}

type draftRow struct {
	bun.BaseModel `bun:"table:drafts,alias:d"`

	Record    record.ID         `bun:"record,pk"`
	Subject   record.ID         `bun:"subject"`
	Kind      record.Kind       `bun:"kind"`
	Account   record.ID         `bun:"account"`
	Version   int               `bun:"version"`
	Base      int               `bun:"base"`
	Sealed    []byte            `bun:"sealed"`
	Reason    string            `bun:"reason"`
	Answers   map[string]string `bun:"answers,type:jsonb,nullzero,default:'{}'"`
	LockedBy  record.ID         `bun:"locked_by,nullzero"`
	HiddenAt  time.Time         `bun:"hidden_at,nullzero"`
	CreatedAt time.Time         `bun:"created_at,nullzero"`
	UpdatedAt time.Time         `bun:"updated_at,nullzero"`
}

// sealDocument seals canonical content for a record. The purpose keeps drafts,
// commands and versions apart.
func (s *Store) sealDocument(ctx context.Context, db bun.IDB, subject, id record.ID, purpose string, content []byte) ([]byte, error) {
	key, err := s.dataKey(ctx, db, subject)
	if err != nil {
		return nil, err
	}
	return sealAs(key, id, purpose, content)
}

func sealAs(key []byte, id record.ID, purpose string, content []byte) ([]byte, error) {
	return seal(key, content, purpose+"/"+string(id))
}

func (s *Store) unsealDocument(ctx context.Context, db bun.IDB, subject, id record.ID, purpose string, sealed []byte) ([]byte, error) {
	key, err := s.dataKey(ctx, db, subject)
	if err != nil {
		return nil, err
	}
	return unsealAs(key, id, purpose, sealed)
}

func unsealAs(key []byte, id record.ID, purpose string, sealed []byte) ([]byte, error) {
	content, err := unseal(key, sealed, purpose+"/"+string(id))
	if err != nil {
		return nil, fmt.Errorf("open content of %s %s: %w", purpose, id, err)
	}
	return content, nil
}

func (s *Store) draft(ctx context.Context, db bun.IDB, row *draftRow) (Draft, error) {
	key, err := s.dataKey(ctx, db, row.Subject)
	if err != nil {
		return Draft{}, err
	}
	return row.open(key)
}

// open opens the draft with its subject's data key.
func (r *draftRow) open(key []byte) (Draft, error) {
	content, err := unsealAs(key, r.Record, draftPurpose, r.Sealed)
	if err != nil {
		return Draft{}, err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return Draft{}, fmt.Errorf("read draft: %w", err)
	}
	return Draft{
		Record: r.Record, Subject: r.Subject, Kind: r.Kind, Version: r.Version, Base: r.Base,
		Document: document, Reason: r.Reason, Answers: r.Answers, Locked: r.LockedBy != "", UpdatedAt: r.UpdatedAt,
	}, nil
}

const (
	draftPurpose   = "draft"
	commandPurpose = "command"
)

// keyedDraft is a draft together with the key that opens it.
type keyedDraft struct {
	draftRow `bun:",extend"`
	wrappedKey
}

// selectDrafts reads drafts of a subject, with their keys, that are not hidden.
func selectDrafts(db bun.IDB, rows any, subject record.ID) *bun.SelectQuery {
	return db.NewSelect().Model(rows).ColumnExpr("d.*, k.master, k.wrapped").Join("JOIN subject_keys k ON k.subject = d.subject").
		Where("d.subject = ?", subject).Where("d.hidden_at IS NULL")
}

func (s *Store) openDraft(row *keyedDraft) (Draft, error) {
	key, err := s.openKey(row.Subject, row.wrappedKey)
	if err != nil {
		return Draft{}, err
	}
	return row.open(key)
}

// Draft returns the subject's draft of a record.
func (s *Store) Draft(ctx context.Context, subject, id record.ID) (Draft, error) {
	var row keyedDraft
	if err := selectDrafts(s.db, &row, subject).Where("d.record = ?", id).Scan(ctx); err != nil {
		return Draft{}, missing(err, "read draft")
	}
	return s.openDraft(&row)
}

// Drafts returns the subject's drafts of a kind, newest first.
func (s *Store) Drafts(ctx context.Context, subject record.ID, kind record.Kind) ([]Draft, error) {
	var rows []keyedDraft
	err := selectDrafts(s.db, &rows, subject).Where("d.kind = ?", kind).Order("d.updated_at DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	drafts := make([]Draft, 0, len(rows))
	for i := range rows {
		d, err := s.openDraft(&rows[i])
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

// StartDraft opens a draft of a new record of the kind, filled with what
// registration fixed. A profile that has a draft or a record already gives
// that draft's id, or a conflict.
func (s *Store) StartDraft(ctx context.Context, account record.ID, subject record.Subject, kind record.Kind) (record.ID, error) {
	definition, ok := record.DefinitionOf(kind)
	if !ok || definition.Subject != subject.Type {
		return "", errNotFound
	}
	document := definition.New()
	document.Prefill(subject)
	id := NewID()
	err := s.inTx(ctx, "start draft", func(ctx context.Context, tx bun.Tx) error {
		if !kind.Profile() {
			untouched, err := s.untouched(ctx, tx, account, subject.ID, kind)
			if untouched != "" || err != nil {
				id = untouched
				return err
			}
		}
		if kind.Profile() {
			var row recordRow
			err := missing(tx.NewSelect().Model(&row).Where("subject = ?", subject.ID).Where("kind = ?", kind).Scan(ctx), "look for the profile")
			switch {
			case record.CodeOf(err) == record.NotFound:
			case err != nil:
				return err
			case row.Standing != record.NotInForce || row.Filing != record.NothingFiled:
				return record.Errorf(record.Conflict, "基本信息已提交，请使用“变更”修改")
			default:
				// It was withdrawn or lapsed, and its draft dropped.
				id = row.ID
			}
		}
		row := draftRow{Record: id, Subject: subject.ID, Kind: kind, Account: account}
		if err := s.insertDraft(ctx, tx, row, document); err != nil {
			return err
		}
		return s.listNew(ctx, tx, row, document)
	})
	if name := uniqueViolation(err); name == "drafts_one_profile" || name == "drafts_pkey" {
		err := s.db.NewRaw("SELECT record FROM drafts WHERE subject = ? AND kind = ? AND hidden_at IS NULL", subject.ID, kind).Scan(ctx, &id)
		return id, missing(err, "read the other draft")
	}
	return id, err
}

// untouched finds the new draft of the kind that the account opened and never
// wrote on: whoever presses the button twice gets one draft.
func (s *Store) untouched(ctx context.Context, tx bun.Tx, account, subject record.ID, kind record.Kind) (record.ID, error) {
	if err := orderDrafts(ctx, tx, subject); err != nil {
		return "", err
	}
	var id record.ID
	err := tx.NewRaw(`
		SELECT d.record FROM drafts d
		WHERE d.subject = ? AND d.kind = ? AND d.account = ? AND d.version = 1 AND d.base = 0 AND d.locked_by IS NULL AND d.hidden_at IS NULL
		  AND NOT EXISTS (SELECT 1 FROM records r WHERE r.id = d.record)
		  AND NOT EXISTS (SELECT 1 FROM files f WHERE f.record = d.record AND f.state <> 'deleted')
		ORDER BY d.updated_at DESC LIMIT 1`, subject, kind, account).Scan(ctx, &id)
	if err := missing(err, "look for an untouched draft"); err != nil && record.CodeOf(err) != record.NotFound {
		return "", err
	}
	return id, nil
}

// orderDrafts puts whatever opens new drafts of a subject into one order, up to
// the end of the transaction.
func orderDrafts(ctx context.Context, tx bun.Tx, subject record.ID) error {
	if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "drafts/"+string(subject)).Exec(ctx); err != nil {
		return fmt.Errorf("order drafts: %w", err)
	}
	return nil
}

// insertDraft writes a new draft. Its line in the list is the caller's matter.
func (s *Store) insertDraft(ctx context.Context, tx bun.Tx, row draftRow, document record.Document) error {
	content, err := record.Canonical(row.Kind, document)
	if err != nil {
		return err
	}
	row.Version = max(row.Version, 1)
	row.Sealed, err = s.sealDocument(ctx, tx, row.Subject, row.Record, draftPurpose, content)
	if err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("insert draft: %w", err)
	}
	return nil
}

// StartChange opens a draft from the version in force, with the reason for the
// change. A record that is not settled gives a conflict; a change that is open
// already is left as it is.
func (s *Store) StartChange(ctx context.Context, account, subject, id record.ID, reason string) error {
	err := s.inTx(ctx, "start change", func(ctx context.Context, tx bun.Tx) error {
		var row recordRow
		err := tx.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).For("SHARE").Scan(ctx)
		if err != nil {
			return missing(err, "read record")
		}
		if row.Standing != record.InForce || row.Filing != record.NothingFiled {
			return record.Errorf(record.Conflict, "当前状态不能变更，请刷新页面查看最新状态")
		}
		version, err := s.version(ctx, tx, id, row.InForce)
		if err != nil {
			return err
		}
		owner, err := s.subjectByID(ctx, tx, subject)
		if err != nil {
			return err
		}
		version.Document.Prefill(owner)
		draft := draftRow{
			Record: id, Subject: subject, Kind: row.Kind, Account: account, Base: row.InForce, Reason: reason,
		}
		if err := s.insertDraft(ctx, tx, draft, version.Document); err != nil {
			return err
		}
		return relistUnchanged(ctx, tx, id)
	})
	if name := uniqueViolation(err); name == "drafts_pkey" || name == "drafts_one_profile" {
		return nil
	}
	return err
}

// SaveDraft writes a draft whose version the caller saw and returns its new
// version. A draft that was saved elsewhere since gives record.DraftChanged; a
// locked one gives record.Conflict.
func (s *Store) SaveDraft(ctx context.Context, subject, id record.ID, seen int, document record.Document) (Draft, error) {
	var saved Draft
	err := s.inTx(ctx, "save draft", func(ctx context.Context, tx bun.Tx) error {
		var row draftRow
		err := tx.NewSelect().Model(&row).Where("record = ?", id).Where("subject = ?", subject).
			Where("hidden_at IS NULL").For("UPDATE").Scan(ctx)
		if err != nil {
			return missing(err, "read draft")
		}
		if row.LockedBy != "" {
			return record.Errorf(record.Conflict, "该草稿已提交，正在处理，暂不能修改")
		}
		if row.Version != seen {
			return record.Errorf(record.DraftChanged, "该草稿已在其他页面保存过")
		}
		content, err := record.Canonical(row.Kind, document)
		if err != nil {
			return err
		}
		if row.Sealed, err = s.sealDocument(ctx, tx, subject, id, draftPurpose, content); err != nil {
			return err
		}
		if row.UpdatedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		row.Version++
		if _, err := tx.NewUpdate().Model(&row).Column("sealed", "version", "updated_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write draft: %w", err)
		}
		if saved, err = s.draft(ctx, tx, &row); err != nil {
			return err
		}
		return s.relistDraft(ctx, tx, saved)
	})
	return saved, err
}

// DropDraft deletes an unlocked draft. The record, if there is one, stays as it
// is.
func (s *Store) DropDraft(ctx context.Context, subject, id record.ID) error {
	return s.inTx(ctx, "drop draft", func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewDelete().Model((*draftRow)(nil)).Where("record = ?", id).Where("subject = ?", subject).
			Where("locked_by IS NULL").Where("hidden_at IS NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop draft: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return record.Errorf(record.Conflict, "草稿不存在或正在处理，请刷新页面")
		}
		return s.relist(ctx, tx, id)
	})
}

// DraftDigest returns what a key signs of a draft at that version: the SHA-256
// of its canonical bytes as a submit would freeze them, and its title.
func (s *Store) DraftDigest(ctx context.Context, subject, id record.ID, version int) (digest []byte, title string, err error) {
	draft, err := s.Draft(ctx, subject, id)
	if err != nil {
		return nil, "", err
	}
	if draft.Version != version {
		return nil, "", record.Errorf(record.DraftChanged, "草稿在核对之后又保存过，请重新核对后提交")
	}
	canonical, err := record.Canonical(draft.Kind, draft.Document)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(canonical)
	return sum[:], draft.Document.Title(), nil
}

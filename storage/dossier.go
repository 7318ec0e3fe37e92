package storage

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Dossier is all that is kept of a subject, read at one moment, but for what is
// long and never changes: the contents of versions (VersionProof) and of files
// (Files.Open). Of staff it holds roles and no names; what strangers wrote of the
// subject, and what a stranger left who was put aside, is not in it.
type Dossier struct {
	AsOf       time.Time // up to which it is complete
	Subject    record.Subject
	Registered time.Time
	ProvenAt   time.Time
	ClosedAt   time.Time

	Records      []record.Record
	Versions     []DossierVersion
	Drafts       []Draft
	Files        []File
	Certificates []Certificate // with their bytes
	Applications []DossierApplication
	Events       []DossierEvent
	Messages     []Notification
	Members      []Member       // who may log in for it, or might before
	Logins       []DossierLogin // of the account that asks
	Contacts     []Contact      // of the account that asks
	Imports      []DossierImport
}

// DossierVersion is a version without its content.
type DossierVersion struct {
	Record      record.ID
	Kind        record.Kind
	No          int
	Assurance   record.Assurance
	Certificate string // SHA-256 of the one under which it was submitted, "" for none
	Reason      string
	Receipt     string
	AcceptedAt  time.Time
	Since       []time.Time // each instant at which it began to count
	SHA256      string      // of the canonical content
}

// DossierApplication is an application to the CA company with what was sent.
type DossierApplication struct {
	Application

	Bundle json.RawMessage
}

// DossierEvent is one link of the subject's chain. Data that name anybody are left
// out.
type DossierEvent struct {
	Event

	No     int64
	Record record.ID
	Hash   string // hex
}

// DossierLogin is one session, without what opens it.
type DossierLogin struct {
	Session

	EndedAt time.Time
}

// DossierImport is a sheet with its rows that became no draft.
type DossierImport struct {
	Import

	Rows []record.IntakeRow
}

// Dossier reads all that is kept of a subject, for one of its accounts.
func (s *Store) Dossier(ctx context.Context, subject, account record.ID) (Dossier, error) {
	asOf, err := s.settledAt(ctx, subject)
	if err != nil {
		return Dossier{}, err
	}
	d := Dossier{AsOf: asOf}
	err = s.inSnapshot(ctx, "read dossier", func(ctx context.Context, tx bun.Tx) error {
		for _, part := range []func(context.Context, bun.Tx, record.ID, *Dossier) error{
			s.dossierSubject, s.dossierRecords, s.dossierDrafts, s.dossierFiles, s.dossierCertificates, s.dossierApplications,
			s.dossierEvents, s.dossierMessages, s.dossierImports, s.dossierMembers,
		} {
			if err := part(ctx, tx, subject, &d); err != nil {
				return err
			}
		}
		if err := s.dossierContacts(ctx, tx, account, &d); err != nil {
			return err
		}
		return s.dossierLogins(ctx, tx, account, &d)
	})
	return d, err
}

// inSnapshot reads in one transaction that sees the database as it stood at its
// first statement.
func (s *Store) inSnapshot(ctx context.Context, operation string, work func(ctx context.Context, tx bun.Tx) error) error {
	ctx = context.WithValue(ctx, openedKeys{}, map[record.ID][]byte{})
	err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, work)
	if err == nil || record.CodeOf(err) != "" {
		return err
	}
	return fmt.Errorf("%s: %w", operation, err)
}

func (s *Store) dossierSubject(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var row subjectRow
	if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return missing(err, "read subject")
	}
	d.Registered, d.ProvenAt, d.ClosedAt = row.CreatedAt, row.ProvenAt, row.ClosedAt
	var err error
	d.Subject, err = s.subject(ctx, tx, &row)
	return err
}

func (s *Store) dossierRecords(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []recordRow
	if err := tx.NewSelect().Model(&rows).Where("subject = ?", id).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	for i := range rows {
		d.Records = append(d.Records, rows[i].record())
	}
	var versions []struct {
		versionRow `bun:",extend"`

		Receipt string `bun:"receipt"`
	}
	err := tx.NewSelect().Model(&versions).ColumnExpr("v.record, v.kind, v.no, v.assurance, v.certificate, v.reason, v.accepted_at, v.sha256, c.receipt").
		Join("JOIN commands c ON c.id = v.command").Where("v.subject = ?", id).Order("v.record", "v.no").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read versions: %w", err)
	}
	var effects []struct {
		Record record.ID
		No     int
		Since  time.Time
	}
	err = tx.NewRaw(`
		SELECT e.record, e.no, e.since FROM version_effects e JOIN records r ON r.id = e.record
		WHERE r.subject = ? ORDER BY e.since`, id).Scan(ctx, &effects)
	if err != nil {
		return fmt.Errorf("read effects of versions: %w", err)
	}
	type numbered struct {
		record record.ID
		no     int
	}
	since := map[numbered][]time.Time{}
	for _, e := range effects {
		since[numbered{e.Record, e.No}] = append(since[numbered{e.Record, e.No}], e.Since)
	}
	for i := range versions {
		v := &versions[i]
		d.Versions = append(d.Versions, DossierVersion{
			Record: v.Record, Kind: v.Kind, No: v.No, Assurance: v.Assurance, Certificate: v.Certificate, Reason: v.Reason, Receipt: v.Receipt,
			AcceptedAt: v.AcceptedAt, Since: since[numbered{v.Record, v.No}], SHA256: hex.EncodeToString(v.SHA256),
		})
	}
	return nil
}

func (s *Store) dossierDrafts(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []draftRow
	if err := tx.NewSelect().Model(&rows).Where("subject = ?", id).Where("hidden_at IS NULL").Order("record").Scan(ctx); err != nil {
		return fmt.Errorf("read drafts: %w", err)
	}
	for i := range rows {
		draft, err := s.draft(ctx, tx, &rows[i])
		if err != nil {
			return err
		}
		d.Drafts = append(d.Drafts, draft)
	}
	return nil
}

// dossierFiles are the files that were submitted, and those of drafts that the
// subject sees.
func (s *Store) dossierFiles(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []fileRow
	err := tx.NewSelect().Model(&rows).Where("f.subject = ?", id).
		Where("f.state IN (?)", bun.List([]FileState{FileAvailable, FileScanning, FileRefused})).
		Where("f.in_use OR EXISTS (SELECT 1 FROM drafts d WHERE d.record = f.record AND d.subject = f.subject AND d.hidden_at IS NULL)").
		Order("f.id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read files: %w", err)
	}
	for i := range rows {
		d.Files = append(d.Files, rows[i].file())
	}
	return nil
}

func (s *Store) dossierCertificates(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []certificateRow
	if err := tx.NewSelect().Model(&rows).Where("subject = ?", id).Order("bound_at", "id").Scan(ctx); err != nil {
		return fmt.Errorf("read certificates: %w", err)
	}
	for i := range rows {
		c := rows[i].certificate()
		var err error
		if c.DER, err = s.unsealDocument(ctx, tx, id, c.ID, certificatePurpose, rows[i].Sealed); err != nil {
			return err
		}
		d.Certificates = append(d.Certificates, c)
	}
	return nil
}

func (s *Store) dossierApplications(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []applicationRow
	if err := tx.NewSelect().Model(&rows).Where("subject = ?", id).Order("accepted_at", "id").Scan(ctx); err != nil {
		return fmt.Errorf("read applications: %w", err)
	}
	for i := range rows {
		bundle, err := s.unsealDocument(ctx, tx, id, rows[i].ID, applicationPurpose, rows[i].Sealed)
		if err != nil {
			return err
		}
		d.Applications = append(d.Applications, DossierApplication{rows[i].application(), bundle})
	}
	return nil
}

// dossierEvents are the links of the subject's chain, but for what is the staff's
// own affair: work that went from hand to hand, and decisions that had no effect.
func (s *Store) dossierEvents(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []struct {
		saidEvent `bun:"embed:"`

		No     int64     `bun:"no"`
		Record record.ID `bun:"record"`
		Hash   []byte    `bun:"hash"`
	}
	err := tx.NewRaw(`
		SELECT`+saidColumns+`, e.no, coalesce(e.record::text, '') AS record, e.hash FROM events e`+saidJoins+`
		WHERE e.chain = ?0 AND e.type <> ?1 AND NOT (e.type = ?2 AND e.role IN (?3)) ORDER BY e.no`,
		id, EventHandedOver, EventRefused, bun.List(record.StaffRoles())).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	for i := range rows {
		e, err := rows[i].event()
		if err != nil {
			return err
		}
		e.Name, e.Actor = "", ""
		d.Events = append(d.Events, DossierEvent{Event: e, No: rows[i].No, Record: rows[i].Record, Hash: hex.EncodeToString(rows[i].Hash)})
	}
	return nil
}

func (s *Store) dossierMessages(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []notificationRow
	if err := tx.NewSelect().Model(&rows).Where("subject = ?", id).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	for i := range rows {
		d.Messages = append(d.Messages, rows[i].notification())
	}
	return nil
}

func (s *Store) dossierImports(ctx context.Context, tx bun.Tx, id record.ID, d *Dossier) error {
	var rows []countedRow
	err := tx.NewRaw(counted+"i.subject = ? AND i.hidden_at IS NULL GROUP BY i.id ORDER BY i.id", id).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("read imports: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	key, err := s.dataKey(ctx, tx, id)
	if err != nil {
		return err
	}
	for i := range rows {
		imported := DossierImport{Import: rows[i].result()}
		var sheet []sheetRow
		if err := tx.NewSelect().Model(&sheet).Where("import = ?", rows[i].ID).Where("state <> ?", ImportMade).Order("line").Scan(ctx); err != nil {
			return fmt.Errorf("read rows of import: %w", err)
		}
		for j := range sheet {
			row, err := sheet[j].open(key)
			if err != nil {
				return err
			}
			imported.Rows = append(imported.Rows, row)
		}
		d.Imports = append(d.Imports, imported)
	}
	return nil
}

// dossierMembers are the members, but for whom staff or a takeover put aside.
func (s *Store) dossierMembers(ctx context.Context, tx bun.Tx, _ record.ID, d *Dossier) error {
	all, err := s.members(ctx, tx, d.Subject, 0)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Revoked || !m.Disabled {
			d.Members = append(d.Members, m)
		}
	}
	return nil
}

func (s *Store) dossierContacts(ctx context.Context, tx bun.Tx, account record.ID, d *Dossier) error {
	var rows []contactRow
	if err := tx.NewSelect().Model(&rows).Where("account = ?", account).Order("channel").Scan(ctx); err != nil {
		return fmt.Errorf("read contacts: %w", err)
	}
	for i := range rows {
		c, err := s.contact(ctx, tx, &rows[i])
		if err != nil {
			return err
		}
		d.Contacts = append(d.Contacts, c)
	}
	return nil
}

func (s *Store) dossierLogins(ctx context.Context, tx bun.Tx, account record.ID, d *Dossier) error {
	var rows []sessionRow
	if err := tx.NewSelect().Model(&rows).Where("account = ?", account).Order("created_at", "id").Scan(ctx); err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	for i := range rows {
		d.Logins = append(d.Logins, DossierLogin{rows[i].session(), rows[i].EndedAt})
	}
	return nil
}

// VersionProof returns the canonical bytes of one version of the subject's record,
// and the evidence of its signature, nil without one.
func (s *Store) VersionProof(ctx context.Context, subject, id record.ID, no int) (content, evidence []byte, err error) {
	var row versionRow
	err = s.db.NewSelect().Model(&row).Where("record = ?", id).Where("no = ?", no).Where("subject = ?", subject).Scan(ctx)
	if err != nil {
		return nil, nil, missing(err, "read version")
	}
	content, err = s.unsealDocument(ctx, s.db, subject, id, versionPurpose(no), row.Sealed)
	return content, row.Signature, err
}

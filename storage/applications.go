package storage

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// Moves of the commands on applications to the CA company, whose record is the
// application. They are no moves of the lifecycle table.
const (
	MoveCAApply    record.Move = "ca_apply"
	MoveCAResend   record.Move = "ca_resend"
	MoveCAWithdraw record.Move = "ca_withdraw"

	kindApplication record.Kind = "ca_application"
)

// CAMove reports whether a command is about an application to the CA company.
func CAMove(m record.Move) bool {
	return m == MoveCAApply || m == MoveCAResend || m == MoveCAWithdraw
}

type applicationRow struct {
	bun.BaseModel `bun:"table:ca_applications,alias:ca"`

	ID           record.ID                `bun:"id,pk"`
	Subject      record.ID                `bun:"subject"`
	Account      record.ID                `bun:"account"`
	Business     record.Business          `bun:"business"`
	Kind         record.CertificateKind   `bun:"certificate_kind"`
	Medium       string                   `bun:"medium"`
	Years        int                      `bun:"years"`
	Pickup       string                   `bun:"pickup"`
	Certificate  record.ID                `bun:"certificate,nullzero"`
	Sealed       []byte                   `bun:"sealed"`
	SHA256       []byte                   `bun:"sha256"`
	Status       record.ApplicationStatus `bun:"status"`
	Reason       string                   `bun:"reason"`
	OrderNo      string                   `bun:"order_no"`
	Acceptance   *record.Acceptance       `bun:"acceptance,type:jsonb"`
	Attempts     int                      `bun:"attempts"`
	Failure      string                   `bun:"failure"`
	LastSequence int                      `bun:"last_sequence"`
	Revision     int                      `bun:"revision"`
	Receipt      string                   `bun:"receipt"`
	AcceptedAt   time.Time                `bun:"accepted_at"`
	AttemptedAt  time.Time                `bun:"attempted_at,nullzero"`
	SentAt       time.Time                `bun:"sent_at,nullzero"`
	HeardAt      time.Time                `bun:"heard_at,nullzero"`
	EscalatedAt  time.Time                `bun:"escalated_at,nullzero"`
	ClosedAt     time.Time                `bun:"closed_at,nullzero"`
	UpdatedAt    time.Time                `bun:"updated_at,nullzero"`
}

// ApplicationRequest is what a subject asks of the CA company.
type ApplicationRequest struct {
	Command     record.ID // nonce of the form; becomes the application's id
	Subject     record.ID
	Actor       record.Actor
	Business    record.Business
	Kind        record.CertificateKind
	Years       int // 1 to 3
	Pickup      string
	MailAddress string    // where the key is to be sent, for record.PickupMail
	Certificate record.ID // that the business is about, "" for a first one
}

// Application is an application to the CA company as pages show it.
type Application struct {
	ID          record.ID
	Subject     record.ID
	Business    record.Business
	Kind        record.CertificateKind
	Years       int
	Pickup      string
	Certificate record.ID // that it is about, "" for a first one
	Status      record.ApplicationStatus
	Reason      string // of the CA company, with its last word
	OrderNo     string
	Papers      []string         // what to bring
	Counters    []record.Counter // where
	Attempts    int
	Failure     string // a sentence on why the last attempt, or the binding, failed; "" when it did not
	Receipt     string
	Withdrawing bool // a withdrawal is under way
	AcceptedAt  time.Time
	SentAt      time.Time
	HeardAt     time.Time
	EscalatedAt time.Time
	ClosedAt    time.Time          // zero while anything may follow
	Events      []ApplicationEvent // oldest first; only where one application is asked for
}

// ApplicationEvent is one line of an application's time line.
type ApplicationEvent struct {
	At     time.Time
	Type   string                   // of the event
	Status record.ApplicationStatus // afterwards; "" where it did not change
	Text   string                   // what happened, for people
}

// ApplyForCertificate accepts an application: it freezes what the CA company is
// to get, from the profile in force, else from the one under review, else from
// the draft, and leaves an open command for the workflow that hands it over. The
// same command again gives the same receipt.
//
// Errors for people: Invalid with the problems, Conflict when one of that
// business and kind is open, Forbidden, NotFound.
func (s *Store) ApplyForCertificate(ctx context.Context, r ApplicationRequest) (record.Receipt, error) {
	command := record.Command{
		ID: r.Command, Record: r.Command, Subject: r.Subject, Kind: kindApplication, Move: MoveCAApply, Actor: r.Actor,
	}
	var receipt record.Receipt
	err := s.inTx(ctx, "apply for certificate", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, r.Subject); err != nil {
			return err
		}
		var known bool
		var err error
		if receipt, known, err = s.acceptedBefore(ctx, tx, command); err != nil || known {
			return err
		}
		if err := checkApplicant(ctx, tx, r.Subject, r.Actor, record.ToFile); err != nil {
			return err
		}
		row := commandRowOf(command)
		if row.AcceptedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		application, err := s.freezeApplication(ctx, tx, r, row.AcceptedAt)
		if err != nil {
			return err
		}
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		application.Receipt = row.Receipt
		if _, err := tx.NewInsert().Model(application).Exec(ctx); err != nil {
			return fmt.Errorf("insert application: %w", err)
		}
		receipt = row.receipt()
		return s.appendEvent(ctx, tx, event{
			Chain: r.Subject, Type: string(MoveCAApply), Record: application.ID, Command: row.ID, Role: r.Actor.Role, Actor: r.Actor.ID,
			At: row.AcceptedAt, Data: map[string]any{
				"status": string(application.Status), "business": string(r.Business), "kind": string(r.Kind), "years": r.Years,
			},
		})
	})
	switch uniqueViolation(err) {
	case "":
		return receipt, err
	case "ca_applications_open":
		return record.Receipt{}, errApplicationOpen
	default: // the id belongs to another command
		return record.Receipt{}, errReused
	}
}

var errApplicationOpen = record.Errorf(record.Conflict, "已有同类业务正在办理，请在原申请中查看进度，无需重复申请")

// commandRowOf is the row of a command whose first number is 1.
func commandRowOf(c record.Command) *commandRow {
	return &commandRow{
		ID: c.ID, Record: c.Record, Subject: c.Subject, Kind: c.Kind, Move: c.Move, Seq: 1, Role: c.Actor.Role, Actor: c.Actor.ID,
		Session: c.Actor.Session, Assurance: c.Actor.Assurance, Certificate: c.Actor.Certificate, Files: []string{}, Remarks: []record.Remark{},
	}
}

// checkApplicant checks that an enabled account of the subject acts whose member
// has the right. The chain is locked, so that a role which is taken away counts.
func checkApplicant(ctx context.Context, tx bun.Tx, subject record.ID, actor record.Actor, right record.Right) error {
	var enabled bool
	var role record.MemberRole
	err := tx.NewRaw(`
		SELECT a.disabled_at IS NULL AND s.closed_at IS NULL, a.role
		FROM accounts a JOIN subjects s ON s.id = a.subject WHERE a.id = ? AND a.subject = ?`, actor.ID, subject).Scan(ctx, &enabled, &role)
	if err != nil {
		return missing(err, "check applicant")
	}
	if !enabled || actor.Role != record.Applicant {
		return record.Errorf(record.Forbidden, record.RefusedDisabled.Explain())
	}
	if actor.Assurance != record.ByCertificate && !role.May(right) {
		return errNoRight
	}
	return nil
}

// freezeApplication checks a request and seals the bundle of it.
func (s *Store) freezeApplication(ctx context.Context, tx bun.Tx, r ApplicationRequest, now time.Time) (*applicationRow, error) {
	owner, err := s.subjectByID(ctx, tx, r.Subject)
	if err != nil {
		return nil, err
	}
	problems := requestProblems(r, owner.Type)
	document, err := s.bundler(ctx, tx, owner)
	if err != nil {
		return nil, err
	}
	problems = append(problems, bundleProblems(document, r.Kind, now)...)
	name, err := s.certificateToServe(ctx, tx, r)
	if record.CodeOf(err) == record.NotFound {
		problems = append(problems, form.Problem{Field: "certificate", Label: "证书", Message: "请选择要办理的证书"})
	} else if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, record.Errorf(record.Invalid, "还有需要修改的地方", problems...)
	}
	bundle := record.CABundle{
		Reference: r.Command, Business: r.Business, Kind: r.Kind, Medium: record.MediumUKey, Years: r.Years, Pickup: r.Pickup,
		Certificate: name, AppliedAt: now,
	}
	if r.Pickup == record.PickupMail {
		bundle.MailAddress = strings.TrimSpace(r.MailAddress)
	}
	document.Bundle(&bundle)
	content, err := json.Marshal(bundle)
	if err != nil {
		return nil, fmt.Errorf("freeze application: %w", err)
	}
	sum := sha256.Sum256(content)
	row := &applicationRow{
		ID: r.Command, Subject: r.Subject, Account: r.Actor.ID, Business: r.Business, Kind: r.Kind, Medium: bundle.Medium, Years: r.Years,
		Pickup: r.Pickup, Certificate: r.Certificate, SHA256: sum[:], Status: record.ApplicationPending, Revision: 1,
		AcceptedAt: now, UpdatedAt: now,
	}
	row.Sealed, err = s.sealDocument(ctx, tx, r.Subject, r.Command, applicationPurpose, content)
	return row, err
}

const (
	applicationPurpose = "ca_application"
	maxMailAddress     = 200 // characters
)

// requestProblems checks what the form of an application gives beside the
// subject's own data.
func requestProblems(r ApplicationRequest, t record.SubjectType) []form.Problem {
	var problems []form.Problem
	add := func(ok bool, field, label, message string) {
		if !ok {
			problems = append(problems, form.Problem{Field: field, Label: label, Message: message})
		}
	}
	add(r.Business.Label() != "", "business", "办理业务", "请选择办理业务")
	add(slices.Contains(record.CertificateKinds(t), r.Kind), "kind", "证书类型", "请选择证书类型")
	add(r.Years >= 1 && r.Years <= 3, "years", "有效期", "请选择 1 至 3 年")
	add(r.Pickup == record.PickupCounter || r.Pickup == record.PickupMail, "pickup", "领取方式", "请选择领取方式")
	if r.Pickup == record.PickupMail {
		length := len([]rune(strings.TrimSpace(r.MailAddress)))
		add(length > 0 && length <= maxMailAddress, "mail_address", "邮寄地址", "请填写邮寄地址，不超过 200 字")
	}
	add(r.Business.OnCertificate() || r.Certificate == "", "certificate", "证书", "首次申请不针对已有证书")
	return problems
}

// certificateToServe names the certificate that a request is about; NotFound
// when it is none of the subject's.
func (s *Store) certificateToServe(ctx context.Context, tx bun.Tx, r ApplicationRequest) (*record.CertificateName, error) {
	if !r.Business.OnCertificate() {
		return nil, nil //nolint:nilnil // a first certificate is about none
	}
	if r.Certificate == "" {
		return nil, errNotFound
	}
	var name record.CertificateName
	err := tx.NewRaw("SELECT issuer, serial FROM certificates WHERE id = ? AND subject = ? AND kind = ? AND unbound_at IS NULL",
		r.Certificate, r.Subject, r.Kind).Scan(ctx, &name.Issuer, &name.Serial)
	return &name, missing(err, "read certificate of application")
}

// bundler returns the profile from which an application is made: the one in
// force, else the one under review, else the draft; nil where there is none.
func (s *Store) bundler(ctx context.Context, db bun.IDB, owner record.Subject) (record.Bundler, error) {
	kind := record.ProfileKind(owner.Type)
	var row recordRow
	err := missing(db.NewSelect().Model(&row).Where("subject = ?", owner.ID).Where("kind = ?", kind).Scan(ctx), "look for the profile")
	if err != nil && record.CodeOf(err) != record.NotFound {
		return nil, err
	}
	document := record.Document(nil)
	for _, no := range []int{row.InForce, row.Submitted} {
		if err == nil && no > 0 && document == nil {
			version, err := s.version(ctx, db, row.ID, no)
			if err != nil {
				return nil, err
			}
			document = version.Document
		}
	}
	if document == nil {
		if document, err = s.profileDraft(ctx, db, owner.ID, kind); err != nil {
			return nil, err
		}
	}
	bundler, _ := document.(record.Bundler)
	return bundler, nil
}

// profileDraft returns the subject's draft of its profile, nil for none.
func (s *Store) profileDraft(ctx context.Context, db bun.IDB, subject record.ID, kind record.Kind) (record.Document, error) {
	var row draftRow
	err := db.NewSelect().Model(&row).Where("subject = ?", subject).Where("kind = ?", kind).Where("hidden_at IS NULL").
		Order("updated_at DESC").Limit(1).Scan(ctx)
	if err := missing(err, "look for the draft"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return nil, nil //nolint:nilnil // no draft is an ordinary answer
		}
		return nil, err
	}
	draft, err := s.draft(ctx, db, &row)
	return draft.Document, err
}

// bundleProblems lists what is missing in the sections that an application
// needs.
func bundleProblems(document record.Bundler, kind record.CertificateKind, now time.Time) []form.Problem {
	if document == nil {
		return []form.Problem{{Field: "profile", Label: "基本信息", Message: "请先填写单位信息和法定代表人"}}
	}
	var problems []form.Problem
	content := document.Form(now.In(record.Shanghai))
	for _, name := range document.BundleSections(kind) {
		if section, ok := content.Section(name); ok {
			problems = append(problems, section.Problems()...)
		}
	}
	return problems
}

// ApplicationProblems lists what is missing in 单位信息 and 法定代表人, of a person
// in their own data, before they may apply.
func (s *Store) ApplicationProblems(ctx context.Context, subject record.ID) ([]form.Problem, error) {
	owner, err := s.subjectByID(ctx, s.db, subject)
	if err != nil {
		return nil, err
	}
	document, err := s.bundler(ctx, s.db, owner)
	if err != nil {
		return nil, err
	}
	now, err := databaseTime(ctx, s.db)
	if err != nil {
		return nil, err
	}
	return bundleProblems(document, record.CertificateKinds(owner.Type)[0], now), nil
}

// ResendApplication asks for an attempt at once where handing over failed. The
// receipt is that of this command.
func (s *Store) ResendApplication(ctx context.Context, subject record.ID, actor record.Actor, id, command record.ID) (record.Receipt, error) {
	return s.acceptOnApplication(ctx, record.Command{
		ID: command, Record: id, Subject: subject, Kind: kindApplication, Move: MoveCAResend, Actor: actor,
	}, func(ctx context.Context, tx bun.Tx, row *applicationRow, accepted *commandRow) error {
		if row.Status != record.ApplicationFailed || !row.ClosedAt.IsZero() {
			return record.Errorf(record.Conflict, "申请已送达或已办结，无需重新发送")
		}
		if err := s.step(ctx, tx, row, step{
			to: record.ApplicationPending, at: accepted.AcceptedAt, role: actor.Role, actor: actor.ID, command: command, kind: string(MoveCAResend),
		}); err != nil {
			return err
		}
		return row.save(ctx, tx, accepted.AcceptedAt)
	})
}

// WithdrawApplication takes an application back, as long as the certificate is
// not being made. The CA company has the last word: the command's outcome tells.
func (s *Store) WithdrawApplication(ctx context.Context, subject record.ID, actor record.Actor, id, command record.ID) (record.Receipt, error) {
	return s.acceptOnApplication(ctx, record.Command{
		ID: command, Record: id, Subject: subject, Kind: kindApplication, Move: MoveCAWithdraw, Actor: actor,
	}, func(ctx context.Context, tx bun.Tx, row *applicationRow, _ *commandRow) error {
		if !row.ClosedAt.IsZero() || !row.Status.Leads(record.ApplicationWithdrawn) {
			return record.Errorf(record.Conflict, "证书已在制作或申请已办结，不能撤销")
		}
		open, err := openCommands(ctx, tx, row.ID, MoveCAWithdraw)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return record.Errorf(record.Conflict, "撤销正在办理，无需重复提交")
		}
		return nil
	})
}

// acceptOnApplication freezes a command on an application that exists.
func (s *Store) acceptOnApplication(
	ctx context.Context, c record.Command, check func(context.Context, bun.Tx, *applicationRow, *commandRow) error,
) (record.Receipt, error) {
	var receipt record.Receipt
	err := s.inTx(ctx, "accept "+string(c.Move), func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, c.Subject); err != nil {
			return err
		}
		var known bool
		var err error
		if receipt, known, err = s.acceptedBefore(ctx, tx, c); err != nil || known {
			return err
		}
		if err := checkApplicant(ctx, tx, c.Subject, c.Actor, record.ToFile); err != nil {
			return err
		}
		var row applicationRow
		err = tx.NewSelect().Model(&row).Where("id = ?", c.Record).Where("subject = ?", c.Subject).For("UPDATE").Scan(ctx)
		if err != nil {
			return missing(err, "lock application")
		}
		accepted := commandRowOf(c)
		if accepted.AcceptedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		if err := check(ctx, tx, &row, accepted); err != nil {
			return err
		}
		if err := tx.NewRaw("SELECT coalesce(max(seq), 0) + 1 FROM commands WHERE record = ?", c.Record).Scan(ctx, &accepted.Seq); err != nil {
			return fmt.Errorf("number command: %w", err)
		}
		if err := accepted.insert(ctx, tx); err != nil {
			return err
		}
		receipt = accepted.receipt()
		return nil
	})
	if uniqueViolation(err) == "commands_pkey" {
		return record.Receipt{}, errReused
	}
	return receipt, err
}

// Applications lists the subject's applications, newest first.
func (s *Store) Applications(ctx context.Context, subject record.ID) ([]Application, error) {
	var rows []applicationRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Order("accepted_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list applications: %w", err)
	}
	return s.applications(ctx, rows)
}

// SilentApplications lists those on which staff are to call the CA company, the
// longest silent first: no word for too long, or a certificate that cannot be
// bound.
func (s *Store) SilentApplications(ctx context.Context) ([]Application, error) {
	var rows []applicationRow
	err := s.db.NewSelect().Model(&rows).Where("escalated_at IS NOT NULL").
		Where("closed_at IS NULL OR status = ?", record.ApplicationIssued).Order("escalated_at").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list silent applications: %w", err)
	}
	return s.applications(ctx, rows)
}

// Application returns one of the subject's applications with its time line.
func (s *Store) Application(ctx context.Context, subject, id record.ID) (Application, error) {
	var row applicationRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Scan(ctx); err != nil {
		return Application{}, missing(err, "read application")
	}
	all, err := s.applications(ctx, []applicationRow{row})
	if err != nil {
		return Application{}, err
	}
	all[0].Events, err = s.applicationEvents(ctx, &row)
	return all[0], err
}

// ApplicationBundle returns what an application froze.
func (s *Store) ApplicationBundle(ctx context.Context, subject, id record.ID) (record.CABundle, error) {
	var row applicationRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Scan(ctx); err != nil {
		return record.CABundle{}, missing(err, "read application")
	}
	return s.bundle(ctx, s.db, &row)
}

func (s *Store) bundle(ctx context.Context, db bun.IDB, row *applicationRow) (record.CABundle, error) {
	var bundle record.CABundle
	content, err := s.unsealDocument(ctx, db, row.Subject, row.ID, applicationPurpose, row.Sealed)
	if err != nil {
		return bundle, err
	}
	if err := json.Unmarshal(content, &bundle); err != nil {
		return bundle, fmt.Errorf("read bundle: %w", err)
	}
	return bundle, nil
}

// applications makes rows ready for pages.
func (s *Store) applications(ctx context.Context, rows []applicationRow) ([]Application, error) {
	all := make([]Application, 0, len(rows))
	if len(rows) == 0 {
		return all, nil
	}
	ids := make([]record.ID, 0, len(rows))
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	var withdrawing []record.ID
	err := s.db.NewRaw("SELECT record FROM commands WHERE record IN (?) AND move = ? AND done_at IS NULL", bun.List(ids), MoveCAWithdraw).
		Scan(ctx, &withdrawing)
	if err != nil {
		return nil, fmt.Errorf("look for withdrawals: %w", err)
	}
	for i := range rows {
		a := rows[i].application()
		a.Withdrawing = slices.Contains(withdrawing, a.ID)
		all = append(all, a)
	}
	return all, nil
}

func (r *applicationRow) application() Application {
	a := Application{
		ID: r.ID, Subject: r.Subject, Business: r.Business, Kind: r.Kind, Years: r.Years, Pickup: r.Pickup, Certificate: r.Certificate,
		Status: r.Status, Reason: r.Reason, OrderNo: r.OrderNo, Attempts: r.Attempts, Failure: failureText(r.Failure), Receipt: r.Receipt,
		AcceptedAt: r.AcceptedAt, SentAt: r.SentAt, HeardAt: r.HeardAt, EscalatedAt: r.EscalatedAt, ClosedAt: r.ClosedAt,
	}
	if r.Acceptance != nil {
		a.Papers, a.Counters = r.Acceptance.Papers, r.Acceptance.Counters
	}
	return a
}

// ApplicationStatus is what the CA company may ask after.
type ApplicationStatus struct {
	ID           record.ID
	Status       record.ApplicationStatus
	OrderNo      string
	LastSequence int
}

// ApplicationStatusOf returns where an application stands, whoever's it is.
func (s *Store) ApplicationStatusOf(ctx context.Context, id record.ID) (ApplicationStatus, error) {
	var row applicationRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return ApplicationStatus{}, missing(err, "read application")
	}
	return ApplicationStatus{ID: row.ID, Status: row.Status, OrderNo: row.OrderNo, LastSequence: row.LastSequence}, nil
}

// OpenApplications pages through the open applications in the order of their
// ids.
func (s *Store) OpenApplications(ctx context.Context, after record.ID, limit int) ([]record.ID, error) {
	if after == "" {
		after = systemChain
	}
	var ids []record.ID
	err := s.db.NewRaw("SELECT id FROM ca_applications WHERE closed_at IS NULL AND id > ? ORDER BY id LIMIT ?", after, limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list open applications: %w", err)
	}
	return ids, nil
}

package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

type commandRow struct {
	bun.BaseModel `bun:"table:commands,alias:c"`

	ID          record.ID         `bun:"id,pk"`
	Record      record.ID         `bun:"record"`
	Subject     record.ID         `bun:"subject"`
	Kind        record.Kind       `bun:"kind"`
	Seq         int64             `bun:"seq"`
	Move        record.Move       `bun:"move"`
	Role        record.Role       `bun:"role"`
	Actor       record.ID         `bun:"actor,nullzero"`
	Session     record.ID         `bun:"session,nullzero"`
	Assurance   record.Assurance  `bun:"assurance"`
	Certificate string            `bun:"certificate"`
	Expected    int               `bun:"expected"`
	Sealed      []byte            `bun:"sealed"`
	SHA256      []byte            `bun:"sha256"`
	Files       []string          `bun:"files,array"`
	Reason      string            `bun:"reason"`
	Remarks     []record.Remark   `bun:"remarks,type:jsonb"`
	Answers     map[string]string `bun:"answers,type:jsonb,nullzero,default:'{}'"`
	Signature   []byte            `bun:"signature"`
	Receipt     string            `bun:"receipt"`
	AcceptedAt  time.Time         `bun:"accepted_at"`
	NotBefore   time.Time         `bun:"not_before,nullzero"`
	CancelledAt time.Time         `bun:"cancelled_at,nullzero"`
	DoneAt      time.Time         `bun:"done_at,nullzero"`
	Applied     *bool             `bun:"applied"`
	Refusal     record.Refusal    `bun:"refusal"`
	Standing    record.Standing   `bun:"standing"`
	Filing      record.Filing     `bun:"filing"`
}

func (r *commandRow) receipt() record.Receipt {
	return record.Receipt{Number: r.Receipt, Command: r.ID, AcceptedAt: r.AcceptedAt.UTC()}
}

func (r *commandRow) outcome() record.Outcome {
	return record.Outcome{
		Command: r.ID, Applied: r.Applied != nil && *r.Applied, Refusal: r.Refusal, At: r.DoneAt,
		State: record.State{Standing: r.Standing, Filing: r.Filing},
	}
}

// insert draws a receipt number and writes the row.
func (r *commandRow) insert(ctx context.Context, tx bun.IDB) error {
	number, err := record.NewReceipt(r.AcceptedAt, rand.Reader)
	if err != nil {
		return fmt.Errorf("draw receipt number: %w", err)
	}
	r.Receipt = number
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return fmt.Errorf("insert command: %w", err)
	}
	note(ctx, func(w Watcher) { w.Accepted(r.Move) })
	return nil
}

// Accept freezes a command: from here on it will be applied or refused, once,
// whatever dies in between. It checks who is asking and, for a submit, that the
// draft has no problem. The same command sent again gives the same receipt.
//
// Errors for people: NotFound, Invalid with the problems, DraftChanged,
// Conflict when the move is plainly impossible already, Forbidden for a member
// who may not file.
func (s *Store) Accept(ctx context.Context, c record.Command) (record.Receipt, error) {
	var receipt record.Receipt
	err := s.inTx(ctx, "accept "+string(c.Move), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", string(c.Record)).Exec(ctx); err != nil {
			return fmt.Errorf("order commands: %w", err)
		}
		row := commandRow{
			ID: c.ID, Record: c.Record, Subject: c.Subject, Kind: c.Kind, Move: c.Move, Role: c.Actor.Role, Actor: c.Actor.ID,
			Session: c.Actor.Session, Assurance: c.Actor.Assurance, Certificate: c.Actor.Certificate, Expected: c.Expected,
			Reason: c.Reason, Remarks: slices.Clone(c.Remarks), Signature: c.Signature, Files: []string{},
		}
		if row.Remarks == nil {
			row.Remarks = []record.Remark{}
		}
		var known bool
		err := tx.NewRaw(`
			SELECT clock_timestamp(), coalesce(max(seq), 0) + 1, EXISTS (SELECT 1 FROM commands WHERE id = ?)
			FROM commands WHERE record = ?`, c.ID, c.Record).Scan(ctx, &row.AcceptedAt, &row.Seq, &known)
		if err != nil {
			return fmt.Errorf("number command: %w", err)
		}
		if known {
			receipt, _, err = s.acceptedBefore(ctx, tx, c)
			return err
		}
		row.AcceptedAt = row.AcceptedAt.UTC()
		if err := refuseMember(ctx, tx, c); err != nil {
			return err
		}
		if c.Move == record.Submit {
			err = s.freezeDraft(ctx, tx, c, &row)
		} else {
			err = s.foresee(ctx, tx, c, &row)
		}
		if err != nil {
			return err
		}
		if err := row.insert(ctx, tx); err != nil {
			return err
		}
		receipt = row.receipt()
		return nil
	})
	if uniqueViolation(err) == "commands_pkey" {
		// The id belongs to a command on another record.
		return record.Receipt{}, errReused
	}
	return receipt, err
}

// refuseMember refuses a command in the name of a subject to a member who was
// revoked, or whose role files nothing. The lock orders it against the change of a
// role: after that has returned, nothing is accepted under the role of before. It
// is the first of the rows that are locked, as accounts are wherever drafts follow.
func refuseMember(ctx context.Context, tx bun.Tx, c record.Command) error {
	if c.Actor.Role != record.Applicant {
		return nil
	}
	var enabled bool
	var role record.MemberRole
	err := tx.NewRaw("SELECT disabled_at IS NULL, role FROM accounts WHERE id = ? AND subject = ? FOR SHARE", c.Actor.ID, c.Subject).
		Scan(ctx, &enabled, &role)
	switch err := missing(err, "check member"); {
	case record.CodeOf(err) == record.NotFound:
		return nil // nobody's: Apply says so, as of whoever is gone
	case err != nil:
		return err
	case !enabled:
		return record.Errorf(record.Forbidden, record.RefusedDisabled.Explain())
	case c.Actor.Assurance != record.ByCertificate && !role.May(record.ToFile):
		return errNoRight
	}
	return nil
}

var errNoRight = record.Errorf(record.Forbidden, record.RefusedNoAuthority.Explain())

var errReused = record.Errorf(record.AlreadyDone, "该页面已经提交过，请刷新后重新操作")

// acceptedBefore finds the command's receipt if it was accepted already. An id that
// was used by somebody else, or for something else, is refused without a word on
// what it was.
func (s *Store) acceptedBefore(ctx context.Context, tx bun.Tx, c record.Command) (receipt record.Receipt, known bool, err error) {
	var row commandRow
	err = missing(tx.NewSelect().Model(&row).Where("id = ?", c.ID).Scan(ctx), "look for command")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return receipt, false, nil
	case err != nil:
		return receipt, false, err
	case row.Actor != c.Actor.ID || row.Record != c.Record || row.Move != c.Move:
		return receipt, false, errReused
	}
	return row.receipt(), true, nil
}

// freezeDraft takes the draft's canonical bytes into the command and locks the
// draft.
func (s *Store) freezeDraft(ctx context.Context, tx bun.Tx, c record.Command, row *commandRow) error {
	var draft keyedDraft
	if err := selectDrafts(tx, &draft, c.Subject).Where("d.record = ?", c.Record).For("UPDATE OF d").Scan(ctx); err != nil {
		return missing(err, "read draft")
	}
	if draft.LockedBy != "" {
		return record.Errorf(record.Conflict, "该草稿已提交，正在处理，无需重复提交")
	}
	if draft.Version != c.Draft {
		return record.Errorf(record.DraftChanged, "草稿在核对之后又保存过，请重新核对后提交")
	}
	key, err := s.openKey(c.Subject, draft.wrappedKey)
	if err != nil {
		return err
	}
	opened, err := draft.open(key)
	if err != nil {
		return err
	}
	document := opened.Document
	form := document.Form(row.AcceptedAt.In(record.Shanghai))
	if problems := form.Problems(); len(problems) > 0 {
		return record.Errorf(record.Invalid, "还有需要修改的地方", problems...)
	}
	// Only a form of today's schema is complete; an old draft is brought to it.
	canonical, err := record.Canonical(draft.Kind, document)
	if err != nil {
		return err
	}
	for _, file := range form.Files() {
		row.Files = append(row.Files, file.ID)
	}
	if err := markFilesInUse(ctx, tx, c.Subject, row.Files, s.Policy().ScanRequired && !s.Policy().NeedsReview(draft.Kind)); err != nil {
		return err
	}
	sum := sha256.Sum256(canonical)
	switch {
	case c.Actor.Assurance == record.ByCertificate && len(c.Signature) == 0:
		return record.Errorf(record.Invalid, "CA 证书登录后提交须用证书签名，请重新提交")
	case len(c.Signature) > 0 && !bytes.Equal(c.Digest, sum[:]):
		return record.Errorf(record.DraftChanged, "内容在签名之后有变化，请重新核对后提交")
	}
	row.Kind, row.SHA256, row.Answers = draft.Kind, sum[:], draft.Answers
	if row.Reason == "" {
		row.Reason = draft.Reason
	}
	if row.Sealed, err = sealAs(key, c.ID, commandPurpose, canonical); err != nil {
		return err
	}
	_, err = tx.NewRaw("UPDATE drafts SET locked_by = ? WHERE record = ?", c.ID, c.Record).Exec(ctx)
	if err != nil {
		return fmt.Errorf("lock draft: %w", err)
	}
	return nil
}

// foresee checks ownership, and refuses at once what is plainly impossible:
// with no other command open, the state that the transaction of Apply will find
// is the one seen here.
func (s *Store) foresee(ctx context.Context, tx bun.Tx, c record.Command, row *commandRow) error {
	var current recordRow
	if err := tx.NewSelect().Model(&current).Where("id = ?", c.Record).Scan(ctx); err != nil {
		return missing(err, "read record")
	}
	if c.Actor.Role == record.Applicant && current.Subject != c.Subject {
		return errNotFound
	}
	row.Subject, row.Kind = current.Subject, current.Kind
	t, ok := record.TransitionOf(c.Move)
	if !ok || !t.May(c.Actor.Role) {
		return record.Errorf(record.Forbidden, record.RefusedNoAuthority.Explain())
	}
	if t.Reason && c.Reason == "" && len(c.Remarks) == 0 {
		return record.Errorf(record.Invalid, "请填写原因")
	}
	if t.Decides() {
		if err := s.takeDecision(ctx, tx, row); err != nil {
			return err
		}
	}
	open, err := tx.NewSelect().Model((*commandRow)(nil)).Where("record = ?", c.Record).Where("done_at IS NULL").Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for open commands: %w", err)
	}
	if open {
		return nil
	}
	facts := record.Facts{Kind: current.Kind, NeedsReview: s.Policy().NeedsReview(current.Kind)}
	if facts.Confirmable, err = s.confirmable(ctx, tx, row); err != nil {
		return err
	}
	if !slices.Contains(t.From, current.state()) || t.Guard != nil && !t.Guard(facts) {
		return record.Errorf(record.Conflict, record.RefusedState.Explain())
	}
	return nil
}

// CommandStatus is what a receipt page shows.
type CommandStatus struct {
	Receipt record.Receipt
	Record  record.ID
	Subject record.ID
	Kind    record.Kind
	Move    record.Move
	Done    bool
	Outcome record.Outcome
}

// CommandByReceipt returns the subject's command of that receipt number.
func (s *Store) CommandByReceipt(ctx context.Context, subject record.ID, number string) (CommandStatus, error) {
	var row commandRow
	err := s.db.NewSelect().Model(&row).Where("receipt = ?", number).Where("subject = ?", subject).Scan(ctx)
	if err != nil {
		return CommandStatus{}, missing(err, "read receipt")
	}
	return row.status(), nil
}

// CommandStatus returns a command by its id.
func (s *Store) CommandStatus(ctx context.Context, id record.ID) (CommandStatus, error) {
	var row commandRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return CommandStatus{}, missing(err, "read command")
	}
	return row.status(), nil
}

func (r *commandRow) status() CommandStatus {
	return CommandStatus{
		Receipt: r.receipt(), Record: r.Record, Subject: r.Subject, Kind: r.Kind, Move: r.Move,
		Done: r.Applied != nil, Outcome: r.outcome(),
	}
}

// OpenCommand is a command whose workflow may not have been told.
type OpenCommand struct {
	ID     record.ID   `bun:"id"`
	Record record.ID   `bun:"record"`
	Move   record.Move `bun:"move"`
}

// OpenCommands lists commands that are not done and have been due, or cancelled,
// for longer than that, oldest first.
func (s *Store) OpenCommands(ctx context.Context, olderThan time.Duration, limit int) ([]OpenCommand, error) {
	var open []OpenCommand
	err := s.db.NewRaw(`
		SELECT id, record, move FROM commands
		WHERE done_at IS NULL AND coalesce(cancelled_at, not_before, accepted_at) < clock_timestamp() - ? * interval '1 microsecond'
		ORDER BY accepted_at LIMIT ?`, olderThan.Microseconds(), limit).Scan(ctx, &open)
	if err != nil {
		return nil, fmt.Errorf("list open commands: %w", err)
	}
	return open, nil
}

package storage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// decide checks a command against the lifecycle table and what was frozen with
// it, and writes its effects. It returns why the command is refused, or "".
// current is changed to what the record becomes.
func (s *Store) decide(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, now time.Time) (record.Refusal, error) {
	if refusal, err := s.refuseActor(ctx, tx, command); refusal != "" || err != nil {
		return refusal, err
	}
	var task *reviewRow
	if current.state().InReview() {
		var err error
		if task, err = openTask(ctx, tx, current.ID); err != nil {
			return "", err
		}
	}
	if refusal, err := s.refuseAssurance(ctx, tx, current, command); refusal != "" || err != nil {
		return refusal, err
	}
	submission, refusal, err := s.submission(ctx, tx, current, command)
	if refusal != "" || err != nil {
		return refusal, err
	}
	facts := record.Facts{
		Kind: current.Kind, NeedsReview: s.Policy().NeedsReview(current.Kind), FirstVersion: current.InForce == 0,
		Claimed: task != nil && task.ClaimedBy != "" && task.ClaimedUntil.After(command.AcceptedAt),
	}
	if facts.Confirmable, err = s.confirmable(ctx, tx, command); err != nil {
		return "", err
	}
	sampled := false
	if command.Move == record.Approve {
		if facts.NeedsSecond, err = s.needsSecond(ctx, tx, current); err != nil {
			return "", err
		}
		sampled = !facts.NeedsSecond && s.sampled(current.ID, current.Submitted)
		facts.NeedsSecond = facts.NeedsSecond || sampled
	}
	next, ok := record.Next(current.state(), command.Move, command.Role, facts)
	if !ok {
		return record.RefusedState, nil
	}
	if command.Expected != 0 && command.Expected != current.Revision {
		return record.RefusedVersion, nil
	}
	if refusal, err := s.refuseReviewer(ctx, tx, current, command, task); refusal != "" || err != nil {
		return refusal, err
	}
	if refusal, err := s.refuseContent(ctx, tx, current, command, submission); refusal != "" || err != nil {
		return refusal, err
	}
	e := effect{from: current.state(), next: next, submission: submission, task: task, sampled: sampled, now: now}
	if refusal, err := s.refuseFiles(ctx, tx, current, command, e); refusal != "" || err != nil {
		return refusal, err
	}
	return "", s.effect(ctx, tx, current, command, e)
}

// refuseActor checks that whoever gave the command may still act.
func (s *Store) refuseActor(ctx context.Context, tx bun.Tx, command *commandRow) (record.Refusal, error) {
	var enabled bool
	var err error
	switch command.Role {
	case record.Clock:
		return "", nil
	case record.Applicant:
		var member record.MemberRole
		err = tx.NewRaw(`
			SELECT a.disabled_at IS NULL AND s.closed_at IS NULL, a.role
			FROM accounts a JOIN subjects s ON s.id = a.subject WHERE a.id = ? AND a.subject = ?`,
			command.Actor, command.Subject).Scan(ctx, &enabled, &member)
		if err == nil && enabled && command.Assurance != record.ByCertificate && !member.May(record.ToFile) {
			return record.RefusedNoAuthority, nil
		}
	case record.Reviewer, record.Confirmer, record.Supervisor:
		var role record.Role
		// The row is shared before any task is locked: as in lockStaff.
		err = tx.NewRaw("SELECT disabled_at IS NULL, role FROM staff WHERE id = ? FOR SHARE", command.Actor).Scan(ctx, &enabled, &role)
		if err == nil && enabled && !role.Covers(command.Role) {
			return record.RefusedNoAuthority, nil
		}
	default:
		return record.RefusedNoAuthority, nil
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && !enabled {
		return record.RefusedDisabled, nil
	}
	if err != nil {
		return "", fmt.Errorf("check actor: %w", err)
	}
	return "", nil
}

// refuseAssurance checks that the session was one that the move takes: kinds
// that only a certificate session may submit take one to be voided and
// restored, too. Such a certificate must still have counted.
func (s *Store) refuseAssurance(ctx context.Context, tx bun.Tx, current *filed, command *commandRow) (record.Refusal, error) {
	if !current.exists {
		current.Kind = command.Kind
	}
	transition, ok := record.TransitionOf(command.Move)
	if !ok || !transition.LikeSubmit {
		return "", nil
	}
	definition, _ := record.DefinitionOf(current.Kind)
	if definition.Certificate && command.Assurance != record.ByCertificate {
		return record.RefusedAssurance, nil
	}
	return refuseCertificate(ctx, tx, command)
}

// refuseContent checks what a version must be that is about to count again, and
// early what would be refused at the end: a submit of what is in force already.
func (s *Store) refuseContent(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, sub *submission) (record.Refusal, error) {
	var document record.Document
	switch command.Move {
	case record.Submit:
		document = sub.document
	case record.Restore:
		version, err := s.version(ctx, tx, current.ID, current.InForce)
		if err != nil {
			return "", err
		}
		document = version.Document
		if len(document.Form(command.AcceptedAt.In(record.Shanghai)).Problems()) > 0 {
			return record.RefusedProblems, nil
		}
	default:
		return "", nil
	}
	return s.refuseTwice(ctx, tx, current, document)
}

// refuseTwice looks for another record in force that the document must not
// share its number or person with. The indexes are the guard; this says it
// before anybody has worked on the filing.
func (s *Store) refuseTwice(ctx context.Context, tx bun.Tx, current *filed, document record.Document) (record.Refusal, error) {
	index := s.distinct(current.Kind, document)
	if index == nil {
		return "", nil
	}
	definition, _ := record.DefinitionOf(current.Kind)
	var taken bool
	err := tx.NewRaw(`
		SELECT EXISTS (SELECT 1 FROM records
		WHERE kind = ?0 AND distinct_index = ?1 AND standing = 'in_force' AND id <> ?2 AND (?3 OR subject = ?4))`,
		current.Kind, index, current.ID, definition.Everywhere, current.Subject).Scan(ctx, &taken)
	switch {
	case err != nil:
		return "", fmt.Errorf("look for the same record: %w", err)
	case !taken:
		return "", nil
	case definition.Everywhere:
		return record.RefusedEmployed, nil
	}
	return record.RefusedDuplicate, nil
}

// distinct is the blind index of what two records of the kind must not share,
// nil for kinds without.
func (s *Store) distinct(kind record.Kind, document record.Document) []byte {
	if d, ok := document.(record.Distinct); ok && d.Unique() != "" {
		return s.keys.blind("distinct/"+string(kind), d.Unique())
	}
	return nil
}

// submission is the document of a submit, checked again as it was frozen.
type submission struct {
	document record.Document
	content  []byte
	schema   int
}

func (s *Store) submission(ctx context.Context, tx bun.Tx, current *filed, command *commandRow) (*submission, record.Refusal, error) {
	if command.Move != record.Submit {
		return nil, "", nil
	}
	definition, ok := record.DefinitionOf(command.Kind)
	if !ok || current.Kind != command.Kind {
		return nil, record.RefusedState, nil
	}
	content, err := s.unsealDocument(ctx, tx, command.Subject, command.ID, commandPurpose, command.Sealed)
	if err != nil {
		return nil, "", err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return nil, "", fmt.Errorf("read frozen content: %w", err)
	}
	owner, err := s.subjectByID(ctx, tx, command.Subject)
	if err != nil {
		return nil, "", err
	}
	if !document.Belongs(owner) {
		return nil, record.RefusedIdentity, nil
	}
	stale, err := staleContent(ctx, tx, document, command.AcceptedAt)
	if err != nil {
		return nil, "", err
	}
	if stale {
		return nil, record.RefusedProblems, nil
	}
	return &submission{document, content, definition.Schema}, "", nil
}

// staleContent reports whether a document has problems by the rules of the day on
// which it was accepted. The portal that accepted it may have known of imported
// codes before this process did: nothing is refused by tables that are not the
// newest.
func staleContent(ctx context.Context, tx bun.Tx, document record.Document, accepted time.Time) (bool, error) {
	day := accepted.In(record.Shanghai)
	if len(document.Form(day).Problems()) == 0 {
		return false, nil
	}
	changed, err := followCodes(ctx, tx)
	return err == nil && (!changed || len(document.Form(day).Problems()) > 0), err
}

// refuseCertificate checks that the certificate of a certificate session still
// counted when the command was accepted: what its issuer has said since then of
// an earlier instant counts too.
func refuseCertificate(ctx context.Context, tx bun.Tx, command *commandRow) (record.Refusal, error) {
	if command.Assurance != record.ByCertificate {
		return "", nil
	}
	var row certificateRow
	err := tx.NewSelect().Model(&row).Where("sha256 = ?", command.Certificate).Where("subject = ?", command.Subject).Scan(ctx)
	if err := missing(err, "read certificate of command"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return record.RefusedCertificate, nil
		}
		return "", err
	}
	unsigned := command.Move == record.Submit && len(command.Signature) == 0
	if unsigned || !row.certificate().State(command.AcceptedAt).Usable() {
		return record.RefusedCertificate, nil
	}
	return "", nil
}

// needsSecond reports whether the version under way changes a key field.
func (s *Store) needsSecond(ctx context.Context, tx bun.Tx, current *filed) (bool, error) {
	if !s.Policy().SecondReview || current.InForce == 0 || current.Submitted == 0 {
		return false, nil
	}
	before, err := s.version(ctx, tx, current.ID, current.InForce)
	if err != nil {
		return false, err
	}
	after, err := s.version(ctx, tx, current.ID, current.Submitted)
	if err != nil {
		return false, err
	}
	return keyChanged(before.Document, after.Document), nil
}

// sampled reports whether chance asks for a second review of a version. Who knows
// neither the keys nor the future cannot tell which, and asking again gives the
// same answer.
func (s *Store) sampled(id record.ID, version int) bool {
	drawn := binary.BigEndian.Uint32(s.keys.blind("sample", fmt.Sprintf("%s/%d", id, version)))
	return uint64(drawn)*100 < uint64(s.Policy().SamplePercent)<<32
}

// refuseReviewer checks what binds staff: nobody decides a filing that is none of
// their kinds and regions, in which they appear, on which another works, or of
// which they were the first reviewer.
func (s *Store) refuseReviewer(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, task *reviewRow) (record.Refusal, error) {
	if !command.Role.IsStaff() {
		return "", nil
	}
	if task == nil {
		appears, err := s.appearsIn(ctx, tx, command.Actor, current.ID, max(current.Submitted, current.InForce))
		if err != nil || !appears {
			return "", err
		}
		return record.RefusedOwnFiling, nil
	}
	member, err := readColleague(ctx, tx, command.Actor)
	if err != nil {
		return "", err
	}
	return s.barred(ctx, tx, task, &member, command.AcceptedAt)
}

// firstReviewer is who approved what a second review is of, "" for none.
func firstReviewer(ctx context.Context, db bun.IDB, task *reviewRow) (record.ID, error) {
	var first record.ID
	err := db.NewRaw(`
		SELECT closed_by FROM review_tasks
		WHERE record = ? AND version = ? AND stage = ? AND decision = ? ORDER BY closed_at DESC LIMIT 1`,
		task.Record, task.Version, stageFirst, record.Approve).Scan(ctx, &first)
	if err := missing(err, "read first reviewer"); err != nil && record.CodeOf(err) != record.NotFound {
		return "", err
	}
	return first, nil
}

// appearsIn reports whether a staff member is among the people of a version.
func (s *Store) appearsIn(ctx context.Context, db bun.IDB, staff, id record.ID, no int) (bool, error) {
	var appears bool
	err := db.NewRaw(`
		SELECT EXISTS (SELECT 1 FROM versions v, staff s
		WHERE v.record = ? AND v.no = ? AND s.id = ? AND s.identity_index = ANY (v.people))`, id, no, staff).Scan(ctx, &appears)
	if err != nil {
		return false, fmt.Errorf("look for the reviewer in the filing: %w", err)
	}
	return appears, nil
}

// effect is all that a legal move needs to write.
type effect struct {
	from, next record.State
	submission *submission
	task       *reviewRow // that the move ends, nil for none
	sampled    bool       // chance asks for a second review
	now        time.Time
}

func (s *Store) effect(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, e effect) error {
	if e.task != nil {
		if err := e.task.close(ctx, tx, command, e.now); err != nil {
			return err
		}
	}
	var shown record.Document // from here on, nil if what was shown stays
	counted := current.InForce
	current.Revision++
	policy := s.Policy()
	current.enter(policy, e.next, command.AcceptedAt)
	if command.Move == record.Submit {
		no, err := s.insertVersion(ctx, tx, current, command, e.submission)
		if err != nil {
			return err
		}
		current.Submitted = no
		if current.InForce == 0 {
			shown = e.submission.document
		}
	}
	if command.Move == record.Reopen {
		current.Submitted = current.InForce
	}
	withdrawn := current.Submitted
	// A first filing, an approval and an automatic submit put a version in force.
	effective := current.Standing == record.InForce && current.Filing == record.NothingFiled &&
		(command.Move == record.Submit || command.Move == record.Approve || command.Move == record.Confirm)
	if effective {
		current.InForce = current.Submitted
		var err error
		if shown, err = s.comesInForce(ctx, tx, current, e.submission); err != nil {
			return err
		}
	}
	if current.state().AtRest() {
		current.Submitted = 0
	}
	plan := current.plan(policy)
	current.RemindAt, current.DueAt, current.UpdatedAt = plan.RemindAt, dueAt(plan), e.now
	if current.state().AtRest() {
		current.FiledAt = time.Time{}
	}
	if _, err := tx.NewUpdate().Model(&current.recordRow).WherePK().ExcludeColumn("created_at").Exec(ctx); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	if effective {
		if err := s.takeEffect(ctx, tx, current, e.now); err != nil {
			return err
		}
	}
	if err := s.moveDraft(ctx, tx, current, command, withdrawn); err != nil {
		return err
	}
	if err := s.relistMoved(ctx, tx, &current.recordRow, shown); err != nil {
		return err
	}
	if err := s.keepExpiries(ctx, tx, current, command.Move, e.from.Standing); err != nil {
		return err
	}
	err := s.disclose(ctx, tx, &current.recordRow, turn{move: command.Move, before: counted, effective: effective, document: shown, at: e.now})
	if err != nil {
		return err
	}
	return s.openReview(ctx, tx, current, command, e)
}

// insertVersion writes the next version, and the record if this is its first.
func (s *Store) insertVersion(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, sub *submission) (int, error) {
	if current.InForce == 0 {
		current.Title = sub.document.Title() // otherwise the title in force stays until the change counts
	}
	if !current.exists {
		blank := recordRow{
			ID: current.ID, Subject: current.Subject, Kind: current.Kind, Standing: record.NotInForce,
			Filing: record.NothingFiled, Title: current.Title,
		}
		if _, err := tx.NewInsert().Model(&blank).Exec(ctx); err != nil {
			return 0, fmt.Errorf("insert record: %w", err)
		}
		current.exists = true
	}
	no := current.Versions + 1
	sealed, err := s.sealDocument(ctx, tx, current.Subject, current.ID, versionPurpose(no), sub.content)
	if err != nil {
		return 0, err
	}
	row := versionRow{
		Record: current.ID, No: no, Subject: current.Subject, Kind: current.Kind, Schema: sub.schema, Sealed: sealed,
		SHA256: command.SHA256, Signature: command.Signature, Assurance: command.Assurance, Certificate: command.Certificate,
		Account: command.Actor, Command: command.ID, Reason: command.Reason, AcceptedAt: command.AcceptedAt,
		Projection: projection(sub.document), People: [][]byte{},
		Marks: append(s.marks(sub.document), s.connectionMarks(sub.document)...),
	}
	for _, number := range sub.document.People() {
		index := s.identityIndex(number)
		if !slices.ContainsFunc(row.People, func(b []byte) bool { return bytes.Equal(b, index) }) {
			row.People = append(row.People, index)
		}
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return 0, fmt.Errorf("insert version: %w", err)
	}
	current.Versions = no
	return no, nil
}

// projection is what reports need of a document: its title and the codes it
// carries, those of its rows in one list. Sensitive fields stay out.
func projection(d record.Document) map[string]any {
	p := map[string]any{"title": d.Title()}
	codes := map[string][]string{}
	for _, field := range d.Form(time.Time{}).Leaves() {
		if field.Table != nil && !field.Sensitive && !field.Empty() {
			codes[field.Local()] = append(codes[field.Local()], field.Input()...)
		}
	}
	for name, all := range codes {
		p[name] = all
	}
	return p
}

// comesInForce takes title and uniqueness of the record from the document that
// counts from here on, and returns it: the one submitted just before, else that
// of the version.
func (s *Store) comesInForce(ctx context.Context, tx bun.Tx, current *filed, sub *submission) (record.Document, error) {
	var document record.Document
	if sub != nil {
		document = sub.document
	} else {
		version, err := s.version(ctx, tx, current.ID, current.InForce)
		if err != nil {
			return nil, err
		}
		document = version.Document
	}
	current.Title, current.Distinct = document.Title(), s.distinct(current.Kind, document)
	return document, nil
}

// takeEffect records since when a version counts, and what follows for the
// subject: a profile in force proves it and carries its name.
func (s *Store) takeEffect(ctx context.Context, tx bun.Tx, current *filed, now time.Time) error {
	_, err := tx.NewRaw("INSERT INTO version_effects (record, no, since) VALUES (?, ?, ?)", current.ID, current.InForce, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write effect of version: %w", err)
	}
	if !current.Kind.Profile() {
		return nil
	}
	_, err = tx.NewRaw("UPDATE subjects SET name = ?, proven_at = coalesce(proven_at, ?) WHERE id = ?",
		current.Title, now, current.Subject).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write name in force: %w", err)
	}
	return nil
}

// moveDraft brings the draft in line: a submitted one is a version now; what
// comes back for correction or was withdrawn is a draft again, but for a change
// that was being written when the record was reopened; a discarded change is
// gone, while a discarded first filing stays to be taken up.
func (s *Store) moveDraft(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, submitted int) error {
	switch command.Move {
	case record.Submit:
		_, err := tx.NewDelete().Model((*draftRow)(nil)).Where("record = ?", current.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("retire draft: %w", err)
		}
	case record.Return, record.Withdraw:
		written, err := tx.NewSelect().Model((*draftRow)(nil)).Where("record = ?", current.ID).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for a change that is being written: %w", err)
		}
		if written {
			return nil
		}
		version, err := s.version(ctx, tx, current.ID, submitted)
		if err != nil {
			return err
		}
		return s.insertDraft(ctx, tx, draftRow{
			Record: current.ID, Subject: current.Subject, Kind: current.Kind, Account: version.Account, Base: current.InForce, Reason: version.Reason,
		}, version.Document)
	case record.Discard:
		if current.Standing != record.InForce {
			return nil
		}
		_, err := tx.NewDelete().Model((*draftRow)(nil)).Where("record = ?", current.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop discarded draft: %w", err)
		}
	default:
	}
	return nil
}

func keyChanged(before, after record.Document) bool {
	return form.KeyChanged(before.Form(time.Time{}), after.Form(time.Time{}))
}

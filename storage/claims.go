package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ClaimStatement is what a claimant says: who they are, how to reach them, and
// why the registration is not its owner's.
type ClaimStatement struct {
	Name     string `json:"name"`
	Position string `json:"position"` // at the unit, or the relation to the person
	Phone    string `json:"phone"`
	Text     string `json:"text"`
}

// NewClaim is a 占用申诉: somebody says that a stranger registered their code.
type NewClaim struct {
	ID        record.ID // nonce of the form: the same claim sent twice is one
	Type      record.SubjectType
	IDType    string // persons only
	Code      string // normalized
	Statement ClaimStatement
}

// ClaimDecision is what became of a claim; "" while it is open.
type ClaimDecision string

// The decisions.
const (
	ClaimOpen    ClaimDecision = ""
	ClaimGranted ClaimDecision = "granted"
	ClaimRefused ClaimDecision = "refused"
)

// Claim is a claim as staff and its claimant see it.
type Claim struct {
	ID        record.ID
	Number    string         // by which the claimant asks after it
	Subject   record.Subject // zero but for staff
	Statement ClaimStatement // zero but for staff
	OpenedAt  time.Time
	Decision  ClaimDecision
	Answer    string // of the staff to the claimant
	DecidedAt time.Time
	DecidedBy string // name of the staff member; "" but for staff
	// CodeExpires is until when the code that staff told the claimant sets a
	// password; zero when there is none, or it was used.
	CodeExpires time.Time
	CodeSpent   bool      // tried wrongly too often
	SettledAt   time.Time // the password was set
}

type claimRow struct {
	bun.BaseModel `bun:"table:occupancy_claims,alias:oc"`

	ID          record.ID     `bun:"id,pk"`
	Subject     record.ID     `bun:"subject"`
	Number      string        `bun:"number"`
	Sealed      []byte        `bun:"sealed"`
	OpenedAt    time.Time     `bun:"opened_at"`
	DecidedAt   time.Time     `bun:"decided_at,nullzero"`
	DecidedBy   record.ID     `bun:"decided_by,nullzero"`
	Decision    ClaimDecision `bun:"decision"`
	Answer      string        `bun:"answer"`
	Account     record.ID     `bun:"account,nullzero"`
	Code        []byte        `bun:"code"`
	CodeExpires time.Time     `bun:"code_expires_at,nullzero"`
	CodeTries   int           `bun:"code_tries"`
	SettledAt   time.Time     `bun:"settled_at,nullzero"`
}

func (r *claimRow) claim() Claim {
	c := Claim{
		ID: r.ID, Number: r.Number, OpenedAt: r.OpenedAt, Decision: r.Decision, Answer: r.Answer, DecidedAt: r.DecidedAt,
		CodeExpires: r.CodeExpires, CodeSpent: r.CodeTries >= claimTries, SettledAt: r.SettledAt,
	}
	if len(r.Code) == 0 {
		c.CodeExpires = time.Time{}
	}
	return c
}

const (
	claimPurpose = "claim"
	// claimTries bounds the wrong codes of a claim. Staff may give a new code.
	claimTries = 10
	// claimCodeAge is how long a code sets a password.
	claimCodeAge = 7 * 24 * time.Hour
)

// Types of events on claims.
const (
	eventClaimOpened   = "claim_opened"
	EventClaimGranted  = "claim_granted"
	EventClaimRefused  = "claim_refused"
	EventClaimCode     = "claim_code_renewed"
	EventClaimRevealed = "claim_revealed"
)

// OpenClaim opens a claim and returns the number by which its claimant asks
// after it. A code that is not registered is record.NotFound: there is nothing
// to claim. Whether the subject is proven, or somebody else claims it too, is
// not told.
func (s *Store) OpenClaim(ctx context.Context, n NewClaim) (string, error) {
	var number string
	err := s.inTx(ctx, "open claim", func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		err := tx.NewRaw("SELECT id FROM subjects WHERE code_index = ? AND closed_at IS NULL", s.codeIndex(n.Type, n.IDType, n.Code)).
			Scan(ctx, &subject)
		if err := missing(err, "find claimed subject"); err != nil {
			return err
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var known claimRow
		err = tx.NewSelect().Model(&known).Where("id = ?", n.ID).Where("subject = ?", subject).Scan(ctx)
		switch err := missing(err, "read claim"); {
		case err == nil:
			number = known.Number
			return nil
		case record.CodeOf(err) != record.NotFound:
			return err
		}
		number, err = s.insertClaim(ctx, tx, subject, n)
		return err
	})
	if uniqueViolation(err) != "" {
		return "", record.Errorf(record.AlreadyDone, "该页面已经提交过，请刷新后重新填写")
	}
	return number, err
}

func (s *Store) insertClaim(ctx context.Context, tx bun.Tx, subject record.ID, n NewClaim) (string, error) {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return "", err
	}
	number, err := record.NewReceipt(now, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("number claim: %w", err)
	}
	content, err := json.Marshal(n.Statement)
	if err != nil {
		return "", fmt.Errorf("encode claim: %w", err)
	}
	row := claimRow{ID: n.ID, Subject: subject, Number: number, OpenedAt: now}
	if row.Sealed, err = s.sealDocument(ctx, tx, subject, n.ID, claimPurpose, content); err != nil {
		return "", err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", fmt.Errorf("insert claim: %w", err)
	}
	return number, s.appendEvent(ctx, tx, event{
		Chain: subject, Type: eventClaimOpened, Role: record.Applicant, At: now, Data: map[string]any{"claim": string(n.ID)},
	})
}

// ClaimByNumber returns what a claimant may know of their claim: what became of
// it. The statement is not part of it.
func (s *Store) ClaimByNumber(ctx context.Context, number string) (Claim, error) {
	var row claimRow
	if err := s.db.NewSelect().Model(&row).Where("number = ?", number).Scan(ctx); err != nil {
		return Claim{}, missing(err, "read claim")
	}
	return row.claim(), nil
}

// Claims lists claims for staff, open ones first and of those the oldest, then
// the latest decided. Statements are left out.
func (s *Store) Claims(ctx context.Context, limit, offset int) ([]Claim, int, error) {
	var rows []claimRow
	total, err := s.db.NewSelect().Model(&rows).
		OrderExpr("decided_at IS NULL DESC, CASE WHEN decided_at IS NULL THEN opened_at END, decided_at DESC").
		Limit(int64(limit)).Offset(int64(offset)).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list claims: %w", err)
	}
	ids := make([]record.ID, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.Subject)
	}
	subjects, err := s.SubjectsByID(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	claims := make([]Claim, 0, len(rows))
	for i := range rows {
		c := rows[i].claim()
		c.Subject = subjects[rows[i].Subject]
		claims = append(claims, c)
	}
	return claims, int(total), nil
}

// ClaimForStaff returns a claim whole.
func (s *Store) ClaimForStaff(ctx context.Context, id record.ID) (Claim, error) {
	var row struct {
		claimRow `bun:",extend"`

		Name string `bun:"name"`
	}
	err := s.db.NewRaw(`
		SELECT oc.*, coalesce(st.name, '') AS name FROM occupancy_claims oc LEFT JOIN staff st ON st.id = oc.decided_by WHERE oc.id = ?`, id).
		Scan(ctx, &row)
	if err := missing(err, "read claim"); err != nil {
		return Claim{}, err
	}
	c := row.claim()
	c.DecidedBy = row.Name
	content, err := s.unsealDocument(ctx, s.db, row.Subject, row.ID, claimPurpose, row.Sealed)
	if err != nil {
		return Claim{}, err
	}
	if err := json.Unmarshal(content, &c.Statement); err != nil {
		return Claim{}, fmt.Errorf("decode claim: %w", err)
	}
	c.Subject, err = s.Subject(ctx, row.Subject)
	return c, err
}

// ClaimGrant is a decision for the claimant.
type ClaimGrant struct {
	Claim  record.ID
	By     record.Actor
	Answer string
	Code   []byte // SHA-256 of the code that staff tell the claimant
	// NoPassword is the hash that no password has: the account begins without.
	NoPassword string
}

// GrantClaim decides for the claimant: the subject's accounts are suspended, its
// drafts hidden, and an account begins whose password the claimant sets with the
// code. A subject that was proven meanwhile is record.Conflict: its own accounts
// decide. So is a claim that is decided already.
func (s *Store) GrantClaim(ctx context.Context, g ClaimGrant) error {
	return s.withClaim(ctx, "grant claim", g.Claim, func(ctx context.Context, tx bun.Tx, row *claimRow, now time.Time) error {
		if !row.DecidedAt.IsZero() {
			return errClaimDecided
		}
		owner, err := s.subjectByID(ctx, tx, row.Subject)
		if err != nil {
			return err
		}
		if owner.Proven || owner.Closed {
			return record.Errorf(record.Conflict, "该主体已通过证书登录或审核得到核实，不能移交给申诉人；请核对后予以驳回并说明理由")
		}
		account := accountRow{ID: NewID(), Subject: row.Subject, Password: g.NoPassword}
		if _, err := tx.NewInsert().Model(&account).Exec(ctx); err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		row.Decision, row.Answer, row.DecidedAt, row.DecidedBy = ClaimGranted, g.Answer, now, g.By.ID
		row.Account, row.Code, row.CodeExpires, row.CodeTries = account.ID, g.Code, now.Add(claimCodeAge), 0
		if err := row.update(ctx, tx); err != nil {
			return err
		}
		if err := s.claimEvent(ctx, tx, row, EventClaimGranted, g.By, now); err != nil {
			return err
		}
		return s.prove(ctx, tx, row.Subject, account.ID, g.By, EventTakenOver, now)
	})
}

var errClaimDecided = record.Errorf(record.Conflict, "该申诉已由其他工作人员办结")

// RefuseClaim decides against the claimant.
func (s *Store) RefuseClaim(ctx context.Context, by record.Actor, id record.ID, answer string) error {
	return s.withClaim(ctx, "refuse claim", id, func(ctx context.Context, tx bun.Tx, row *claimRow, now time.Time) error {
		if !row.DecidedAt.IsZero() {
			return errClaimDecided
		}
		row.Decision, row.Answer, row.DecidedAt, row.DecidedBy = ClaimRefused, answer, now, by.ID
		if err := row.update(ctx, tx); err != nil {
			return err
		}
		return s.claimEvent(ctx, tx, row, EventClaimRefused, by, now)
	})
}

// RenewClaimCode replaces the code of a granted claim whose password was not set
// yet: it was lost, came late, or was tried too often.
func (s *Store) RenewClaimCode(ctx context.Context, by record.Actor, id record.ID, code []byte) error {
	return s.withClaim(ctx, "renew code of claim", id, func(ctx context.Context, tx bun.Tx, row *claimRow, now time.Time) error {
		if row.Decision != ClaimGranted || !row.SettledAt.IsZero() {
			return record.Errorf(record.Conflict, "该申诉没有等待设置的密码")
		}
		row.Code, row.CodeExpires, row.CodeTries = code, now.Add(claimCodeAge), 0
		if err := row.update(ctx, tx); err != nil {
			return err
		}
		return s.claimEvent(ctx, tx, row, EventClaimCode, by, now)
	})
}

// SettleClaim sets the password of the account that a grant began, given as its
// hash, and uses the code up. The account is returned. A wrong code counts and
// is record.Invalid; one that came late or was tried too often is
// record.Forbidden.
func (s *Store) SettleClaim(ctx context.Context, number, code, password string) (record.ID, error) {
	var id, account record.ID
	if err := s.db.NewRaw("SELECT id FROM occupancy_claims WHERE number = ?", number).Scan(ctx, &id); err != nil {
		return "", missing(err, "read claim")
	}
	wrong := false
	err := s.withClaim(ctx, "settle claim", id, func(ctx context.Context, tx bun.Tx, row *claimRow, now time.Time) error {
		switch {
		case row.Decision != ClaimGranted || !row.SettledAt.IsZero() || len(row.Code) == 0:
			return record.Errorf(record.Conflict, "该申诉没有等待设置的密码")
		case row.CodeTries >= claimTries:
			return record.Errorf(record.Forbidden, "设置码输错次数过多，已失效，请联系工作人员重新获取")
		case now.After(row.CodeExpires):
			return record.Errorf(record.Forbidden, "设置码已过期，请联系工作人员重新获取")
		}
		if sum := sha256.Sum256([]byte(code)); subtle.ConstantTimeCompare(sum[:], row.Code) != 1 {
			row.CodeTries++
			wrong = true // committed: the refusal must not take the count back
			return row.update(ctx, tx)
		}
		_, err := tx.NewRaw("UPDATE accounts SET password = ?, password_changed_at = ? WHERE id = ?", password, now, row.Account).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write password: %w", err)
		}
		row.Code, row.SettledAt = nil, now
		if err := row.update(ctx, tx); err != nil {
			return err
		}
		account = row.Account
		return s.appendEvent(ctx, tx, event{
			Chain: row.Subject, Type: EventPasswordChanged, Role: record.Applicant, Actor: row.Account, At: now,
			Data: map[string]any{"account": string(row.Account), "claim": string(row.ID)},
		})
	})
	if err == nil && wrong {
		err = record.Errorf(record.Invalid, "设置码不正确，请核对后重新输入")
	}
	return account, err
}

// withClaim runs a change of a claim under the lock of its subject's chain.
func (s *Store) withClaim(
	ctx context.Context, operation string, id record.ID, change func(ctx context.Context, tx bun.Tx, row *claimRow, now time.Time) error,
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		if err := tx.NewRaw("SELECT subject FROM occupancy_claims WHERE id = ?", id).Scan(ctx, &subject); err != nil {
			return missing(err, "read claim")
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var row claimRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).For("UPDATE").Scan(ctx); err != nil {
			return missing(err, "lock claim")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		return change(ctx, tx, &row, now)
	})
}

func (r *claimRow) update(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewUpdate().Model(r).
		Column("decided_at", "decided_by", "decision", "answer", "account", "code", "code_expires_at", "code_tries", "settled_at").
		WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("write claim: %w", err)
	}
	return nil
}

func (s *Store) claimEvent(ctx context.Context, tx bun.Tx, row *claimRow, kind string, by record.Actor, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: kind, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"claim": string(row.ID)},
	})
}

package storage

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// Certificate is a CA certificate that is bound to a subject.
type Certificate struct {
	ID          record.ID
	Subject     record.ID
	IssuerKey   string // SHA-256 of the issuing certificate, lower-case hex
	Issuer      string // distinguished name
	Serial      string // upper-case hex
	SHA256      string // fingerprints, lower-case hex
	SM3         string
	Algorithm   string
	Use         string // signing or encryption
	Kind        record.CertificateKind
	DER         []byte // only where one certificate is asked for
	NotBefore   time.Time
	NotAfter    time.Time
	Application record.ID // from which it came, "" for a first login
	BoundAt     time.Time
	BoundBy     string // callback or first_login
	LastLoginAt time.Time
	SuspendedAt time.Time
	RevokedAt   time.Time
	Revocation  string // reason
	UnboundAt   time.Time
}

// Uses of a certificate, and how it came to be bound.
const (
	UseSigning    = "signing"
	UseEncryption = "encryption"

	BoundByCallback   = "callback"
	BoundByFirstLogin = "first_login"
)

// State is the certificate's state at an instant.
func (c Certificate) State(now time.Time) record.CertificateState { return c.facts().StateAt(now) }

func (c Certificate) facts() record.CertificateFacts {
	return record.CertificateFacts{
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, SuspendedAt: c.SuspendedAt, RevokedAt: c.RevokedAt, UnboundAt: c.UnboundAt,
	}
}

type certificateRow struct {
	bun.BaseModel `bun:"table:certificates,alias:ct"`

	ID          record.ID              `bun:"id,pk"`
	Subject     record.ID              `bun:"subject"`
	IssuerKey   string                 `bun:"issuer_key"`
	Issuer      string                 `bun:"issuer"`
	Serial      string                 `bun:"serial"`
	SHA256      string                 `bun:"sha256"`
	SM3         string                 `bun:"sm3"`
	Algorithm   string                 `bun:"algorithm"`
	Use         string                 `bun:"use"`
	Kind        record.CertificateKind `bun:"kind"`
	Sealed      []byte                 `bun:"sealed"`
	NotBefore   time.Time              `bun:"not_before"`
	NotAfter    time.Time              `bun:"not_after"`
	Application record.ID              `bun:"application,nullzero"`
	BoundAt     time.Time              `bun:"bound_at"`
	BoundBy     string                 `bun:"bound_by"`
	LastLoginAt time.Time              `bun:"last_login_at,nullzero"`
	SuspendedAt time.Time              `bun:"suspended_at,nullzero"`
	RevokedAt   time.Time              `bun:"revoked_at,nullzero"`
	Revocation  string                 `bun:"revocation"`
	UnboundAt   time.Time              `bun:"unbound_at,nullzero"`
}

func (r *certificateRow) certificate() Certificate {
	return Certificate{
		ID: r.ID, Subject: r.Subject, IssuerKey: r.IssuerKey, Issuer: r.Issuer, Serial: r.Serial, SHA256: r.SHA256, SM3: r.SM3,
		Algorithm: r.Algorithm, Use: r.Use, Kind: r.Kind, NotBefore: r.NotBefore.UTC(), NotAfter: r.NotAfter.UTC(), Application: r.Application,
		BoundAt: r.BoundAt, BoundBy: r.BoundBy, LastLoginAt: r.LastLoginAt, SuspendedAt: r.SuspendedAt, RevokedAt: r.RevokedAt,
		Revocation: r.Revocation, UnboundAt: r.UnboundAt,
	}
}

const certificatePurpose = "certificate"

// Certificates lists the certificates bound to a subject, latest first.
func (s *Store) Certificates(ctx context.Context, subject record.ID) ([]Certificate, error) {
	var rows []certificateRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Order("bound_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list certificates: %w", err)
	}
	all := make([]Certificate, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].certificate())
	}
	return all, nil
}

// Certificate returns one of the subject's certificates, with its bytes.
func (s *Store) Certificate(ctx context.Context, subject, id record.ID) (Certificate, error) {
	var row certificateRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Scan(ctx); err != nil {
		return Certificate{}, missing(err, "read certificate")
	}
	c := row.certificate()
	var err error
	c.DER, err = s.unsealDocument(ctx, s.db, subject, row.ID, certificatePurpose, row.Sealed)
	return c, err
}

// The refusals of a certificate that is genuine and yet does not count here.
var (
	errOtherSubject  = record.Errorf(record.Forbidden, "该证书属于其他主体，不能在此使用")
	errUnbound       = record.Errorf(record.Forbidden, "该证书已与本主体解除绑定，请使用账号登录")
	errRevokedHere   = record.Errorf(record.Forbidden, certificate.IsRevoked.Explain())
	errSuspendedHere = record.Errorf(record.Forbidden, certificate.IsSuspended.Explain())
)

// binding is what binds a certificate to a subject.
type binding struct {
	Subject     record.ID
	Certificate *certificate.Certificate
	Verified    certificate.Verified
	Use         string
	Kind        record.CertificateKind
	Application record.ID
	BoundBy     string
	At          time.Time
}

// bindCertificate binds a certificate to the subject whose code it carries, and
// to no other; the chain of the subject is locked. One that is bound to it
// already stays as it is.
func (s *Store) bindCertificate(ctx context.Context, tx bun.Tx, b binding) (record.ID, error) {
	owner, err := s.subjectByID(ctx, tx, b.Subject)
	if err != nil {
		return "", err
	}
	if record.NormalizeCode(b.Verified.Code) != record.NormalizeCode(owner.Code) {
		return "", errOtherSubject
	}
	known, err := certificateOf(ctx, tx, b.Verified.Issuer.Key, b.Certificate.Serial())
	switch {
	case err == nil && known.Subject != b.Subject:
		return s.rebind(ctx, tx, known, b)
	case err == nil:
		return known.ID, nil
	case record.CodeOf(err) != record.NotFound:
		return "", err
	}
	row := certificateRow{
		ID: NewID(), Subject: b.Subject, IssuerKey: b.Verified.Issuer.Key, Issuer: b.Certificate.Issuer(), Serial: b.Certificate.Serial(),
		SHA256: b.Certificate.SHA256(), SM3: b.Certificate.SM3(), Algorithm: string(b.Certificate.Algorithm()), Use: b.Use, Kind: b.Kind,
		NotBefore: b.Certificate.NotBefore(), NotAfter: b.Certificate.NotAfter(), Application: b.Application, BoundAt: b.At, BoundBy: b.BoundBy,
	}
	if row.Sealed, err = s.sealDocument(ctx, tx, b.Subject, row.ID, certificatePurpose, b.Certificate.Raw()); err != nil {
		return "", err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", fmt.Errorf("insert certificate: %w", err)
	}
	return row.ID, s.boundEvent(ctx, tx, &row)
}

// rebind gives a certificate whose subject was closed to the subject that has
// the code now. From a subject that is open nothing is taken.
func (s *Store) rebind(ctx context.Context, tx bun.Tx, known *certificateRow, b binding) (record.ID, error) {
	var closed bool
	if err := tx.NewRaw("SELECT closed_at IS NOT NULL FROM subjects WHERE id = ?", known.Subject).Scan(ctx, &closed); err != nil {
		return "", missing(err, "read who had the certificate")
	}
	if !closed {
		return "", errOtherSubject
	}
	var err error
	known.Subject, known.Application, known.BoundAt, known.BoundBy = b.Subject, b.Application, b.At, b.BoundBy
	known.LastLoginAt = time.Time{}
	if known.Sealed, err = s.sealDocument(ctx, tx, b.Subject, known.ID, certificatePurpose, b.Certificate.Raw()); err != nil {
		return "", err
	}
	_, err = tx.NewUpdate().Model(known).Column("subject", "application", "bound_at", "bound_by", "last_login_at", "sealed").WherePK().Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("rebind certificate: %w", err)
	}
	return known.ID, s.boundEvent(ctx, tx, known)
}

func (s *Store) boundEvent(ctx context.Context, tx bun.Tx, row *certificateRow) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: EventCertificateBound, Record: row.Application, Role: record.Clock, At: row.BoundAt,
		Data: map[string]any{"certificate": string(row.ID), "sha256": row.SHA256, "use": row.Use, "by": row.BoundBy},
	})
}

func certificateOf(ctx context.Context, db bun.IDB, issuerKey, serial string) (*certificateRow, error) {
	var row certificateRow
	err := db.NewSelect().Model(&row).Where("issuer_key = ?", issuerKey).Where("serial = ?", serial).Scan(ctx)
	return &row, missing(err, "read certificate")
}

// CertificateLogin is a login whose signature was verified.
type CertificateLogin struct {
	Certificate *certificate.Certificate
	Verified    certificate.Verified
	// NoPassword is the hash that no password has, for an account that begins with
	// this login.
	NoPassword string
	// Holds is the account that is logged in by password in the same browser, ""
	// for none: who holds both keeps it.
	Holds record.ID
}

// CertificateGrant is what a login by certificate gives.
type CertificateGrant struct {
	Account   record.ID
	Bound     bool // with this login
	TakenOver bool // from whoever typed the code first
}

// LoginByCertificate finds the account of the subject whose code the certificate
// carries, binds the certificate at its first login and takes over a subject
// that was not proven. A code that is not registered is record.NotFound.
func (s *Store) LoginByCertificate(ctx context.Context, login CertificateLogin) (CertificateGrant, error) {
	var grant CertificateGrant
	owner, err := s.openSubjectOf(ctx, s.db, record.NormalizeCode(login.Verified.Code))
	if err != nil {
		return grant, err
	}
	err = s.inTx(ctx, "log in by certificate", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, owner.ID); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		known, err := certificateOf(ctx, tx, login.Verified.Issuer.Key, login.Certificate.Serial())
		if err != nil && record.CodeOf(err) != record.NotFound {
			return err
		}
		grant.Bound = err != nil || known.Subject != owner.ID
		unbound := err != nil
		bound, err := s.bindCertificate(ctx, tx, binding{
			Subject: owner.ID, Certificate: login.Certificate, Verified: login.Verified, Use: UseSigning, Kind: certificateKind(owner.Type),
			BoundBy: BoundByFirstLogin, At: now,
		})
		if err != nil {
			return err
		}
		if !unbound {
			if err := refuseUnusable(known.certificate(), now); err != nil {
				return err
			}
		}
		if grant.Account, grant.TakenOver, err = s.accountForCertificate(ctx, tx, owner.ID, known, login, now); err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE certificates SET last_login_at = ? WHERE id = ?", now, bound).Exec(ctx); err != nil {
			return fmt.Errorf("note login: %w", err)
		}
		return nil
	})
	return grant, err
}

func certificateKind(t record.SubjectType) record.CertificateKind {
	if t == record.Person {
		return record.PersonCertificate
	}
	return record.OrganizationCertificate
}

// refuseUnusable tells why a bound certificate does not log in.
func refuseUnusable(c Certificate, now time.Time) error {
	switch c.State(now) {
	case record.CertificateRevoked:
		return errRevokedHere
	case record.CertificateSuspended:
		return errSuspendedHere
	case record.CertificateUnbound:
		return errUnbound
	case record.CertificateExpired:
		return record.Errorf(record.Forbidden, certificate.Expired.Explain())
	case record.CertificateNotYet:
		return record.Errorf(record.Forbidden, certificate.NotYetValid.Explain())
	case record.CertificateValid, record.CertificateExpiring:
	}
	return nil
}

// accountForCertificate chooses the account that a certificate logs in to.
//
// Of a proven subject that is the one that the browser holds, or the oldest
// administrator that is enabled, or the oldest of the others. An unproven subject is
// taken over: the account that is known to be the key's holder stays (the one
// that the browser holds, or the one that applied for this very certificate);
// where there is none a new account without a password begins. All others are
// suspended, and drafts of strangers are not shown.
func (s *Store) accountForCertificate(
	ctx context.Context, tx bun.Tx, subject record.ID, known *certificateRow, login CertificateLogin, now time.Time,
) (account record.ID, takenOver bool, err error) {
	owner, err := s.subjectByID(ctx, tx, subject)
	if err != nil {
		return "", false, err
	}
	application := record.ID("")
	if known != nil {
		application = known.Application
	}
	err = tx.NewRaw(`
		SELECT a.id FROM accounts a
		WHERE a.subject = ?0 AND a.disabled_at IS NULL
		  AND (?3 OR a.id = ?1 OR EXISTS (SELECT 1 FROM ca_applications c WHERE c.id = ?2 AND c.account = a.id))
		ORDER BY a.id IS NOT DISTINCT FROM ?1 DESC, a.role <> 'administrator', a.id LIMIT 1`,
		subject, nullID(login.Holds), nullID(application), owner.Proven).Scan(ctx, &account)
	if err := missing(err, "choose account"); err != nil && record.CodeOf(err) != record.NotFound {
		return "", false, err
	}
	if owner.Proven {
		if account == "" {
			return "", false, record.Errorf(record.Forbidden, "账号已停用，如有疑问请联系服务热线")
		}
		return account, false, nil
	}
	if takenOver = account == ""; takenOver {
		row := accountRow{ID: NewID(), Subject: subject, Password: login.NoPassword}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return "", false, fmt.Errorf("insert account: %w", err)
		}
		account = row.ID
	}
	how := EventProven
	if takenOver {
		how = EventTakenOver
	}
	return account, takenOver, s.prove(ctx, tx, subject, account, record.Actor{Role: record.Applicant, ID: account}, how, now)
}

// How a subject came to be proven before anything of it was approved: its own
// account showed the key, or somebody else's was put aside.
const (
	EventProven = "proven"
	// EventTakenOver is written by staff, too.
	EventTakenOver = "taken_over"
)

// prove marks a subject as proven for an account, which is its administrator's from
// then on: the others are suspended, their sessions, invitations and requests to
// join end, and their drafts are not shown. The chain is locked.
func (s *Store) prove(ctx context.Context, tx bun.Tx, subject, account record.ID, by record.Actor, how string, now time.Time) error {
	if err := suspendAccounts(ctx, tx, subject, account, now); err != nil {
		return err
	}
	_, err := tx.NewRaw("UPDATE accounts SET role = ?0 WHERE id = ?1 AND role <> ?0", record.Administrator, account).Exec(ctx)
	if err != nil {
		return fmt.Errorf("make the holder an administrator: %w", err)
	}
	var hidden []record.ID
	err = tx.NewRaw("UPDATE drafts SET hidden_at = ? WHERE subject = ? AND account <> ? AND hidden_at IS NULL RETURNING record", now, subject, account).
		Scan(ctx, &hidden)
	if err != nil {
		return fmt.Errorf("hide drafts: %w", err)
	}
	for _, id := range hidden {
		if err := s.relist(ctx, tx, id); err != nil {
			return err
		}
	}
	_, err = tx.NewRaw("UPDATE imports SET hidden_at = ? WHERE subject = ? AND account <> ? AND hidden_at IS NULL", now, subject, account).Exec(ctx)
	if err != nil {
		return fmt.Errorf("hide imports: %w", err)
	}
	if _, err := tx.NewRaw("UPDATE subjects SET proven_at = ? WHERE id = ?", now, subject).Exec(ctx); err != nil {
		return fmt.Errorf("mark subject as proven: %w", err)
	}
	return s.appendEvent(ctx, tx, event{Chain: subject, Type: how, Role: by.Role, Actor: by.ID, At: now})
}

// What an issuer says of a certificate.
const (
	WordRevoked   = "revoked"
	WordSuspended = "suspended"
	WordResumed   = "resumed"
)

// markRevoked writes what the issuer said of a certificate, once, and ends the
// sessions that it carries. A certificate that is not bound here is no error.
func (s *Store) markRevoked(ctx context.Context, tx bun.Tx, issuerKey, serial, word string, at time.Time, reason string) error {
	known, err := certificateOf(ctx, tx, issuerKey, serial)
	if record.CodeOf(err) == record.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := lockChain(ctx, tx, known.Subject); err != nil {
		return err
	}
	if err := tx.NewSelect().Model(known).WherePK().For("UPDATE").Scan(ctx); err != nil {
		return fmt.Errorf("lock certificate: %w", err)
	}
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	switch {
	case !known.RevokedAt.IsZero(), word == WordSuspended && !known.SuspendedAt.IsZero(), word == WordResumed && known.SuspendedAt.IsZero():
		return nil // said before
	case word == WordRevoked:
		known.RevokedAt, known.Revocation = at, reason
	case word == WordSuspended:
		known.SuspendedAt, known.Revocation = at, reason
	case word == WordResumed:
		known.SuspendedAt, known.Revocation = time.Time{}, ""
	default:
		return fmt.Errorf("unknown word of an issuer: %q", word)
	}
	if _, err := tx.NewUpdate().Model(known).Column("revoked_at", "suspended_at", "revocation").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("write word of the issuer: %w", err)
	}
	if err := writeSpan(ctx, tx, known.ID, word, at); err != nil {
		return err
	}
	ended := 0
	if word != WordResumed {
		if ended, err = endSessions(ctx, tx, "certificate", record.ID(known.SHA256), ""); err != nil {
			return err
		}
	}
	err = s.appendEvent(ctx, tx, event{
		Chain: known.Subject, Type: certificateEvents + word, Role: record.Clock, At: now,
		Data: map[string]any{"certificate": string(known.ID), "sessions_ended": ended, "since": at.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	return s.Notify(ctx, tx, Notification{
		Subject: known.Subject, Topic: "certificate_" + word, Dedup: fmt.Sprintf("certificate_%s/%s/%d", word, known.ID, at.Unix()),
	})
}

// writeSpan keeps from when to when a certificate was not good, so that
// eligibility at a past instant can be told.
func writeSpan(ctx context.Context, tx bun.Tx, id record.ID, word string, at time.Time) error {
	var err error
	if word == WordResumed {
		_, err = tx.NewRaw("UPDATE certificate_spans SET until = greatest(since, ?) WHERE certificate = ? AND cause = ? AND until IS NULL",
			at, id, WordSuspended).Exec(ctx)
	} else {
		_, err = tx.NewRaw("INSERT INTO certificate_spans (certificate, since, cause) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, at, word).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("write span of certificate: %w", err)
	}
	return nil
}

// NewNonce draws 256 random bits as text for a statement.
func NewNonce() string { return rand.Text() + rand.Text() }

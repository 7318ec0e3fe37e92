package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// validSoon is how far ahead an issued certificate may begin: it is bound at
// once and counts from then on.
const validSoon = 31 * 24 * time.Hour

// issued is a certificate of the CA company that trust verified.
type issued struct {
	use         string
	certificate *certificate.Certificate
	verified    certificate.Verified
}

// bindIssued binds all that was issued on an application, or nothing of it: then
// the application ends as issued, and staff are told.
func (s *Store) bindIssued(
	ctx context.Context, tx bun.Tx, row *applicationRow, given []record.IssuedCertificate, trust *certificate.Trust, now time.Time,
) error {
	certificates, why := verifyIssued(given, trust, now)
	if why == "" {
		err := tx.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, savepoint bun.Tx) error {
			for _, c := range certificates {
				_, err := s.bindCertificate(ctx, savepoint, binding{
					Subject: row.Subject, Certificate: c.certificate, Verified: c.verified, Use: c.use, Kind: row.Kind, Application: row.ID,
					BoundBy: BoundByCallback, At: now,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		switch {
		case record.CodeOf(err) != "":
			why = otherSubject
		case err != nil:
			return fmt.Errorf("bind issued certificates: %w", err)
		default:
			return s.step(ctx, tx, row, step{to: record.ApplicationBound, at: now})
		}
	}
	row.Failure, row.ClosedAt = failureCertificate+why, now
	if err := s.escalate(ctx, tx, row, eventCAUnbound, why, now); err != nil {
		return err
	}
	return s.Notify(ctx, tx, Notification{
		Subject: row.Subject, Topic: TopicCAUnbound, Record: row.ID, Dedup: TopicCAUnbound + "/" + string(row.ID),
	})
}

// verifyIssued verifies every certificate, and that one of them signs; why it
// cannot is named otherwise.
func verifyIssued(given []record.IssuedCertificate, trust *certificate.Trust, now time.Time) (certificates []issued, why string) {
	if trust == nil {
		return nil, string(certificate.UnknownIssuer)
	}
	signs := false
	for _, g := range given {
		c, intermediates, err := certificate.ParsePEM([]byte(g.PEM))
		if err != nil {
			return nil, refusalName(err)
		}
		at := now
		if begins := c.NotBefore(); begins.After(now) && begins.Before(now.Add(validSoon)) {
			at = begins
		}
		verify := trust.VerifyBinding
		if g.Use == record.UseSigning {
			verify, signs = trust.Verify, true
		}
		verified, err := verify(c, intermediates, at)
		if err != nil {
			return nil, refusalName(err)
		}
		certificates = append(certificates, issued{g.Use, c, verified})
	}
	if !signs {
		return nil, string(certificate.Usage)
	}
	return certificates, ""
}

func refusalName(err error) string {
	if refusal, ok := certificate.RefusalOf(err); ok {
		return string(refusal)
	}
	return string(certificate.Malformed)
}

package storage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// challengeLife is how long a key may take to answer.
const challengeLife = 2 * time.Minute

// errChallenge answers a challenge that is unknown, late, used, or another
// browser's: which of these is nobody's business.
var errChallenge = record.Errorf(record.Forbidden, "本次认证已失效，请重新操作")

// IssueChallenge keeps a nonce that a key is to sign for a browser, which is
// named by the hash that binds the statement to it. It returns the instant that
// stands in the statement, in whole seconds. The same browser may ask again
// under the same nonce: a submit is signed anew after it was sent back.
func (s *Store) IssueChallenge(ctx context.Context, nonce string, browser []byte) (time.Time, error) {
	sum := sha256.Sum256([]byte(nonce))
	var issued time.Time
	err := s.db.NewRaw(`
		INSERT INTO challenges (nonce, browser, issued_at, expires_at)
		SELECT ?, ?, date_trunc('second', t), t + ? * interval '1 microsecond' FROM clock_timestamp() AS t
		ON CONFLICT (nonce) DO UPDATE SET issued_at = excluded.issued_at, expires_at = excluded.expires_at, used_at = NULL
		WHERE challenges.browser = excluded.browser
		RETURNING issued_at`, sum[:], browser, challengeLife.Microseconds()).Scan(ctx, &issued)
	if err := missing(err, "issue challenge"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return time.Time{}, errChallenge
		}
		return time.Time{}, err
	}
	return issued.UTC(), nil
}

// UseChallenge uses a nonce up, whatever comes of the answer that bears it, and
// returns the instant at which it was issued. Of any number of simultaneous
// uses one wins; the others get a record.Forbidden error, as do late ones and
// other browsers.
func (s *Store) UseChallenge(ctx context.Context, nonce string, browser []byte) (time.Time, error) {
	sum := sha256.Sum256([]byte(nonce))
	var issued time.Time
	err := s.db.NewRaw(`
		UPDATE challenges SET used_at = clock_timestamp()
		WHERE nonce = ? AND browser = ? AND used_at IS NULL AND expires_at > clock_timestamp()
		RETURNING issued_at`, sum[:], browser).Scan(ctx, &issued)
	if err := missing(err, "use challenge"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			return time.Time{}, errChallenge
		}
		return time.Time{}, err
	}
	return issued.UTC(), nil
}

// SweepChallenges deletes what expired and returns how many there were.
func (s *Store) SweepChallenges(ctx context.Context) (int, error) {
	result, err := s.db.NewRaw("DELETE FROM challenges WHERE expires_at < clock_timestamp() - interval '1 hour'").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep challenges: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sweep challenges: %w", err)
	}
	return int(n), nil
}

// openSubjectOf finds the open subject of a code, of whatever type it is.
func (s *Store) openSubjectOf(ctx context.Context, db bun.IDB, code string) (record.Subject, error) {
	rows, err := s.subjectsByCode(ctx, code)
	if err != nil {
		return record.Subject{}, err
	}
	if len(rows) == 0 {
		return record.Subject{}, errNotFound
	}
	return s.subject(ctx, db, &rows[0])
}

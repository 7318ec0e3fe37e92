package storage

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"unireg/record"
	"unireg/record/form"
)

// Hit counts one attempt on a key and tells whether it is within limit attempts
// in any span of window. Windows are fixed and the previous one counts for the
// part of it that lies within the span. An attempt that is refused counts, but
// hammering does not lengthen the wait beyond the next window. retryAfter is
// how long to wait when it is refused. Keys are kept as a keyed hash: names,
// numbers and addresses may be part of them.
func (s *Store) Hit(ctx context.Context, key string, window time.Duration, limit int) (allowed bool, retryAfter time.Duration, err error) {
	var hits, previous int
	var elapsed float64
	seconds := window.Seconds()
	err = s.db.NewRaw(`
		WITH clock AS (SELECT extract(epoch FROM clock_timestamp())::float8 AS at),
		slot AS (SELECT at, floor(at / ?1) * ?1 AS began FROM clock),
		hit AS (
			INSERT INTO throttles AS t (key, started, hits) SELECT ?0, to_timestamp(began), 1 FROM slot
			ON CONFLICT (key, started) DO UPDATE SET hits = least(t.hits + 1, ?2 + 1)
			RETURNING hits)
		SELECT hit.hits, coalesce(p.hits, 0), slot.at - slot.began
		FROM hit, slot LEFT JOIN throttles p ON p.key = ?0 AND p.started = to_timestamp(slot.began - ?1)`,
		s.throttleKey(key), seconds, limit).Scan(ctx, &hits, &previous, &elapsed)
	if err != nil {
		return false, 0, fmt.Errorf("count attempt: %w", err)
	}
	allowed, retryAfter = judge(hits, previous, limit, elapsed, seconds)
	return allowed, retryAfter, nil
}

// judge applies the sliding window: hits in the present one, of which elapsed
// of its seconds have passed, and in the previous one.
func judge(hits, previous, limit int, elapsed, seconds float64) (bool, time.Duration) {
	if float64(hits)+float64(previous)*(1-elapsed/seconds) <= float64(limit) {
		return true, 0
	}
	var wait float64
	if hits < limit {
		// The previous window has to slide out far enough for one more.
		wait = seconds*(1-float64(limit-hits-1)/float64(previous)) - elapsed
	} else {
		wait = seconds - elapsed + seconds*(1-float64(limit-1)/float64(hits))
	}
	return false, max(time.Duration(wait*float64(time.Second)), time.Second)
}

// Forget takes back what was counted on a key.
func (s *Store) Forget(ctx context.Context, key string) error {
	if _, err := s.db.NewRaw("DELETE FROM throttles WHERE key = ?", s.throttleKey(key)).Exec(ctx); err != nil {
		return fmt.Errorf("forget attempts: %w", err)
	}
	return nil
}

func (s *Store) throttleKey(key string) string {
	return hex.EncodeToString(s.keys.blind("throttle", key))
}

// UseToken uses up a one-time token, such as a proof of work. It answers false
// when the token was used before, however many try it at the same time.
func (s *Store) UseToken(ctx context.Context, token []byte, expires time.Time) (bool, error) {
	result, err := s.db.NewRaw("INSERT INTO used_tokens (token, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING", token, expires).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("use token: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("use token: %w", err)
	}
	return n == 1, nil
}

// keepThrottles is longer than two of the longest windows.
const keepThrottles = 48 * time.Hour

// SweepThrottles deletes counters and used tokens that no longer matter.
func (s *Store) SweepThrottles(ctx context.Context) error {
	_, err := s.db.NewRaw("DELETE FROM throttles WHERE started < clock_timestamp() - ? * interval '1 microsecond'",
		keepThrottles.Microseconds()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("sweep throttles: %w", err)
	}
	// An hour of grace, for portals whose clocks are not this database's.
	_, err = s.db.NewRaw("DELETE FROM used_tokens WHERE expires_at < clock_timestamp() - interval '1 hour'").Exec(ctx)
	if err != nil {
		return fmt.Errorf("sweep used tokens: %w", err)
	}
	return nil
}

// LoginAttempt is a password that somebody tries.
type LoginAttempt struct {
	Realm   string // "account" or "staff": their logins are apart
	Login   string // as typed
	Address string // IP address of the browser
	// Device names a browser from which this login succeeded before (the result
	// of access.CheckDevice), "" for any other.
	Device string
	// Proven tells that a proof of work came along.
	Proven bool
}

// LoginVerdict says whether an attempt may be made.
type LoginVerdict struct {
	Allowed bool
	// NeedProof asks for a proof of work; with it the attempt is allowed.
	NeedProof bool
	// RetryAfter is how long to wait when no proof helps.
	RetryAfter time.Duration
}

// The limits of attempts. A browser that logged in before has counters of its
// own, so that no stranger, even at the same address, locks it out; and who
// comes from a new place while the account is under attack is asked for a proof
// of work instead of being turned away.
const (
	loginWindow  = 15 * time.Minute
	loginDevice  = 20  // from a known browser
	loginPair    = 10  // of one login from one address
	loginAddress = 100 // of any login from one address: an office behind one gateway
	loginFree    = 20  // of one login from anywhere, without proof
	loginProven  = 30  // of one login from one address, with proofs
)

// TryLogin counts an attempt before the password is looked at, so that attempts
// at the same time are all counted. Known and unknown logins are treated alike.
func (s *Store) TryLogin(ctx context.Context, a LoginAttempt) (LoginVerdict, error) {
	keys := a.keys()
	if a.Device != "" {
		return s.within(ctx, keys.device, loginDevice)
	}
	verdict, err := s.within(ctx, keys.address, loginAddress)
	if err != nil || !verdict.Allowed {
		return verdict, err
	}
	if a.Proven {
		return s.within(ctx, keys.proven, loginProven)
	}
	pair, err := s.within(ctx, keys.pair, loginPair)
	if err != nil {
		return LoginVerdict{}, err
	}
	everywhere, err := s.within(ctx, keys.login, loginFree)
	if err != nil {
		return LoginVerdict{}, err
	}
	if !pair.Allowed || !everywhere.Allowed {
		return LoginVerdict{NeedProof: true}, nil
	}
	return LoginVerdict{Allowed: true}, nil
}

func (s *Store) within(ctx context.Context, key string, limit int) (LoginVerdict, error) {
	allowed, after, err := s.Hit(ctx, key, loginWindow, limit)
	return LoginVerdict{Allowed: allowed, RetryAfter: after}, err
}

// LoggedIn forgets the failures of whoever logged in. The counters of the
// address and of the login as a whole stay: they belong to others too.
func (s *Store) LoggedIn(ctx context.Context, a LoginAttempt) error {
	keys := a.keys()
	for _, key := range []string{keys.device, keys.pair, keys.proven} {
		if key == "" {
			continue
		}
		if err := s.Forget(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

type loginKeys struct{ device, pair, proven, address, login string }

func (a LoginAttempt) keys() loginKeys {
	address := Network(a.Address)
	login := a.Realm + "/" + record.NormalizeCode(form.Clean(a.Login))
	k := loginKeys{
		pair: "login-pair/" + address + "/" + login, proven: "login-proven/" + address + "/" + login,
		address: "login-address/" + address, login: "login/" + login,
	}
	if a.Device != "" {
		k.device = "login-device/" + a.Device
	}
	return k
}

// Network is the part of an address by which attempts are counted: an IPv4
// address, or the /64 of an IPv6 address, which one customer has as a whole.
func Network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	parsed = parsed.Unmap().WithZone("")
	if parsed.Is4() {
		return parsed.String()
	}
	prefix, err := parsed.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

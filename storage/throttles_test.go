package storage_test

import (
	"crypto/sha256"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/storage"
	"unireg/storage/storagetest"
)

// day is a window that does not end within a test.
const day = 24 * time.Hour

func TestHitsAreCountedAndBounded(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	key := string(storage.NewID())
	var allowed atomic.Int64
	var race sync.WaitGroup
	for range 40 {
		race.Go(func() {
			ok, after, err := s.Hit(ctx, key, day, 10)
			require.NoError(t, err)
			if ok {
				allowed.Add(1)
			} else {
				require.Positive(t, after)
				require.LessOrEqual(t, after, 2*day)
			}
		})
	}
	race.Wait()
	require.EqualValues(t, 10, allowed.Load(), "of forty at the same time")
	ok, _, err := s.Hit(ctx, key+"x", day, 10)
	require.NoError(t, err)
	require.True(t, ok, "another key")
	require.NoError(t, s.Forget(ctx, key))
	ok, _, err = s.Hit(ctx, key, day, 10)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestPreviousWindowCountsForItsPart(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	ctx := t.Context()
	key := string(storage.NewID())
	for range 10 {
		_, _, err := s.Hit(ctx, key, day, 10)
		require.NoError(t, err)
	}
	// What happened in this window becomes what happened in the one before.
	_, err := app.NewRaw("UPDATE throttles SET started = started - interval '1 day' WHERE started > now() - interval '1 day' AND hits = 10").Exec(ctx)
	require.NoError(t, err)
	var passed float64
	require.NoError(t, app.NewRaw("SELECT (extract(epoch FROM now())::bigint % 86400) / 86400.0").Scan(ctx, &passed))
	free := int(10 * passed)
	for range free - 1 {
		ok, _, err := s.Hit(ctx, key, day, 10)
		require.NoError(t, err)
		require.True(t, ok)
	}
	var refused bool
	for range 3 {
		ok, after, err := s.Hit(ctx, key, day, 10)
		require.NoError(t, err)
		refused = refused || !ok
		require.Less(t, after, 2*day)
	}
	require.True(t, refused, "the limit holds across the border of windows")
}

func TestW31ThrottleKeysHoldNoPersonalData(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	_, _, err := s.Hit(t.Context(), "登录/430104198512031234/203.0.113.7", day, 10)
	require.NoError(t, err)
	var keys []string
	require.NoError(t, app.NewRaw("SELECT key FROM throttles").Scan(t.Context(), &keys))
	require.NotEmpty(t, keys)
	for _, key := range keys {
		require.Regexp(t, "^[0-9a-f]{64}$", key)
	}
}

func TestW6ProofServesOnce(t *testing.T) {
	s := storagetest.Open(t)
	token := sha256.Sum256([]byte(storage.NewID()))
	var fresh atomic.Int64
	var race sync.WaitGroup
	for range 30 {
		race.Go(func() {
			ok, err := s.UseToken(t.Context(), token[:], time.Now().Add(time.Minute))
			require.NoError(t, err)
			if ok {
				fresh.Add(1)
			}
		})
	}
	race.Wait()
	require.EqualValues(t, 1, fresh.Load())
}

func TestSweepDropsWhatNoLongerMatters(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	ctx := t.Context()
	old, live := tokenOf(string(storage.NewID())), tokenOf(string(storage.NewID()))
	for token, expires := range map[string]time.Duration{string(old): -2 * time.Hour, string(live): -time.Minute} {
		_, err := s.UseToken(ctx, []byte(token), time.Now().Add(expires))
		require.NoError(t, err)
	}
	_, err := app.NewRaw("INSERT INTO throttles VALUES ('old', now() - interval '3 days', 1)").Exec(ctx)
	require.NoError(t, err)
	require.NoError(t, s.SweepThrottles(ctx))
	fresh, err := s.UseToken(ctx, live, time.Now())
	require.NoError(t, err)
	require.False(t, fresh)
	fresh, err = s.UseToken(ctx, old, time.Now())
	require.NoError(t, err)
	require.True(t, fresh)
	n, err := app.NewSelect().Table("throttles").Where("key = 'old'").Count(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

func try(t *testing.T, s *storage.Store, a storage.LoginAttempt) storage.LoginVerdict {
	t.Helper()
	a.Realm = "account"
	v, err := s.TryLogin(t.Context(), a)
	require.NoError(t, err)
	return v
}

func TestW4GuessingIsBoundedAndTheVictimIsNeverLockedOut(t *testing.T) {
	s := storagetest.Open(t)
	victim := "受害单位" + string(storage.NewID())
	device := string(storage.NewID())
	ip := func(n int) string { return "198.51." + strconv.Itoa(n/250) + "." + strconv.Itoa(1+n%250) }

	free := 0
	for range 40 {
		if try(t, s, storage.LoginAttempt{Login: victim, Address: ip(1)}).Allowed {
			free++
		}
	}
	require.LessOrEqual(t, free, 20, "one address, no proof")
	require.True(t, try(t, s, storage.LoginAttempt{Login: victim, Address: ip(1)}).NeedProof)
	proven := 0
	for range 60 {
		if try(t, s, storage.LoginAttempt{Login: victim, Address: ip(1), Proven: true}).Allowed {
			proven++
		}
	}
	require.LessOrEqual(t, proven, 30, "proofs do not buy guesses without end")

	for n := range 40 {
		try(t, s, storage.LoginAttempt{Login: victim, Address: ip(100 + n)})
	}
	fromNew := try(t, s, storage.LoginAttempt{Login: victim, Address: ip(200)})
	require.False(t, fromNew.Allowed)
	require.True(t, fromNew.NeedProof, "the account is under attack: strangers work for each guess")

	// The owner, meanwhile: from a browser that logged in before, even behind
	// the attacker's own address; and from a new one with a proof.
	require.True(t, try(t, s, storage.LoginAttempt{Login: victim, Address: ip(1), Device: device}).Allowed)
	require.True(t, try(t, s, storage.LoginAttempt{Login: victim, Address: ip(201), Proven: true}).Allowed)

	stolen := 0
	for range 40 {
		if try(t, s, storage.LoginAttempt{Login: victim, Address: ip(1), Device: device + "x"}).Allowed {
			stolen++
		}
	}
	require.LessOrEqual(t, stolen, 20, "a known browser has limits too")
}

func TestW4OneAddressIsBoundedOverAllAccounts(t *testing.T) {
	s := storagetest.Open(t)
	allowed := 0
	for n := range 130 {
		v := try(t, s, storage.LoginAttempt{Login: "喷洒" + strconv.Itoa(n), Address: "2001:db8:1:2::" + strconv.Itoa(n), Proven: true})
		if v.Allowed {
			allowed++
		} else {
			require.Positive(t, v.RetryAfter)
		}
	}
	require.LessOrEqual(t, allowed, 100, "a /64 is one address")
	require.True(t, try(t, s, storage.LoginAttempt{Login: "喷洒0", Address: "2001:db8:1:3::1"}).Allowed)
}

func TestLoggingInForgetsFailures(t *testing.T) {
	s := storagetest.Open(t)
	a := storage.LoginAttempt{Realm: "account", Login: string(storage.NewID()), Address: "192.0.2.77"}
	for range 9 {
		require.True(t, try(t, s, a).Allowed)
	}
	require.NoError(t, s.LoggedIn(t.Context(), a))
	for range 10 {
		require.True(t, try(t, s, a).Allowed)
	}
}

func TestNetworkOfAnAddress(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "not an address": "not an address",
	} {
		require.Equal(t, want, storage.Network(address))
	}
}

package web

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// begin starts a session after a login or a step-up and gives its cookie to the
// browser. The session that the browser had ends: none goes on under an old
// cookie. The visit is that of who logged in from here on. Whoever is disabled
// gets a record.Forbidden error.
func (v *visit) begin(n storage.NewSession) error {
	token, hash, err := access.NewToken()
	if err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	n.Token, n.Address, n.Agent, n.Lifetime = hash, v.from, v.Get("User-Agent"), v.s.AbsoluteTimeout
	if v.session != nil {
		n.Replaces = v.session.ID
	}
	if _, err := v.s.Store.StartSession(v.ctx, n); err != nil {
		return err
	}
	session, err := v.s.Store.Session(v.ctx, hash, v.s.IdleTimeout)
	if err != nil {
		return err
	}
	v.setCookie(v.sessionCookie(), token, 0)
	v.Locals(freshSession, token)
	v.adopt(session)
	return nil
}

// freshSession is where a visit keeps the cookie of a session that began with
// this very answer.
const freshSession = "fresh session"

// end ends the visit's session and takes its cookie away.
func (v *visit) end() error {
	if v.session != nil {
		if err := v.s.Store.EndSession(v.ctx, v.session.ID); err != nil {
			return err
		}
		v.audit("logged out", slog.String("account", string(v.account)), slog.String("staff", v.staffID()))
	}
	v.dropCookie(v.sessionCookie())
	return nil
}

// attempt describes a login for the counters of attempts. proof is the solution
// that the form carried, if any; a wrong one counts as none.
func (v *visit) attempt(realm, login, proof string) (storage.LoginAttempt, error) {
	proven, err := v.proven(access.ProofLogin, proof)
	if err != nil {
		return storage.LoginAttempt{}, err
	}
	return storage.LoginAttempt{
		Realm: realm, Login: login, Address: v.from, Proven: proven,
		Device: access.CheckDevice(v.s.CookieKey, deviceLogin(realm, login), v.cookie(deviceCookie)),
	}, nil
}

func deviceLogin(realm, login string) string { return realm + "/" + record.NormalizeCode(login) }

// succeeded forgets the failures before a login and marks the browser as one
// from which it succeeded.
func (v *visit) succeeded(a storage.LoginAttempt) error {
	if err := v.s.Store.LoggedIn(v.ctx, a); err != nil {
		return err
	}
	device, err := access.NewDevice(v.s.CookieKey, deviceLogin(a.Realm, a.Login))
	if err != nil {
		return fmt.Errorf("mark browser: %w", err)
	}
	v.setCookie(deviceCookie, device, longLived)
	return nil
}

// proven checks a proof of work and uses it up. One that is missing, wrong,
// late or used before proves nothing.
func (v *visit) proven(purpose access.Purpose, payload string) (bool, error) {
	if payload == "" {
		return false, nil
	}
	token, expires, err := v.s.proofs.Verify(purpose, payload)
	if err != nil {
		return false, nil //nolint:nilerr // a wrong proof is no proof
	}
	return v.s.Store.UseToken(v.ctx, token, expires)
}

// within counts an attempt of the browser's address and refuses it with
// record.TooMany when there were more than limit in an hour.
func (v *visit) within(what string, limit int) error {
	allowed, after, err := v.s.Store.Hit(v.ctx, what+"/"+storage.Network(v.from), time.Hour, limit)
	if err != nil || allowed {
		return err
	}
	return v.tooMany(after)
}

// throttled writes the event of an attempt that was not looked at because there
// were too many before it.
func (v *visit) throttled(reason string) {
	v.slowed = true
	v.auditAt(slog.LevelWarn, "throttled", "reason", reason)
}

// tooMany is the refusal of an attempt that may be made again after a while.
func (v *visit) tooMany(after time.Duration) error {
	v.throttled("too_many")
	v.Set("Retry-After", strconv.Itoa(int(after.Seconds())+1))
	minutes := int((after + time.Minute - 1) / time.Minute)
	return record.Errorf(record.TooMany, v.tr("尝试次数过多，请 %d 分钟后再试。", max(1, minutes)))
}

package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// requireSameTime compares the middle of a few runs of two ways, taken in turns
// so that whatever else the machine does bears on both. A hash that only one of
// them computes is more than the half of it that is forgiven.
func requireSameTime(t *testing.T, one, other func()) {
	t.Helper()
	began := time.Now()
	_, err := access.Hash(t.Context(), testPassword)
	require.NoError(t, err)
	hash := time.Since(began)
	var took [2][]time.Duration
	for range 9 {
		for i, way := range []func(){one, other} {
			began := time.Now()
			way()
			took[i] = append(took[i], time.Since(began))
		}
	}
	middle := func(i int) time.Duration {
		slices.Sort(took[i])
		return took[i][len(took[i])/2]
	}
	require.Less(t, (middle(0) - middle(1)).Abs(), hash/2+min(middle(0), middle(1))/2, "%s and %s, a hash takes %s", middle(0), middle(1), hash)
}

func TestW5_UnknownStaffLookLikeKnownOnes(t *testing.T) {
	p := newPortal(t, nil)
	hash, err := access.Hash(t.Context(), testPassword)
	require.NoError(t, err)
	secret, err := access.NewTOTPSecret()
	require.NoError(t, err)
	add := func() string {
		login := "w" + suffix()
		_, err = p.Store.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
			Login: login, Name: "沈", Role: record.Reviewer, Identity: newResidentID(), Password: hash, Secret: secret, Enrolled: true,
		})
		require.NoError(t, err)
		return login
	}
	try := func(b *browser, login string) *answer {
		return b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {login}, "password": {"错误的密码 1"}})
	}
	known, unknown := add(), "w"+suffix()
	t.Run("W5 same status, words and cookies", func(t *testing.T) {
		a, b := try(p.browser(), known), try(p.browser(), unknown)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Equal(t, a.Status, b.Status)
		require.Equal(t, strings.ReplaceAll(a.text(), known, ""), strings.ReplaceAll(b.text(), unknown, ""))
		require.Equal(t, cookieNames(a), cookieNames(b))
	})
	t.Run("W5 same time", func(t *testing.T) {
		requireSameTime(t, func() { try(p.browser(), known) }, func() { try(p.browser(), unknown) })
	})
	t.Run("W4 W5 the same counting, and one day it ends", func(t *testing.T) {
		attempts := func(login string) []int {
			visitor := p.browser()
			var statuses []int
			for range 12 {
				statuses = append(statuses, try(visitor, login).Status)
			}
			return statuses
		}
		one := attempts(add())
		require.Equal(t, one, attempts("w"+suffix()))
		require.Equal(t, http.StatusTooManyRequests, one[len(one)-1])
	})
}

func TestW5_LinksThatSetNoPasswordTakeTheSameTime(t *testing.T) {
	p := newPortal(t, nil)
	clerk, _ := p.newStaff(record.Reviewer, true)
	b := p.inForce()
	used, _ := clerk.opensReset(b)
	phone := p.browser()
	set := phone.submit(phone.get(used), used, url.Values{"password": {counterPassword}, "password_again": {counterPassword}})
	require.Equal(t, "/login", set.location(), set.text())
	send := func(path string) {
		visitor := p.browser()
		a := visitor.submit(visitor.get("/login"), path, url.Values{"password": {counterPassword}, "password_again": {counterPassword}})
		require.Equal(t, http.StatusNotFound, a.Status)
	}
	never, _, err := access.NewToken()
	require.NoError(t, err)
	requireSameTime(t, func() { send(used) }, func() { send("/reset/" + never) })
}

func TestW6_LooksAtLinksAndClaimsAreBounded(t *testing.T) {
	p := newPortal(t, nil)
	guesser := p.browser()
	last := 0
	for range resetLooks + 1 {
		token, _, err := access.NewToken()
		require.NoError(t, err)
		last = guesser.get("/reset/" + token).Status
	}
	require.Equal(t, http.StatusTooManyRequests, last)
	require.Equal(t, http.StatusNotFound, p.browser().get("/reset/"+string(storage.NewID())).Status, "nobody else is held up")
}

// Whoever chooses a password anywhere is held to the same rules, and nothing is
// cut off.
func TestW3_EveryDoorThatSetsAPasswordKeepsTheRules(t *testing.T) {
	p, w := keyPortal(t)
	all := doors(p, w)
	clerk, _ := p.newStaff(record.Reviewer, true)
	link, _ := clerk.opensReset(p.inForce())
	phone := p.browser()
	sets := map[string]func(password string) *answer{
		"by a link of the counter": func(password string) *answer {
			return phone.submit(phone.get(link), link, url.Values{"password": {password}, "password_again": {password}})
		},
		"at the registration": func(password string) *answer {
			b := p.browser()
			step2 := b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {newCreditCode()}}))
			return b.submit(step2, "/register/details", url.Values{
				"ticket": {step2.input("ticket")}, "name": {"规矩有限公司"}, "password": {password}, "password_again": {password},
			})
		},
	}
	for _, d := range all {
		b := d.enter()
		fields := func(password string) url.Values {
			return url.Values{"current_password": {testPassword}, "password": {password}, "password_again": {password}}
		}
		sets["by "+d.name] = func(password string) *answer { return b.submit(b.get(d.home), d.home+"/password", fields(password)) }
	}
	for door, set := range sets {
		for promise, password := range map[string]string{
			"seven characters": "a4短x-9z", "a common one": "woaini1314", "a run on the keyboard": "qwertyuiop", "129 characters": strings.Repeat("雨后斜阳", 32) + "a", "none": "",
		} {
			a := set(password)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, "%s %s", promise, door)
			require.NotContains(t, a.Body, `value="`+password+`"`+" ", "a password is never sent back")
		}
	}
}

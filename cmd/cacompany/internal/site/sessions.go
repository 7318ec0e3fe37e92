package site

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"unireg/cmd/cacompany/internal/company"
)

// sessionCookie holds the operator's session. It is not marked Secure: the
// stand-in speaks plain HTTP on loopback.
const sessionCookie = "cacompany"

// sessionLife is how long an operator stays logged in without doing anything.
const sessionLife = 8 * time.Hour

// session is an operator's login. Its fields but the last are fixed.
type session struct {
	token string
	csrf  string
	ends  time.Time
	// outcome and notice wait to be shown, once.
	outcome *company.Outcome
	notice  string
}

// sessions live in memory: a restart logs the operator out.
type sessions struct {
	mu      sync.Mutex
	byToken map[string]*session
}

func newSessions() *sessions { return &sessions{byToken: map[string]*session{}} }

// begin logs in.
func (s *sessions) begin(at time.Time) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, old := range s.byToken {
		if at.After(old.ends) {
			delete(s.byToken, token)
		}
	}
	fresh := &session{token: rand.Text(), csrf: rand.Text(), ends: at.Add(sessionLife)}
	s.byToken[fresh.token] = fresh
	return fresh
}

// of returns a request's session, nil if it has none.
func (s *sessions) of(r *http.Request, at time.Time) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byToken[cookie.Value]
	if found == nil || at.After(found.ends) {
		return nil
	}
	found.ends = at.Add(sessionLife)
	return found
}

func (s *sessions) end(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byToken, one.token)
}

// leave puts something down to be shown on the next page.
func (s *sessions) leave(one *session, notice string, outcome *company.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.notice, one.outcome = notice, outcome
}

// take picks it up, if it is for this application.
func (s *sessions) take(one *session, reference string) (notice string, outcome *company.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	notice, one.notice = one.notice, ""
	if one.outcome != nil && one.outcome.Reference == reference {
		outcome, one.outcome = one.outcome, nil
	}
	return notice, outcome
}

package agent

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"unireg/certificate"
	"unireg/cmd/ukey/internal/token"
)

// State of a request for a signature.
type State string

// The states: from waiting a request comes to one of the others, once.
const (
	Waiting State = "waiting"
	Signed  State = "signed"
	Refused State = "refused" // by the person
	Failed  State = "failed"
)

// Reason why there is no signature.
type Reason string

// The reasons.
const (
	Cancelled Reason = "cancelled"
	WrongPIN  Reason = "wrong_pin"
	Locked    Reason = "locked"
	Removed   Reason = "removed"
	Expired   Reason = "expired"
	// Fault of the token or its module; the agent's log has more.
	Fault Reason = "fault"
)

const (
	// lifetime is how long a person has to type the PIN.
	lifetime = 2 * time.Minute
	// kept is how long an outcome can be fetched after the lifetime.
	kept = 2 * time.Minute
	// maxAttempts bounds wrong PINs of one request, however many the token
	// would grant.
	maxAttempts = 5
	// maxRequests bounds requests that are remembered, and maxOfOneOrigin those of
	// an origin that wait: who files much in a row signs much in a row.
	maxRequests     = 256
	maxOfOneOrigin  = 16
	csrfTokenLength = 32
)

// request is one wish of a portal to have a statement signed.
type request struct {
	id, origin, csrf string
	statement        certificate.Statement
	message          []byte
	certificate      token.Certificate
	began            time.Time

	signing sync.Mutex // held while a PIN is tried: one at a time

	mu        sync.Mutex
	state     State
	reason    Reason
	triesLeft int
	attempts  int
	signature []byte
	done      chan struct{} // closed when state is no longer Waiting
}

// outcome is a request's state at a moment.
type outcome struct {
	State     State
	Reason    Reason
	TriesLeft int
	Attempts  int
	Signature []byte
}

// at settles what time decides, and returns the state.
func (r *request) at(now time.Time) outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == Waiting && !now.Before(r.ends()) {
		r.settle(Failed, Expired)
	}
	return outcome{State: r.state, Reason: r.reason, TriesLeft: r.triesLeft, Attempts: r.attempts, Signature: r.signature}
}

// ends is when the request dies.
func (r *request) ends() time.Time { return r.began.Add(lifetime) }

// settle needs mu.
func (r *request) settle(state State, reason Reason) {
	r.state, r.reason = state, reason
	close(r.done)
}

// end settles a waiting request without a signature.
func (r *request) end(state State, reason Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == Waiting {
		r.settle(state, reason)
	}
}

// try has the certificate's key sign, if the request still waits. It returns the
// outcome after the try.
func (r *request) try(pin []byte, now time.Time) (outcome, error) {
	r.signing.Lock()
	defer r.signing.Unlock()
	if o := r.at(now); o.State != Waiting {
		return o, nil
	}
	signature, err := r.certificate.Sign(pin, r.message)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state != Waiting { // it expired, or was cancelled in another window, meanwhile
		return outcome{State: r.state, Reason: r.reason}, nil
	}
	return r.take(signature, err)
}

// take notes what the token answered. It needs mu.
func (r *request) take(signature []byte, err error) (outcome, error) {
	var wrong token.WrongPIN
	var fault error
	switch {
	case err == nil:
		r.signature = signature
		r.settle(Signed, "")
	case errors.As(err, &wrong):
		r.attempts++
		if r.triesLeft = wrong.TriesLeft; r.attempts >= maxAttempts {
			r.settle(Failed, WrongPIN)
		}
	case errors.Is(err, token.ErrLocked):
		r.triesLeft = 0
		r.settle(Failed, Locked)
	case errors.Is(err, token.ErrRemoved):
		r.settle(Failed, Removed)
	default:
		fault = err
		r.settle(Failed, Fault)
	}
	return outcome{State: r.state, Reason: r.reason, TriesLeft: r.triesLeft, Attempts: r.attempts, Signature: r.signature}, fault
}

// requests remembers the requests of the last minutes, in memory only.
type requests struct {
	mu   sync.Mutex
	byID map[string]*request
}

func newRequests() *requests { return &requests{byID: map[string]*request{}} }

var errTooMany = errors.New("too many requests wait for a PIN")

// add takes a request in, and forgets those whose time is over.
func (rs *requests) add(origin string, st certificate.Statement, message []byte, c token.Certificate, now time.Time) (*request, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	same := 0
	for id, r := range rs.byID {
		if now.After(r.ends().Add(kept)) {
			delete(rs.byID, id)
		} else if r.origin == origin && r.at(now).State == Waiting {
			same++
		}
	}
	if len(rs.byID) >= maxRequests || same >= maxOfOneOrigin {
		return nil, errTooMany
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	secret := make([]byte, csrfTokenLength)
	_, _ = rand.Read(secret) // never fails, by its contract
	r := &request{
		id: id.String(), origin: origin, csrf: base64.RawURLEncoding.EncodeToString(secret), statement: st, message: message,
		certificate: c, began: now, state: Waiting, triesLeft: c.TriesLeft, done: make(chan struct{}),
	}
	rs.byID[r.id] = r
	return r, nil
}

// find finds a request; nil if there is none, or it is forgotten.
func (rs *requests) find(id string, now time.Time) *request {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r := rs.byID[id]
	if r != nil && now.After(r.ends().Add(kept)) {
		delete(rs.byID, id)
		return nil
	}
	return r
}

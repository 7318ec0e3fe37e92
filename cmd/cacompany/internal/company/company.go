// Package company is what the CA company does: it takes applications in, its
// operator decides about them, it issues certificates and ends them. Whatever
// happens is in the ledger, callback included, before anybody is told.
package company

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/pki"
	"unireg/cmd/cacompany/internal/protocol"
)

// Company is the CA company at work. It is safe for concurrent use.
type Company struct {
	store  *ledger.Store
	pki    *pki.PKI
	notify func()
}

// New returns a company that keeps everything in the store and issues by the
// authorities. notify is called after callbacks were entered.
func New(store *ledger.Store, authorities *pki.PKI, notify func()) *Company {
	return &Company{store: store, pki: authorities, notify: notify}
}

// Refusal says why something is not done: a rule, not a fault.
type Refusal struct {
	Status int // of HTTP
	Code   string
	Detail string // for people
}

func (r *Refusal) Error() string { return r.Code }

// Problem is the refusal as an answer.
func (r *Refusal) Problem() *protocol.Problem {
	return &protocol.Problem{Title: "未受理", Status: r.Status, Code: r.Code, Detail: r.Detail}
}

// refusal returns the refusal in err, nil if it is a fault.
func refusal(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}

// update runs a transaction that may enter callbacks.
func (c *Company) update(what string, change func(*ledger.Tx) error) error {
	if err := c.store.Update(change); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	c.notify()
	return nil
}

// happen adds an event to an application, which steps to the status of its name,
// and enters the callback.
func happen(tx *ledger.Tx, a *ledger.Application, event protocol.Event, at time.Time) error {
	event.ID = "evt_" + uuid.NewString()
	event.Reference, event.OrderNo = a.Reference(), a.OrderNo
	event.Sequence, event.At = len(a.Events)+1, at.UTC()
	a.Events = append(a.Events, event)
	a.Status = ledger.Status(event.Type)
	if err := tx.Save(a); err != nil {
		return err
	}
	return callBack(tx, event, event.Reference, at)
}

// callBack enters a callback; those of one group go out one after the other.
func callBack(tx *ledger.Tx, event protocol.Event, group string, at time.Time) error {
	body, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("write an event: %w", err)
	}
	return tx.Enqueue(&ledger.Delivery{
		ID: event.ID, Group: group, Reference: event.Reference, Sequence: event.Sequence, Type: event.Type, Body: body,
		CreatedAt: at, State: ledger.Pending, Due: at,
	})
}

// Resend has a parked or dropped callback delivered after all.
func (c *Company) Resend(number uint64, at time.Time) error {
	return c.update("resend a callback", func(tx *ledger.Tx) error {
		d, err := tx.Delivery(number)
		if err != nil {
			return err
		}
		if d.State != ledger.Parked && d.State != ledger.Dropped {
			return &Refusal{409, "not_parked", "该通知不在搁置状态。"}
		}
		d.State, d.Due = ledger.Pending, at
		return tx.SaveDelivery(d)
	})
}

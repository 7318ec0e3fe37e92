package company

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"unireg/certificate"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/pki"
	"unireg/cmd/cacompany/internal/protocol"
)

// Action is what the operator does with an application.
type Action string

// The actions.
const (
	Accept     Action = "accept"
	Supplement Action = "supplement"
	Payment    Action = "payment"
	Producing  Action = "producing"
	Issue      Action = "issue"
	Reject     Action = "reject"
)

// steps says what an action makes happen.
var steps = map[Action]protocol.EventType{
	Accept: protocol.Accepted, Supplement: protocol.Supplement, Payment: protocol.Payment,
	Producing: protocol.Producing, Issue: protocol.Issued, Reject: protocol.Rejected,
}

// Actions lists what the operator may do with an application where it stands.
func Actions(status ledger.Status) []Action {
	var legal []Action
	for _, action := range []Action{Accept, Supplement, Payment, Producing, Issue, Reject} {
		if status.May(ledger.Status(steps[action])) {
			legal = append(legal, action)
		}
	}
	return legal
}

// Chinese names the action for people.
func (a Action) Chinese() string { return steps[a].Chinese() }

// NeedsReason says whether the applicant must be told why.
func (a Action) NeedsReason() bool { return a == Supplement || a == Reject }

// Decision is an action with what it takes.
type Decision struct {
	Action Action `json:"-"`
	Reason string `json:"reason"` // of supplement and reject
	// Algorithm of the keys that are drawn into a token, RSA or SM2; of issue.
	Algorithm certificate.Algorithm `json:"algorithm"`
	CSR       string                `json:"csr"`   // PEM; instead of a token
	PIN       string                `json:"pin"`   // initial or new PIN, drawn if ""
	Token     []byte                `json:"token"` // the file, of issue for an unlocking
}

// Outcome is what came of a decision. PIN and token file are in no other answer.
type Outcome struct {
	Reference    string                       `json:"reference"`
	Status       ledger.Status                `json:"status"`
	Sequence     int                          `json:"sequence"` // of the event
	Certificates []protocol.IssuedCertificate `json:"certificates,omitempty"`
	Serials      []string                     `json:"serials,omitempty"`
	TokenName    string                       `json:"token_name,omitempty"`
	Token        []byte                       `json:"token,omitempty"`
	PIN          string                       `json:"pin,omitempty"`
}

var errUnknownAction = &Refusal{http.StatusNotFound, "unknown_action", "没有这个操作。"}

// Decide does what the operator decided, if the application's status allows it.
func (c *Company) Decide(reference string, d Decision, at time.Time) (Outcome, error) {
	event, ok := steps[d.Action]
	if !ok {
		return Outcome{}, errUnknownAction
	}
	d.Reason = strings.TrimSpace(d.Reason)
	if d.Action.NeedsReason() && d.Reason == "" {
		return Outcome{}, refuse("reason_required", "请写明原因。")
	}
	if utf8.RuneCountInString(d.Reason) > protocol.MaxReason {
		return Outcome{}, refuse("reason_too_long", fmt.Sprintf("原因不得超过 %d 字。", protocol.MaxReason))
	}
	if d.Action == Issue {
		return c.issue(reference, d, at)
	}
	var outcome Outcome
	err := c.update("decide", func(tx *ledger.Tx) error {
		a, err := stepping(tx, reference, event)
		if err != nil {
			return err
		}
		err = happen(tx, a, protocol.Event{Type: event, Reason: d.Reason}, at)
		outcome = outcomeOf(a)
		return err
	})
	return outcome, err
}

// stepping returns an application for which an event is legal.
func stepping(tx *ledger.Tx, reference string, event protocol.EventType) (*ledger.Application, error) {
	a, err := tx.Application(reference)
	if errors.Is(err, ledger.ErrUnknown) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	if !a.Status.May(ledger.Status(event)) {
		return nil, &Refusal{http.StatusConflict, "illegal_edge", "该申请" + a.Status.Chinese() + "，不能" + event.Chinese() + "。"}
	}
	return a, nil
}

func outcomeOf(a *ledger.Application) Outcome {
	return Outcome{Reference: a.Reference(), Status: a.Status, Sequence: len(a.Events)}
}

// issue ends an application: with certificates, an unlocked token or a
// revocation. Keys are drawn outside the transaction, which looks at the status
// again.
func (c *Company) issue(reference string, d Decision, at time.Time) (Outcome, error) {
	var a *ledger.Application
	err := c.store.View(func(tx *ledger.Tx) (err error) {
		a, err = stepping(tx, reference, protocol.Issued)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	switch a.Request.Business {
	case protocol.Unlock:
		return c.unlock(a, d, at)
	case protocol.Revoke:
		return c.finish(reference, at, protocol.Event{}, func(tx *ledger.Tx, a *ledger.Application, _ *Outcome) error {
			return endOld(tx, a, "cessationOfOperation", at)
		})
	case protocol.Apply, protocol.Renew, protocol.Reissue, protocol.Change:
	}
	made, err := c.make(a, d, at)
	if err != nil {
		return Outcome{}, err
	}
	event := protocol.Event{Certificates: made.handed()}
	return c.finish(reference, at, event, func(tx *ledger.Tx, a *ledger.Application, outcome *Outcome) error {
		if err := made.enter(tx, a, outcome); err != nil {
			return err
		}
		return endOld(tx, a, endings[a.Request.Business], at)
	})
}

// endings says why the old certificate ends when the new one is issued.
var endings = map[protocol.Business]string{
	protocol.Renew: "superseded", protocol.Reissue: "keyCompromise", protocol.Change: "affiliationChanged",
}

// finish has issued happen and does the rest in the same transaction.
func (c *Company) finish(reference string, at time.Time, event protocol.Event, rest func(*ledger.Tx, *ledger.Application, *Outcome) error) (Outcome, error) {
	var outcome Outcome
	err := c.update("issue", func(tx *ledger.Tx) error {
		a, err := stepping(tx, reference, protocol.Issued)
		if err != nil {
			return err
		}
		event.Type = protocol.Issued
		if err := happen(tx, a, event, at); err != nil {
			return err
		}
		outcome = outcomeOf(a)
		if err := rest(tx, a, &outcome); err != nil {
			return err
		}
		return tx.Save(a)
	})
	return outcome, err
}

// product is what was made for an application before it is entered.
type product struct {
	made     []pki.Made
	token    []byte
	pin, puk string
}

func (c *Company) make(a *ledger.Application, d Decision, at time.Time) (product, error) {
	order := pki.Order{Application: a.Request, Algorithm: d.Algorithm, At: at}
	if csr := strings.TrimSpace(d.CSR); csr != "" {
		order.CSR = []byte(csr)
	} else if !slices.Contains(pki.Algorithms(), d.Algorithm) {
		return product{}, refuse("algorithm", "请选择 RSA 或 SM2 算法。")
	}
	made, err := c.pki.Issue(order)
	if errors.Is(err, pki.ErrRequest) {
		return product{}, refuse("csr", "证书请求（CSR）无效：须为 PKCS#10，密钥为 RSA（2048 位以上）、ECDSA P-256 或 SM2，且自签名正确。")
	}
	if err != nil {
		return product{}, fmt.Errorf("issue: %w", err)
	}
	p := product{made: made}
	if order.CSR != nil {
		return p, nil
	}
	if p.pin, err = pinOr(d.PIN); err != nil {
		return p, err
	}
	if p.puk, err = pki.NewPUK(); err != nil {
		return p, err
	}
	p.token, err = pki.Token(a.Request.Subject.Name+" "+a.Request.Kind.Chinese()+"证书", p.pin, p.puk, made)
	if err != nil {
		return p, fmt.Errorf("make a token: %w", err)
	}
	return p, nil
}

// pinOr is the PIN that was chosen, or a drawn one.
func pinOr(chosen string) (string, error) {
	if chosen == "" {
		return pki.NewPIN()
	}
	if len(chosen) < 6 || len(chosen) > 64 {
		return "", refuse("pin", "PIN 码须为 6 至 64 个字符。")
	}
	return chosen, nil
}

func (p product) handed() []protocol.IssuedCertificate {
	var all []protocol.IssuedCertificate
	for _, m := range p.made {
		all = append(all, protocol.IssuedCertificate{Use: m.Use, PEM: m.PEM()})
	}
	return all
}

// enter writes certificates and token into the ledger.
func (p product) enter(tx *ledger.Tx, a *ledger.Application, outcome *Outcome) error {
	for _, m := range p.made {
		certificate := &ledger.Certificate{
			Authority: m.Authority, Issuer: m.Issuer(), Serial: m.Serial(), Reference: a.Reference(),
			Name: a.Request.Subject.Name, Code: a.Request.Subject.Code, Kind: a.Request.Kind, Use: m.Use, Algorithm: string(m.Algorithm()),
			NotBefore: m.NotBefore(), NotAfter: m.NotAfter(), PEM: m.PEM(), PUK: p.puk, State: ledger.Good,
		}
		if err := tx.AddCertificate(certificate); err != nil {
			return err
		}
		a.Serials = append(a.Serials, certificate.Serial)
	}
	outcome.Certificates, outcome.Serials = p.handed(), a.Serials
	if p.token == nil {
		return nil
	}
	a.TokenName = a.OrderNo + ".ukey"
	outcome.TokenName, outcome.Token, outcome.PIN = a.TokenName, p.token, p.pin
	return tx.SetToken(a.Reference(), p.token)
}

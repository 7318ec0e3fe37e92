package ledger

import (
	"slices"
	"time"

	"unireg/cmd/cacompany/internal/protocol"
)

// Status is where an application stands with the CA company.
type Status string

// The statuses. All but the first bear the name of the event that leads there.
const (
	Received   Status = "received"
	Accepted          = Status(protocol.Accepted)
	Supplement        = Status(protocol.Supplement)
	Payment           = Status(protocol.Payment)
	Producing         = Status(protocol.Producing)
	Issued            = Status(protocol.Issued)
	Rejected          = Status(protocol.Rejected)
	Withdrawn         = Status(protocol.Withdrawn)
)

// edges are the legal steps of an application.
var edges = map[Status][]Status{
	Received:   {Accepted, Rejected, Withdrawn},
	Accepted:   {Supplement, Payment, Producing, Rejected, Withdrawn},
	Supplement: {Accepted, Rejected, Withdrawn},
	Payment:    {Producing, Rejected, Withdrawn},
	Producing:  {Issued},
}

// Statuses lists them in the order of the procedure.
func Statuses() []Status {
	return []Status{Received, Accepted, Supplement, Payment, Producing, Issued, Rejected, Withdrawn}
}

// May says whether the step to next is legal.
func (s Status) May(next Status) bool { return slices.Contains(edges[s], next) }

// Open says whether anything may still happen.
func (s Status) Open() bool { return len(edges[s]) > 0 }

// Chinese names the status for people.
func (s Status) Chinese() string {
	return map[Status]string{
		Received: "待受理", Accepted: "受理中", Supplement: "待补正", Payment: "待支付", Producing: "制证中",
		Issued: "已签发", Rejected: "已拒绝", Withdrawn: "已撤销",
	}[s]
}

// Application is an entry of the ledger.
type Application struct {
	Number     uint64 // order of arrival, from 1
	OrderNo    string
	ReceivedAt time.Time
	Digest     string // SHA-256 of the body as received, hex
	Request    protocol.Application
	Status     Status
	Events     []protocol.Event // in the order of their sequence
	Serials    []string         // of the certificates issued for it
	TokenName  string           // file name of the token made for it, "" if there is none
}

// Reference is the registration system's number of the application.
func (a *Application) Reference() string { return a.Request.Reference }

// State is what the registration system is told when it asks.
func (a *Application) State() protocol.ApplicationState {
	events := a.Events
	if events == nil {
		events = []protocol.Event{}
	}
	return protocol.ApplicationState{Reference: a.Reference(), OrderNo: a.OrderNo, Events: events}
}

// Answer is what was said to a message, to be said again when it comes again.
type Answer struct {
	Digest  string // of the message
	Status  int    // 200 for what was taken in, whatever was answered the first time
	Problem *protocol.Problem
	// Acceptance of an application; nil for a withdrawal, which answers with the
	// state of its application.
	Acceptance *protocol.Acceptance
}

// CertificateState is whether a certificate counts.
type CertificateState string

// The states.
const (
	Good      CertificateState = "good"
	Suspended CertificateState = "suspended"
	Revoked   CertificateState = "revoked"
)

// Chinese names the state for people.
func (s CertificateState) Chinese() string {
	return map[CertificateState]string{Good: "有效", Suspended: "挂失", Revoked: "已吊销"}[s]
}

// Certificate is a certificate that was issued.
type Certificate struct {
	Number    uint64 // order of issuing, from 1
	Authority string // key of the issuing authority, such as rsa
	Issuer    string // RFC 2253
	Serial    string // upper-case hex
	Reference string // of the application
	Name      string // of the subject
	Code      string
	Kind      protocol.Kind
	Use       string // signing or encryption
	Algorithm string // RSA, ECDSA or SM2
	NotBefore time.Time
	NotAfter  time.Time
	PEM       string // with the intermediates
	PUK       string // of the token that it was made into, "" for one on a CSR

	State   CertificateState
	Reason  string // why it does not count: a name of RFC 5280
	Changed time.Time
}

// Ref names the certificate in messages.
func (c *Certificate) Ref() *protocol.CertificateRef {
	return &protocol.CertificateRef{Issuer: c.Issuer, Serial: c.Serial}
}

// DeliveryState is how far the delivery of a callback is.
type DeliveryState string

// The states. A parked delivery waits for the operator; a dropped one and a lie
// are the work of the fault switches.
const (
	Pending   DeliveryState = "pending"
	Delivered DeliveryState = "delivered"
	Parked    DeliveryState = "parked"
	Dropped   DeliveryState = "dropped"
	Lie       DeliveryState = "lie"
)

// DeliveryStates lists them in the order of pages.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{Pending, Delivered, Parked, Dropped, Lie}
}

// Chinese names the state for people.
func (s DeliveryState) Chinese() string {
	return map[DeliveryState]string{Pending: "待送达", Delivered: "已送达", Parked: "已搁置", Dropped: "被丢弃", Lie: "伪报"}[s]
}

// Delivery is a callback on its way. Its body is what was written when the event
// happened; it is signed anew for each attempt.
type Delivery struct {
	Number    uint64 // order in which the events happened, from 1
	ID        string // the webhook-id
	Group     string // deliveries of one group go out one after the other
	Reference string // "" for the event of a certificate
	Sequence  int
	Type      protocol.EventType
	Body      []byte
	CreatedAt time.Time

	State    DeliveryState
	Attempts int
	Due      time.Time // of the next attempt, while pending
	LastAt   time.Time
	LastSaid string // how the last attempt ended: a status or a kind of fault
}

// Settings are drawn and told at init.
type Settings struct {
	Portal   string // address of the registration system, without a path
	Listen   string // host:port
	URL      string // under which this program is reached
	Operator string // login of the operator's pages
	Password string
	// OperatorToken is the bearer token of the automation endpoints, Token that
	// of the registration system.
	OperatorToken string
	Token         string
	// Incoming are the secrets that sign what comes in, the oldest first. All
	// count.
	Incoming []string
	// Secrets and Keys sign what is sent, all of them at once: whsec_, and whsk_
	// with its whpk_.
	Secrets []string
	Keys    []Key
}

// Key is an ed25519 key pair in text.
type Key struct{ Private, Public string }

// Signing lists the keys that sign what is sent.
func (s *Settings) Signing() []string {
	keys := slices.Clone(s.Secrets)
	for _, k := range s.Keys {
		keys = append(keys, k.Private)
	}
	return keys
}

// Checking lists the keys with which the registration system checks it.
func (s *Settings) Checking() []string {
	keys := slices.Clone(s.Secrets)
	for _, k := range s.Keys {
		keys = append(keys, k.Public)
	}
	return keys
}

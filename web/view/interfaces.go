package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// InterfacesModel is 接口与订阅, GET /staff/interfaces: the keys under which other
// systems ask, and the subscribers that are called on changes.
type InterfacesModel struct {
	Keys        []KeyRow
	Subscribers []SubscriberRow
	// Key was drawn just now for KeyName and is shown this once; "" for none.
	Key, KeyName string
}

// KeyRow is a key of the interface. It is revoked by POST to
// /staff/interfaces/keys/:id/revoke.
type KeyRow struct {
	ID, Name string
	Scopes   []string // labels
	State    Tag
	Created  time.Time
	Expires  time.Time // zero: never
	Used     time.Time // zero: never
	Live     bool      // it can be revoked
}

// KeyForm is what a supervisor fills in for a key: name, scopes and days, posted to
// /staff/interfaces/keys.
type KeyForm struct {
	Name, Days string
	Scopes     []ScopeChoice
	Problems   []form.Problem
}

// SubscriberRow is a subscriber in the list.
type SubscriberRow struct {
	ID, Name, URL string
	State         Tag
	Note          string    // on the state; "" for nothing
	Delivered     time.Time // zero: never
	Waiting       int
}

// SubscriberForm is what a supervisor fills in for a subscriber: name, url and
// types, posted to Action.
type SubscriberForm struct {
	Action    string
	Name, URL string
	Types     []ScopeChoice
	Problems  []form.Problem
}

// SubscriberModel is the page of a subscriber, /staff/interfaces/subscribers/:id.
// Below that address pause, resume, exchange, retire, test and remove are posted
// to, and deliveries/:delivery/resend.
type SubscriberModel struct {
	Row    SubscriberRow
	Form   SubscriberForm
	Active bool
	// Secret was drawn just now and is shown this once; "" for none. Welcome tells
	// that the subscriber was added just now.
	Secret      string
	Welcome     bool
	Added       time.Time
	Oldest      time.Time // of the changes that wait; zero for none
	NextAt      time.Time // of the next attempt, while it fails; zero otherwise
	FormerUntil time.Time // zero: one secret signs
	Deliveries  []DeliveryRow
	Shown       int // how many deliveries are shown at most
}

// The ids of the dialogs on the page of a subscriber.
const (
	exchangeDialog = "dialog-exchange"
	retireDialog   = "dialog-retire"
	removeDialog   = "dialog-remove"
)

func (m SubscriberModel) url(rest string) string {
	return "/staff/interfaces/subscribers/" + m.Row.ID + rest
}

// DeliveryRow is what became of one message.
type DeliveryRow struct {
	ID          string
	What        string // label of the change, or that it is a test
	Kind        string // label; "" for none
	Code        string
	SubjectHref string // "" for none
	At          time.Time
	Delivered   time.Time // zero: not yet
	State       Tag
	Note        string // why not
	Status      int    // of HTTP; 0: no answer
	Attempts    int
	CanResend   bool
}

// answer is what came back, in a few words.
func (d DeliveryRow) answer(ctx context.Context) string {
	switch {
	case d.Attempts == 0:
		return tr(ctx, "尚未发送")
	case d.Status == 0:
		return tr(ctx, "没有答复")
	}
	return "HTTP " + count(d.Status)
}

package protocol

import "time"

// EventType says what happened.
type EventType string

// The events of an application, then those of a certificate.
const (
	Accepted   EventType = "accepted"
	Supplement EventType = "supplement"
	Payment    EventType = "payment"
	Producing  EventType = "producing"
	Issued     EventType = "issued"
	Rejected   EventType = "rejected"
	Withdrawn  EventType = "withdrawn"

	Revoked   EventType = "revoked"
	Suspended EventType = "suspended"
	Resumed   EventType = "resumed"
)

// Chinese names the event for people.
func (t EventType) Chinese() string {
	return map[EventType]string{
		Accepted: "受理", Supplement: "要求补正", Payment: "待支付", Producing: "制证", Issued: "签发", Rejected: "拒绝", Withdrawn: "申请人撤销",
		Revoked: "吊销", Suspended: "挂失", Resumed: "解除挂失",
	}[t]
}

// Event is what is called back. Those of one application are numbered from 1
// without gaps; those of a certificate have neither reference nor sequence.
type Event struct {
	ID           string              `json:"id"` // the webhook-id under which it is called back
	Reference    string              `json:"reference,omitempty"`
	Sequence     int                 `json:"sequence,omitempty"`
	Type         EventType           `json:"type"`
	At           time.Time           `json:"at"`
	Reason       string              `json:"reason,omitempty"`
	OrderNo      string              `json:"order_no,omitempty"`
	Certificate  *CertificateRef     `json:"certificate,omitempty"`  // of a certificate's event
	Certificates []IssuedCertificate `json:"certificates,omitempty"` // of issued
}

// MaxReason bounds the reason of an event, in characters.
const MaxReason = 500

// IssuedCertificate is a certificate as it is handed over.
type IssuedCertificate struct {
	Use string `json:"use"` // signing or encryption
	PEM string `json:"pem"` // the certificate, then its intermediates
}

// ApplicationState is where an application stands.
type ApplicationState struct {
	Reference string  `json:"reference"`
	OrderNo   string  `json:"order_no"`
	Events    []Event `json:"events"` // in the order of their sequence
}

// Problem is an answer of RFC 9457.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"` // for people, in Chinese
	Code   string `json:"code,omitempty"`   // for programs
}

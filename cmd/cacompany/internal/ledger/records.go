package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"strings"
	"time"

	"unireg/cmd/cacompany/internal/protocol"
)

// Application returns the entry of a reference, or ErrUnknown.
func (t *Tx) Application(reference string) (*Application, error) {
	at := t.tx.Bucket(bucketReferences).Get([]byte(reference))
	if at == nil {
		return nil, ErrUnknown
	}
	a := new(Application)
	return a, t.read(bucketApplications, at, a)
}

// Add enters an application and gives it its number. The order number is made
// of it by name.
func (t *Tx) Add(a *Application, name func(number uint64) string) error {
	n, err := t.next(bucketApplications)
	if err != nil {
		return err
	}
	a.Number, a.OrderNo = n, name(n)
	if err := t.tx.Bucket(bucketReferences).Put([]byte(a.Reference()), number(n)); err != nil {
		return err
	}
	return t.Save(a)
}

// Save writes an application anew.
func (t *Tx) Save(a *Application) error {
	open, key := t.tx.Bucket(bucketOpen), openKey(a.Request.Subject.Code, a.Request.Kind, a.Request.Business)
	var err error
	if a.Status.Open() {
		err = open.Put(key, []byte(a.Reference()))
	} else if bytes.Equal(open.Get(key), []byte(a.Reference())) {
		err = open.Delete(key)
	}
	return errors.Join(err, t.write(bucketApplications, number(a.Number), a))
}

// Applications goes through all, the newest first.
func (t *Tx) Applications() iter.Seq2[*Application, error] {
	return newest[Application](t, bucketApplications)
}

// OpenApplication returns the reference of the open application of a subject for
// a kind and a business, "" if there is none.
func (t *Tx) OpenApplication(code string, kind protocol.Kind, business protocol.Business) string {
	return string(t.tx.Bucket(bucketOpen).Get(openKey(code, kind, business)))
}

func openKey(code string, kind protocol.Kind, business protocol.Business) []byte {
	return []byte(strings.Join([]string{code, string(kind), string(business)}, "\x00"))
}

// Answer returns what was said under an operation's idempotency key, or
// ErrUnknown.
func (t *Tx) Answer(key string) (Answer, error) {
	var a Answer
	return a, t.read(bucketAnswers, []byte(key), &a)
}

// Remember keeps what was said under an operation's idempotency key.
func (t *Tx) Remember(key string, a Answer) error { return t.write(bucketAnswers, []byte(key), a) }

// Message notes a webhook-id with the digest of its body and returns false when
// the id has come with another one before.
func (t *Tx) Message(id, digest string) (bool, error) {
	bucket := t.tx.Bucket(bucketMessages)
	if known := bucket.Get([]byte(id)); known != nil {
		return string(known) == digest, nil
	}
	return true, bucket.Put([]byte(id), []byte(digest))
}

// Certificate returns a certificate by its serial, or ErrUnknown.
func (t *Tx) Certificate(serial string) (*Certificate, error) {
	at := t.tx.Bucket(bucketSerials).Get([]byte(serial))
	if at == nil {
		return nil, ErrUnknown
	}
	c := new(Certificate)
	return c, t.read(bucketCertificates, at, c)
}

// AddCertificate enters a certificate and gives it its number.
func (t *Tx) AddCertificate(c *Certificate) error {
	n, err := t.next(bucketCertificates)
	if err != nil {
		return err
	}
	c.Number = n
	if err := t.tx.Bucket(bucketSerials).Put([]byte(c.Serial), number(n)); err != nil {
		return err
	}
	return t.SaveCertificate(c)
}

// SaveCertificate writes a certificate anew.
func (t *Tx) SaveCertificate(c *Certificate) error {
	return t.write(bucketCertificates, number(c.Number), c)
}

// Certificates goes through all, the newest first.
func (t *Tx) Certificates() iter.Seq2[*Certificate, error] {
	return newest[Certificate](t, bucketCertificates)
}

// Token returns the token file of an application, or ErrUnknown.
func (t *Tx) Token(reference string) ([]byte, error) {
	file := t.tx.Bucket(bucketTokens).Get([]byte(reference))
	if file == nil {
		return nil, ErrUnknown
	}
	return bytes.Clone(file), nil
}

// SetToken keeps the token file of an application.
func (t *Tx) SetToken(reference string, file []byte) error {
	return t.tx.Bucket(bucketTokens).Put([]byte(reference), file)
}

// Enqueue enters a callback to be delivered and gives it its number.
func (t *Tx) Enqueue(d *Delivery) error {
	n, err := t.next(bucketDeliveries)
	if err != nil {
		return err
	}
	d.Number = n
	return t.SaveDelivery(d)
}

// SaveDelivery writes a delivery anew.
func (t *Tx) SaveDelivery(d *Delivery) error {
	var err error
	if d.State == Pending {
		err = t.tx.Bucket(bucketPending).Put(number(d.Number), []byte{})
	} else {
		err = t.tx.Bucket(bucketPending).Delete(number(d.Number))
	}
	return errors.Join(err, t.write(bucketDeliveries, number(d.Number), d))
}

// Delivery returns a delivery by its number, or ErrUnknown.
func (t *Tx) Delivery(n uint64) (*Delivery, error) {
	d := new(Delivery)
	return d, t.read(bucketDeliveries, number(n), d)
}

// Deliveries goes through all, the newest first.
func (t *Tx) Deliveries() iter.Seq2[*Delivery, error] {
	return newest[Delivery](t, bucketDeliveries)
}

// Pending returns the deliveries under way in the order of their events.
func (t *Tx) Pending() ([]*Delivery, error) {
	var all []*Delivery
	err := t.tx.Bucket(bucketPending).ForEach(func(key, _ []byte) error {
		d, err := t.Delivery(binary.BigEndian.Uint64(key))
		all = append(all, d)
		return err
	})
	return all, err
}

// Counts tells how much of what there is.
type Counts struct {
	Applications int                      `json:"applications"`
	Statuses     map[Status]int           `json:"statuses"`
	Events       int                      `json:"events"`
	Certificates map[CertificateState]int `json:"certificates"`
	Deliveries   map[DeliveryState]int    `json:"deliveries"`
	At           time.Time                `json:"at"`
}

// Count counts everything as of an instant.
func (t *Tx) Count(at time.Time) (Counts, error) {
	c := Counts{Statuses: map[Status]int{}, Certificates: map[CertificateState]int{}, Deliveries: map[DeliveryState]int{}, At: at}
	for a, err := range t.Applications() {
		if err != nil {
			return c, err
		}
		c.Applications++
		c.Statuses[a.Status]++
		c.Events += len(a.Events)
	}
	for certificate, err := range t.Certificates() {
		if err != nil {
			return c, err
		}
		c.Certificates[certificate.State]++
	}
	for d, err := range t.Deliveries() {
		if err != nil {
			return c, err
		}
		c.Deliveries[d.State]++
	}
	return c, nil
}

package partner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/google/uuid"

	"unireg/partner/wire"
	"unireg/record"
)

const (
	// messageTimeout is the longest that a subscriber is waited for.
	messageTimeout = 15 * time.Second
	// maxAck bounds what is read of a subscriber's answer, which says nothing but
	// its status, in bytes.
	maxAck = 16 << 10
)

// Messenger sends messages to subscribers, whose addresses supervisors give. It is
// safe for use by several goroutines.
type Messenger struct {
	MessengerConfig
	http *http.Client
}

// MessengerConfig says how subscribers may be called.
type MessengerConfig struct {
	// Private allows loopback and private addresses.
	Private bool
	// Plain allows http without TLS.
	Plain bool
	// Timeout of a call; 0 means 15 seconds.
	Timeout time.Duration
}

// NewMessenger returns a messenger. Nothing is called yet.
func NewMessenger(c MessengerConfig) *Messenger {
	if c.Timeout <= 0 {
		c.Timeout = messageTimeout
	}
	g := &guard{open: true, private: c.Private}
	g.dial()
	return &Messenger{c, &http.Client{
		Transport:     g,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// AddressProblem says in words why a subscriber cannot have that address, "" if it
// can. Where its name leads is judged anew at every call.
func (m *Messenger) AddressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return "接收地址不是完整的网址，例如 https://trade.example.cn/hooks/registration"
	case u.Scheme != "https" && (u.Scheme != "http" || !m.Plain):
		return "接收地址须以 https:// 开头"
	case u.User != nil:
		return "接收地址不能带用户名和密码；消息以签名证明来源"
	case u.Fragment != "":
		return "接收地址不能带 #"
	}
	if at, err := netip.ParseAddr(u.Hostname()); err == nil && !(&guard{private: m.Private}).allows(at) {
		return "接收地址不能是内网或保留地址"
	}
	return ""
}

// WireChange is a change as the feed and messages have it.
func WireChange(c record.Change) (wire.EffectiveChange, error) {
	id, err := uuid.Parse(string(c.ID))
	if err != nil {
		return wire.EffectiveChange{}, errors.New("write change: its id is no UUID")
	}
	told := wire.EffectiveChange{Id: id, Type: wire.EffectiveChangeType(c.Type), At: c.At.UTC()}
	if c.Code != "" {
		told.Code = &c.Code
	}
	if c.Record == "" {
		return told, nil
	}
	about, err := uuid.Parse(string(c.Record))
	if err != nil {
		return wire.EffectiveChange{}, errors.New("write change: its record's id is no UUID")
	}
	kind := wire.RecordKind(c.Kind)
	told.Record, told.Kind, told.Version = &about, &kind, &c.Version
	return told, nil
}

// Deliver makes one attempt to send a message, signed by each of its secrets. What
// it came to is the answer; an error is one of ours, before anything was sent.
func (m *Messenger) Deliver(ctx context.Context, message record.Message) (record.Attempt, error) {
	began := time.Now()
	told, err := WireChange(message.Change)
	if err != nil {
		return record.Attempt{}, err
	}
	body, err := json.Marshal(told)
	if err != nil {
		return record.Attempt{}, fmt.Errorf("write message: %w", err)
	}
	signer, err := NewSigner(message.Secrets)
	if err != nil {
		return record.Attempt{}, err
	}
	if m.AddressProblem(message.URL) != "" {
		return record.Attempt{Failure: record.DeliveryForbidden}, nil
	}
	limited, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodPost, message.URL, bytes.NewReader(body))
	if err != nil {
		return record.Attempt{Failure: record.DeliveryForbidden}, nil
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "unireg")
	if err := signer.Sign(request.Header, message.ID, began, body); err != nil {
		return record.Attempt{}, err
	}
	answer, err := m.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return record.Attempt{}, ctx.Err() // we stop: it says nothing of the subscriber
		}
		return record.Attempt{Failure: deliveryFailure(err), Took: time.Since(began)}, nil
	}
	// The rest of an answer is not needed; what is short leaves the connection usable.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAck)
	_ = answer.Body.Close()
	return record.Attempt{Status: answer.StatusCode, Failure: judged(answer.StatusCode), Took: time.Since(began)}, nil
}

// judged is what a status says: any 2xx takes the message.
func judged(status int) record.DeliveryFailure {
	switch {
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return record.DeliveryRedirected
	case status == http.StatusGone:
		return record.DeliveryGone
	}
	return record.DeliveryRefused
}

func deliveryFailure(err error) record.DeliveryFailure {
	var network net.Error
	switch {
	case errors.Is(err, errEgress):
		return record.DeliveryForbidden
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return record.DeliveryTimeout
	}
	return record.DeliveryUnreachable
}

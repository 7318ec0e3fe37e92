package partner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// GatewayConfig says where the operator's gateway for short messages is.
type GatewayConfig struct {
	URL string
	// Secrets sign what goes there; see NewSigner.
	Secrets []string
	// Private allows loopback and private addresses.
	Private bool
}

// Gateway hands short messages to a gateway of the operator's, which knows how
// the telephone company wants them. It is safe for use by several goroutines.
type Gateway struct {
	client  *Client
	address string
}

// ErrNumber is in the error about a number that the gateway refuses for good.
var ErrNumber = errors.New("the number is refused for good")

// maxReceipt bounds an answer of the gateway, in bytes. It is not read.
const maxReceipt = 64 << 10

// NewGateway returns a gateway. Nothing is called yet.
func NewGateway(c GatewayConfig) (*Gateway, error) {
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" {
		return nil, errors.New("the gateway's address cannot be parsed")
	}
	signer, err := NewSigner(c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("keys for the gateway: %w", err)
	}
	guard, err := newGuard([]string{c.URL}, c.Private)
	if err != nil {
		return nil, err
	}
	return &Gateway{address: c.URL, client: &Client{signer: signer, timeout: callTimeout, http: &http.Client{
		Transport:     guard,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}}, nil
}

// ShortMessage is what the gateway is sent, as JSON. ID names it for ever, and is
// the idempotency key: sent again it is the same message.
type ShortMessage struct {
	ID   string `json:"id"`
	To   string `json:"to"` // E.164, such as +8613800138000
	Text string `json:"text"`
}

// Send hands a message over. The gateway answers 2xx when it took it, and 422
// for a number that it will never serve (ErrNumber). Anything else is tried
// again by whoever calls. Neither number nor text is in an error.
func (g *Gateway) Send(ctx context.Context, m ShortMessage) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write short message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, g.client.timeout)
	defer cancel()
	status, _, err := g.client.exchange(ctx, http.MethodPost, g.address, body, func(header http.Header) error {
		header.Set("Content-Type", "application/json")
		header.Set("Idempotency-Key", m.ID)
		return g.client.signer.Sign(header, m.ID, time.Now(), body)
	}, maxReceipt)
	switch {
	case err != nil:
		return fmt.Errorf("send short message: %w", err)
	case status == http.StatusUnprocessableEntity:
		return fmt.Errorf("send short message: %w", ErrNumber)
	case status < 200 || status > 299:
		return fmt.Errorf("send short message: answered with %d", status)
	}
	return nil
}

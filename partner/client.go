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
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"unireg/partner/wire"
	"unireg/record"
)

// Bounds of a call.
const (
	// callTimeout is the longest that the CA company is waited for: an answer
	// within ten seconds is promised to people.
	callTimeout  = 8 * time.Second
	listTimeout  = 30 * time.Second
	checkTimeout = 5 * time.Second

	maxAnswer = 4 << 20  // bytes of an answer of the CA company
	maxList   = 32 << 20 // bytes of a list of revoked certificates
	maxCheck  = 64 << 10 // bytes of an answer about one certificate
)

// Config says where the CA company is and how it knows us.
type Config struct {
	// URL of its interface; "" when there is none to call.
	URL   string
	Token string // under which it tells where an application stands
	// Secrets sign what goes there; see NewSigner.
	Secrets []string
	// Issuers are the addresses of lists and answers about certificates.
	Issuers []string
	// Private allows loopback and private addresses.
	Private bool
	// Timeout of a call of the CA company; 0 means 8 seconds.
	Timeout time.Duration
}

// Client calls the CA company and the issuers. It is safe for use by several
// goroutines.
type Client struct {
	base    *url.URL // nil without a CA company
	token   string
	signer  *Signer
	timeout time.Duration
	http    *http.Client
}

// NewClient returns a client. Nothing is called yet.
func NewClient(c Config) (*Client, error) {
	client := &Client{token: c.Token, timeout: c.Timeout}
	if client.timeout <= 0 {
		client.timeout = callTimeout
	}
	addresses := c.Issuers
	if c.URL != "" {
		var err error
		if client.base, err = url.Parse(strings.TrimSuffix(c.URL, "/")); err != nil {
			return nil, errors.New("the CA company's address cannot be parsed")
		}
		if client.signer, err = NewSigner(c.Secrets); err != nil {
			return nil, fmt.Errorf("keys for the CA company: %w", err)
		}
		addresses = append([]string{c.URL}, addresses...)
	}
	guard, err := newGuard(addresses, c.Private)
	if err != nil {
		return nil, err
	}
	client.http = &http.Client{
		Transport:     guard,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, nil
}

// Apply hands an application over. The reference is its idempotency key: sent
// again it is the same application.
func (c *Client) Apply(ctx context.Context, bundle record.CABundle) record.CAAnswer {
	application, err := wireApplication(bundle)
	if err != nil {
		return failed(record.CAMalformed, err)
	}
	id := string(bundle.Reference)
	return c.tell(ctx, "apply-"+id, application, func(body []byte) record.CAAnswer {
		var acceptance wire.Acceptance
		if err := json.Unmarshal(body, &acceptance); err != nil {
			return failed(record.CAMalformed, fmt.Errorf("read acceptance: %w", err))
		}
		if !strings.EqualFold(acceptance.Reference.String(), id) || acceptance.OrderNo == "" || len([]rune(acceptance.OrderNo)) > 64 {
			return failed(record.CAMalformed, errors.New("read acceptance: it is not of this application"))
		}
		return record.CAAnswer{Acceptance: acceptanceOf(acceptance)}
	}, "applications")
}

// Withdraw asks to take an application back. Its events come with the answer.
func (c *Client) Withdraw(ctx context.Context, reference record.ID) record.CAAnswer {
	id, err := uuid.Parse(string(reference))
	if err != nil {
		return failed(record.CAMalformed, errors.New("the reference is no UUID"))
	}
	return c.tell(ctx, "withdraw-"+string(reference), wire.Withdrawal{Reference: id}, stateOf(reference),
		"applications", string(reference), "withdrawal")
}

// State asks where an application stands.
func (c *Client) State(ctx context.Context, reference record.ID) record.CAAnswer {
	if c.base == nil {
		return failed(record.CAUnconfigured, errors.New("no CA company is configured"))
	}
	address := c.base.JoinPath("applications", string(reference))
	return c.call(ctx, http.MethodGet, address, nil, func(header http.Header) error {
		header.Set("Authorization", "Bearer "+c.token)
		return nil
	}, stateOf(reference))
}

// stateOf reads the events of an application, each as it was received.
func stateOf(reference record.ID) func([]byte) record.CAAnswer {
	return func(body []byte) record.CAAnswer {
		var state struct {
			Reference record.ID         `json:"reference"`
			Events    []json.RawMessage `json:"events"`
		}
		if err := json.Unmarshal(body, &state); err != nil {
			return failed(record.CAMalformed, fmt.Errorf("read state: %w", err))
		}
		if !strings.EqualFold(string(state.Reference), string(reference)) {
			return failed(record.CAMalformed, errors.New("read state: it is of another application"))
		}
		answer := record.CAAnswer{}
		for _, e := range state.Events {
			answer.Events = append(answer.Events, e)
		}
		return answer
	}
}

// tell sends a signed message and reads what comes back with a success.
func (c *Client) tell(ctx context.Context, id string, message any, read func([]byte) record.CAAnswer, path ...string) record.CAAnswer {
	if c.base == nil {
		return failed(record.CAUnconfigured, errors.New("no CA company is configured"))
	}
	body, err := json.Marshal(message)
	if err != nil {
		return failed(record.CAMalformed, fmt.Errorf("write message: %w", err))
	}
	return c.call(ctx, http.MethodPost, c.base.JoinPath(path...), body, func(header http.Header) error {
		header.Set("Content-Type", "application/json")
		header.Set("Idempotency-Key", id)
		return c.signer.Sign(header, id, time.Now(), body)
	}, read)
}

// call makes one call of the CA company and names what it came to.
func (c *Client) call(
	ctx context.Context, method string, address *url.URL, body []byte, sign func(http.Header) error, read func([]byte) record.CAAnswer,
) record.CAAnswer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	status, content, err := c.exchange(ctx, method, address.String(), body, sign, maxAnswer)
	switch {
	case err != nil:
		return failed(failureOf(err), err)
	case status == http.StatusOK || status == http.StatusCreated:
		return read(content)
	case status == http.StatusUnprocessableEntity:
		return record.CAAnswer{Refused: true, Reason: reasonOf(content)}
	case status == http.StatusNotFound && problemOf(content) != nil:
		return record.CAAnswer{Unknown: true}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return failed(record.CAUnauthorized, fmt.Errorf("answered with %d", status))
	case status == http.StatusConflict:
		return failed(record.CAConflict, fmt.Errorf("answered with %d", status))
	default:
		return failed(record.CABroken, fmt.Errorf("answered with %d", status))
	}
}

// exchange sends a request and reads the answer, up to limit bytes. Its errors
// name no address: that stands in the configuration.
func (c *Client) exchange(
	ctx context.Context, method, address string, body []byte, prepare func(http.Header) error, limit int64,
) (status int, content []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("make request: the address cannot be used")
	}
	request.Header.Set("Accept", "application/json, application/problem+json, */*;q=0.1")
	request.Header.Set("User-Agent", "unireg")
	if err := prepare(request.Header); err != nil {
		return 0, nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the address
		}
		return 0, nil, fmt.Errorf("call: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return 0, nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(content)) > limit {
		return 0, nil, errTooLong
	}
	return response.StatusCode, content, nil
}

var errTooLong = errors.New("the answer is longer than agreed")

func failed(failure record.CAFailure, cause error) record.CAAnswer {
	return record.CAAnswer{Failure: failure, Cause: cause}
}

func failureOf(err error) record.CAFailure {
	var network net.Error
	switch {
	case errors.Is(err, errEgress):
		return record.CAForbidden
	case errors.Is(err, errTooLong):
		return record.CAMalformed
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return record.CATimeout
	default:
		return record.CAUnreachable
	}
}

// problemOf reads an answer of RFC 9457, nil if it is none.
func problemOf(content []byte) *wire.Problem {
	var problem wire.Problem
	if json.Unmarshal(content, &problem) != nil || problem.Title == "" {
		return nil
	}
	return &problem
}

// maxReason bounds what is kept of a refusal, in characters.
const maxReason = 500

// reasonOf is what a refusal says to people.
func reasonOf(content []byte) string {
	reason := ""
	if problem := problemOf(content); problem != nil {
		reason = problem.Title
		if problem.Detail != nil && *problem.Detail != "" {
			reason = *problem.Detail
		}
	}
	if text := []rune(reason); len(text) > maxReason {
		reason = string(text[:maxReason])
	}
	return reason
}

// FetchCRL fetches a list of revoked certificates from an address of the
// configuration, in DER as it stands there.
func (c *Client) FetchCRL(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	return c.fetch(ctx, http.MethodGet, address, nil, "", maxList)
}

// AskOCSP asks an issuer about one certificate: request and answer in DER.
func (c *Client) AskOCSP(ctx context.Context, address string, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return c.fetch(ctx, http.MethodPost, address, request, "application/ocsp-request", maxCheck)
}

func (c *Client) fetch(ctx context.Context, method, address string, body []byte, kind string, limit int64) ([]byte, error) {
	status, content, err := c.exchange(ctx, method, address, body, func(header http.Header) error {
		if kind != "" {
			header.Set("Content-Type", kind)
		}
		return nil
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("ask issuer: %w", err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("ask issuer: answered with %d", status)
	}
	return content, nil
}

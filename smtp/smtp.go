// Package smtp hands letters to the SMTP server of an installation. It knows
// nothing of what they say or to whom: whoever calls it has written them. What
// the server answers comes back as a step and a number, never in its words,
// which may repeat an address.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	wire "github.com/wneessen/go-mail/smtp"
)

// Security says how the connection to the server is kept from others.
type Security string

// The ways. Plain is for a server on the same machine, in development.
const (
	StartTLS Security = "starttls" // begun in the clear, and never without TLS
	TLS      Security = "tls"      // from the first byte
	Plain    Security = "none"
)

// Config says where the server is and how it knows us.
type Config struct {
	Address        string // host:port
	User, Password string // both empty where the server asks for none
	Security       Security
	From           string // address, or Name <address>
	// Timeout of one letter from dialing to the end; 0 means 30 seconds.
	Timeout time.Duration
	// Roots are whose certificates count; nil for the system's.
	Roots *x509.CertPool
}

// Sender sends letters. It is safe for use by several goroutines.
type Sender struct {
	config Config
	host   string
	port   int
	from   *mail.Address
	domain string // of the sender
}

// New returns a sender. Nothing is dialed yet.
func New(c Config) (*Sender, error) {
	s := &Sender{config: c}
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" {
		return nil, errors.New("the mail server's address is not host:port")
	}
	if s.host = host; c.Timeout <= 0 {
		s.config.Timeout = 30 * time.Second
	}
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return nil, errors.New("the mail server's port is no number")
	}
	if s.from, err = mail.ParseAddress(c.From); err != nil {
		return nil, errors.New("the sender is no mail address")
	}
	s.domain = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	if c.Security != StartTLS && c.Security != TLS && c.Security != Plain {
		return nil, fmt.Errorf("the security of the mail server is none of %s, %s, %s", StartTLS, TLS, Plain)
	}
	if (c.User == "") != (c.Password == "") {
		return nil, errors.New("the mail server takes a user and a password, or neither")
	}
	return s, nil
}

// Message is one letter.
type Message struct {
	// ID names the letter for ever: sent twice, it is seen to be the same.
	ID       string
	To       string // an address
	Subject  string
	Text     string
	HTML     string
	Language string // tag
	// Unsubscribe is the address that ends such letters by one POST (RFC 8058),
	// "" where they cannot be ended.
	Unsubscribe string
}

// Step is a part of the conversation with the server.
type Step string

// The steps.
const (
	StepConnect   Step = "connect"
	StepTLS       Step = "tls"
	StepAuth      Step = "auth"
	StepRecipient Step = "recipient"
	StepSend      Step = "send" // anything else
)

// Fault is what kept a letter from being taken.
type Fault struct {
	Step Step
	Code int // of the server's answer; 0 where it gave none
	// Status is the answer's enhanced code (RFC 3463), such as 5.1.1; "" for none.
	Status string
	cause  error // of the network; nil where the server answered
}

// Error says where it went wrong. It repeats nothing that the server said.
func (f *Fault) Error() string {
	said := ""
	if f.Code != 0 {
		said = strings.TrimSpace(fmt.Sprintf(": answered with %d %s", f.Code, f.Status))
	} else if f.cause != nil {
		said = ": " + f.cause.Error()
	}
	return "send mail: " + string(f.Step) + said
}

// Unwrap returns the network's error.
func (f *Fault) Unwrap() error { return f.cause }

// Permanent reports that this recipient will never be sent anything: the server
// refuses the address itself. A refusal by policy, or of the sender, is the
// operator's to mend, and other letters may be taken then.
func (f *Fault) Permanent() bool {
	return f.Step == StepRecipient && f.Code >= 500 &&
		(f.Status == "" || strings.HasPrefix(f.Status, "5.1.") || strings.HasPrefix(f.Status, "5.2."))
}

// Send has the server take a letter. nil says that it did; any other answer is a
// *Fault. Where the connection breaks after the letter was sent whole nobody
// knows, so that it is a fault, and the letter is sent again.
func (s *Sender) Send(ctx context.Context, m Message) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	client, connection, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.CloseWithSMTPClient(connection) }() // the letter is taken, or it is not
	err = client.SendWithSMTPClient(connection, message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return &Fault{Step: StepSend, cause: errors.New("the connection broke")}
	}
	f := &Fault{Step: StepSend, Code: refused.ErrorCode(), Status: refused.EnhancedStatusCode()}
	if refused.Reason == gomail.ErrSMTPRcptTo {
		f.Step = StepRecipient
	}
	if f.Code == 0 {
		f.cause = errors.New("the connection broke")
	}
	return f
}

// Probe asks the server for a conversation, with TLS and login as configured, and
// sends nothing.
func (s *Sender) Probe(ctx context.Context) error {
	client, connection, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if err := client.CloseWithSMTPClient(connection); err != nil {
		return &Fault{Step: StepSend, cause: errors.New("the server did not end the conversation")}
	}
	return nil
}

// message writes a letter as it goes over the wire.
func (s *Sender) message(m Message) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := message.FromFormat(s.from.Name, s.from.Address); err != nil {
		return nil, errors.New("write mail: the sender cannot be used")
	}
	if err := message.To(m.To); err != nil {
		return nil, &Fault{Step: StepRecipient, Code: 501, Status: "5.1.3"} // no server would take it
	}
	message.SetMessageIDWithValue(m.ID + "@" + s.domain)
	message.SetDate()
	message.Subject(m.Subject)
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("Content-Language", m.Language)
	if m.Unsubscribe != "" {
		message.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		message.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return message, nil
}

// dial begins a conversation.
func (s *Sender) dial(ctx context.Context) (*gomail.Client, *wire.Client, error) {
	c := s.config
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(c.Timeout), gomail.WithHELO(s.domain),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch c.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(c.Password))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, nil, errors.New("the settings of the mail server do not go together")
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, nil, dialFault(err)
	}
	return client, connection, nil
}

// dialFault tells at which step a conversation did not begin. What the server
// says in refusing a login is left out.
func dialFault(err error) *Fault {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var network *net.OpError
	code := 0
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		code = answer.Code
	}
	switch {
	case errors.As(err, &certificate), errors.As(err, &record), strings.Contains(err.Error(), "STARTTLS"):
		return &Fault{Step: StepTLS, cause: err}
	case strings.Contains(err.Error(), "SMTP AUTH"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered):
		return &Fault{Step: StepAuth, Code: code, cause: errors.New("the server offers no way to log in that is known and safe")}
	case code != 0:
		return &Fault{Step: StepConnect, Code: code}
	case errors.As(err, &network):
		return &Fault{Step: StepConnect, cause: network}
	}
	return &Fault{Step: StepConnect, cause: err}
}

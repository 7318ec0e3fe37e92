// Package web is the portal: what bidders, staff and the public see of the
// system. It takes requests through Fiber, asks package storage, rings the
// record's workflow, and draws pages with package view.
//
// A route is a row of one table (routes.go), which says who may use it; nothing
// is decided by the shape of a path. Every request becomes a visit (visit.go):
// who asks, with which session, and a context with an end. A handler returns an
// error, and one place (errors.go) turns it into a page. Whatever changes
// something passes one gate against forged requests (gate.go) and one decoder
// (forms.go), which copies what it reads: Fiber uses its buffers again.
//
// Nothing here writes the state of a record: handlers accept commands, and the
// workflows apply them.
package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"unireg/access"
	"unireg/certificate"
	"unireg/partner"
	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
	"unireg/workflows"
)

// Ringer is the portal's door to the workflows. A ring that fails or takes too
// long loses nothing: what was accepted is rung again by the relay.
type Ringer interface {
	// Ring wakes the record's workflow and waits for the command's outcome.
	Ring(ctx context.Context, id, command record.ID) (workflows.Answer, error)
	// RingRegistration starts the workflow that looks after a new subject.
	RingRegistration(ctx context.Context, subject record.ID) error
	// Healthy reports whether the engine answers and a worker serves.
	Healthy(ctx context.Context) error
	// WorkflowURL is the page about a record in Temporal Web at that base URL.
	WorkflowURL(base string, id record.ID) string
}

// Options is what a portal is made of.
type Options struct {
	Store   *storage.Store
	Objects *storage.Objects
	Rings   Ringer
	// Applications wakes the workflows of applications to the CA company; nil
	// leaves it to the relay.
	Applications ApplicationRinger
	// Imports starts the workflows of imports; nil leaves it to the worker.
	Imports ImportRinger
	// Exports starts the workflows of exports; nil leaves it to the worker.
	Exports ExportRinger
	// Processes tells what is running, for links to Temporal Web on the pages of
	// single subjects and records; nil for none.
	Processes ProcessFinder
	// Callbacks verifies what the CA company calls back, nil refuses all of it;
	// CallbackBell wakes the workflows, nil leaves it to the relay.
	Callbacks    *partner.Verifier
	CallbackBell CallbackBell
	// Subscribers judges the addresses of systems that are called on changes; nil
	// takes none.
	Subscribers AddressJudge
	Log         *slog.Logger
	// Watch is told what the portal does; nil for nobody.
	Watch Watcher
	Site  view.Site

	Origin         string   // as browsers see it, e.g. https://reg.example.cn
	TrustedProxies []string // addresses or networks whose X-Forwarded-For counts
	CookieKey      []byte   // at least 32 bytes; the same for every portal
	// Trust are the issuers whose certificates count; nil for no login by
	// certificate. OCSP asks their responders; nil for lists only.
	Trust       *certificate.Trust
	OCSP        OCSP
	CRLMaxAge   time.Duration // of a list that proves something; 0 means 24 hours
	AgentOrigin string        // of the USB-key agent on the bidder's computer

	// Downloads holds the builds of the agent, named as agentBuilds says; nil for
	// none.
	Downloads fs.FS

	// Channels are those by which messages leave the portal; none for messages on
	// its pages only. With mail a forgotten password is reset by a link.
	Channels []storage.Channel

	TemporalUI string // base URL of Temporal Web for staff; "" for no links

	IdleTimeout     time.Duration // of a session; 0 means 30 minutes
	AbsoluteTimeout time.Duration // of a session; 0 means 12 hours
	RequestTimeout  time.Duration // of a handler's work; 0 means 15 seconds
	ReadTimeout     time.Duration // for a request to arrive, uploads apart; 0 means 15 seconds
	RingWait        time.Duration // for an outcome before the receipt is shown; 0 means 3 seconds
	DrainTimeout    time.Duration // for the last requests at the end; 0 means 20 seconds
	DrainNotice     time.Duration // between the end's being told by /readyz and the last connection taken

	MaxFile         int64 // bytes of an attachment; 0 means 20 MiB
	Quota           int64 // bytes of all attachments of a subject; 0 means 2 GiB
	ProofDifficulty int64 // of the proofs of work; 0 means access.DefaultDifficulty
}

func (o *Options) complete() error {
	var faults []error
	if o.Store == nil || o.Objects == nil || o.Rings == nil {
		faults = append(faults, errors.New("the portal needs a store, an object store and a door to the workflows"))
	}
	if len(o.CookieKey) < 32 {
		faults = append(faults, errors.New("the cookie key has fewer than 32 bytes"))
	}
	origin, err := url.Parse(o.Origin)
	if err != nil || origin.Host == "" || origin.Scheme != "http" && origin.Scheme != "https" {
		faults = append(faults, errors.New("the portal's origin is not http(s)://host[:port]"))
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Watch == nil {
		o.Watch = unwatched{}
	}
	setDefault(&o.IdleTimeout, 30*time.Minute)
	setDefault(&o.AbsoluteTimeout, 12*time.Hour)
	setDefault(&o.RequestTimeout, 15*time.Second)
	setDefault(&o.ReadTimeout, 15*time.Second)
	setDefault(&o.RingWait, 3*time.Second)
	setDefault(&o.DrainTimeout, 20*time.Second)
	setDefault(&o.CRLMaxAge, 24*time.Hour)
	setDefault(&o.AgentOrigin, "http://127.0.0.1:17680")
	setDefault(&o.MaxFile, 20<<20)
	setDefault(&o.Quota, 2<<30)
	setDefault(&o.ProofDifficulty, access.DefaultDifficulty)
	return errors.Join(faults...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Limits of the connection.
const (
	idleConnection = 60 * time.Second
	// maxHeader bounds the request line and headers together, in bytes.
	maxHeader = 16 << 10
	// maxForm bounds the body of a request that is no upload, in bytes.
	maxForm = 2 << 20
	// maxConnections bounds what one portal serves at a time.
	maxConnections = 20_000
	// slowTransfer is how long an attachment may take either way.
	slowTransfer = 10 * time.Minute
)

// Server is the portal.
type Server struct {
	Options

	checksums   checksums
	connections connections
	stopping    atomic.Bool    // answers end their connection
	ringing     sync.WaitGroup // rings that nobody waits for
	app         *fiber.App
	seals       sealer
	lists       listShelf
	previews    previews
	proofs      *access.Proofs
	proxies     []netip.Prefix
	secure      bool   // browsers reach the portal over TLS only
	host        string // of the origin
	slow        []pattern
}

// New returns a portal that is ready to listen.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("new portal: %w", err)
	}
	s := &Server{Options: o, previews: newPreviews(), secure: strings.HasPrefix(o.Origin, "https://")}
	if origin, err := url.Parse(o.Origin); err == nil {
		s.host = origin.Host
	}
	var err error
	if s.proxies, err = parseProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("new portal: %w", err)
	}
	if s.seals, err = newSealer(o.CookieKey); err != nil {
		return nil, fmt.Errorf("new portal: %w", err)
	}
	if s.proofs, err = access.NewProofs(o.CookieKey, o.ProofDifficulty); err != nil {
		return nil, fmt.Errorf("new portal: %w", err)
	}
	s.app = fiber.New(fiber.Config{
		AppName:               "unireg",
		DisableStartupMessage: true,
		// Without it, what was read from one request changes under the next.
		Immutable:     true,
		CaseSensitive: true,
		StrictRouting: true,
		// Uploads are streamed to the object store; every other body is read,
		// and limited, by the one decoder.
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		BodyLimit:                    maxForm,
		ReadTimeout:                  o.ReadTimeout,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  idleConnection,
		ReadBufferSize:               maxHeader,
		Concurrency:                  maxConnections,
		ErrorHandler:                 s.strayError,
	})
	server := s.app.Server()
	handler := server.Handler
	server.Handler = func(ctx *fasthttp.RequestCtx) {
		s.harden(ctx)
		handler(ctx)
		if s.stopping.Load() {
			ctx.SetConnectionClose()
		}
	}
	server.HeaderReceived = s.patience
	server.ConnState = s.connections.turned
	server.CloseOnShutdown = true
	if err := s.mount(); err != nil {
		return nil, fmt.Errorf("new portal: %w", err)
	}
	return s, nil
}

// App is the application, for tests.
func (s *Server) App() *fiber.App { return s.app }

// patience gives the sending of attachments more time than other answers. To
// take one in, a visit asks for time of its own once it knows who sends it: what
// nobody sends must arrive as soon as anything else.
func (s *Server) patience(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	path, _, _ := strings.Cut(string(header.RequestURI()), "?")
	for _, p := range s.slow {
		if p.matches(string(header.Method()), path) {
			return fasthttp.RequestConfig{WriteTimeout: slowTransfer}
		}
	}
	return fasthttp.RequestConfig{}
}

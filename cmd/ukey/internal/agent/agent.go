// Package agent is the service on 127.0.0.1 that lets a portal in the browser
// use the keys plugged into this computer. The portal's page asks for a
// signature of a statement; the agent shows in a window of its own, a page of
// its own origin that no script of the portal can read, what is to be signed,
// and takes the PIN there. docs/agent.md describes its interface and why it is
// as it is.
package agent

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"unireg/cmd/ukey/internal/token"
)

// DefaultPort is where portals look for the agent.
const DefaultPort = 17680

// Name is how the agent calls itself in the Server header: by it the program
// finds another one of its kind on the port.
const Name = "ukey"

// patience is how long a request that waits is held open.
const patience = 25 * time.Second

// Options is what an agent works with.
type Options struct {
	Tokens *token.Watch
	// Allowed says whether pages of an origin may talk to the agent.
	Allowed func(origin string) bool
	// Origins lists the origins allowed now, to show them.
	Origins func() []string
	// Allow allows an origin for good, Forbid takes that back.
	Allow, Forbid func(origin string) error
	// Program is this program as it is installed on the computer.
	Program Program
	Port    int
	Version string
	Now     func() time.Time
	Log     *slog.Logger
}

// Agent answers the portal's pages and shows its window.
type Agent struct {
	Options
	requests  *requests
	hosts     map[string]bool
	seal      seal
	questions meter
	writing   sync.Mutex // held while the settings are written
}

// New returns an agent for a listener on 127.0.0.1:Port.
func New(o Options) *Agent {
	port := strconv.Itoa(o.Port)
	return &Agent{
		Options: o, requests: newRequests(), seal: newSeal(),
		hosts: map[string]bool{net.JoinHostPort("127.0.0.1", port): true, net.JoinHostPort("localhost", port): true},
	}
}

//go:embed static
var static embed.FS

// Handler returns the routes.
func (a *Agent) Handler() http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("GET /v1/status", a.status)
	api.HandleFunc("GET /v1/certificates", a.certificates)
	api.HandleFunc("POST /v1/signatures", a.requestSignature)
	api.HandleFunc("GET /v1/signatures/{id}", a.signature)

	mux := http.NewServeMux()
	mux.Handle("/v1/", a.cors(api))
	mux.HandleFunc("GET /{$}", a.personal(a.showStatus))
	mux.HandleFunc("GET /allow", a.personal(a.askAllow))
	mux.HandleFunc("POST /allow", a.form(allowingForm, a.answerAllow))
	mux.HandleFunc("GET /allow/refused", a.personal(a.showRefused))
	mux.HandleFunc("POST /forbid", a.form(forbidding, a.forbid))
	mux.HandleFunc("GET /install", a.personal(a.showInstall))
	mux.HandleFunc("POST /install", a.form(installing, a.install))
	mux.HandleFunc("POST /uninstall", a.form(installing, a.uninstall))
	mux.HandleFunc("GET /authenticate/{id}", a.showWindow)
	mux.HandleFunc("POST /authenticate/{id}", a.answerWindow)
	mux.Handle("GET /static/", http.FileServerFS(static))
	return a.own(mux)
}

// Server returns a server of the handler with limits on time and size.
func (a *Agent) Server() *http.Server {
	return &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: patience + 20*time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
}

// contentPolicy of every answer: nothing but the agent's own style, script and
// picture, and no frame around it.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// own refuses requests that were not addressed to this machine by its own name:
// a name of a stranger that leads to 127.0.0.1 (DNS rebinding) is in the Host
// header. It sets the headers of every answer.
func (a *Agent) own(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Browsers send Origin: null with a form under no-referrer.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		// The page that opened a window holds no handle of it.
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Server", Name)
		if !a.hosts[strings.ToLower(r.Host)] {
			a.Log.Warn("refused: another host's name")
			a.fail(w, http.StatusMisdirectedRequest, "host", "请求的主机名不是本机。")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cors lets pages of allowed origins through and answers browsers that ask
// beforehand, also before they let a page reach this computer (Private Network
// Access, Local Network Access). Whoever names no origin is refused too.
func (a *Agent) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Origin, Access-Control-Request-Private-Network, Access-Control-Request-Local-Network")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		origin := r.Header.Get("Origin")
		if !a.Allowed(origin) {
			a.Log.Warn("refused: origin not allowed", "origin", printable(origin))
			a.fail(w, http.StatusForbidden, "origin", "该网站不在 CA 驱动的允许名单中。")
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "600")
		for _, network := range []string{"Private", "Local"} {
			if r.Header.Get("Access-Control-Request-"+network+"-Network") == "true" {
				h.Set("Access-Control-Allow-"+network+"-Network", "true")
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// printable keeps a stranger's header short and in one line for the log.
func printable(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strconv.QuoteToASCII(s)
}

// problem is the body of a refusal: a code for programs, a sentence for people.
type problem struct {
	Code  string `json:"code"`
	Error string `json:"error"`
}

func (a *Agent) fail(w http.ResponseWriter, status int, code, text string) {
	a.reply(w, status, problem{Code: code, Error: text})
}

func (a *Agent) reply(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		a.Log.Error("encode an answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(encoded); err != nil {
		a.Log.Debug("an answer was not taken", "error", err)
	}
}

// decode reads a JSON body of one object without unknown fields.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode the body: %w", err)
	}
	if decoder.More() {
		return errors.New("decode the body: more than one value")
	}
	return nil
}

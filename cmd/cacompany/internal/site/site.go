// Package site is all that the CA company serves over HTTP: the interface for
// the registration system, lists and answers about certificates, the operator's
// pages, and the same for programs.
package site

import (
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/pki"
	"unireg/cmd/cacompany/internal/protocol"
)

// Parts are what a site stands on.
type Parts struct {
	Store   *ledger.Store
	PKI     *pki.PKI
	Company *company.Company
	Board   *faults.Board
	// Faults opens the switches; without it they cannot be reached.
	Faults bool
	// Directory is where files for the registration system are written anew.
	Directory string
	Log       *slog.Logger
}

// Site serves.
type Site struct {
	Parts
	sessions *sessions
}

//go:embed style.css
var files embed.FS

// maxBody bounds what is read of a request, in bytes.
const maxBody = 2 << 20

// New returns the handler of everything.
func New(parts Parts) http.Handler {
	s := &Site{Parts: parts, sessions: newSessions()}
	mux := http.NewServeMux()
	s.partnerRoutes(mux)
	s.automationRoutes(mux)
	s.deskRoutes(mux)
	mux.HandleFunc("GET /crl/{file}", s.crl)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		http.ServeFileFS(w, r, files, "style.css")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if strings.HasPrefix(r.URL.Path, "/ocsp/") {
			s.ocsp(w, r) // base64 in the path is no path: the mux would tidy it
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// settings as of this request.
func (s *Site) settings() (settings ledger.Settings, err error) {
	err = s.Store.View(func(tx *ledger.Tx) error {
		settings, err = tx.Settings()
		return err
	})
	return settings, err
}

// same compares secrets in a time that tells nothing.
func same(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return secret != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func bearer(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && same(given, token)
}

// answer is what a program is told.
type answer struct {
	status int
	body   any
}

func problem(status int, code, detail string) answer {
	return answer{status, &protocol.Problem{Title: http.StatusText(status), Status: status, Code: code, Detail: detail}}
}

var (
	unauthorised = problem(http.StatusUnauthorized, "unauthorized", "凭据无效。")
	fault        = problem(http.StatusServiceUnavailable, "fault", "系统故障，请稍后再试。")
)

// failed is the answer to an error: a refusal says why, a fault is logged.
func (s *Site) failed(what string, err error) answer {
	if refusal, ok := errors.AsType[*company.Refusal](err); ok {
		return answer{refusal.Status, refusal.Problem()}
	}
	s.Log.Error(what, "error", err)
	return fault
}

func (s *Site) write(w http.ResponseWriter, a answer) {
	kind := "application/json"
	if _, ok := a.body.(*protocol.Problem); ok {
		kind = "application/problem+json"
	}
	encoded, err := json.Marshal(a.body)
	if err != nil {
		s.Log.Error("write an answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = w.Write(encoded) // the other side may be gone
}

// body reads a request's body, false if it is too long or breaks off.
func body(r *http.Request) ([]byte, bool) {
	content, err := io.ReadAll(r.Body)
	return content, err == nil
}

// now is the clock of the site.
func now() time.Time { return time.Now() }

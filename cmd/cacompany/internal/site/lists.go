package site

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"unireg/certificate/authority"
	"unireg/cmd/cacompany/internal/faults"
)

// staleness is how old lists and answers are made by the fault switch.
const staleness = time.Hour

// listTime is the instant of which lists speak; false if they are down.
func (s *Site) listTime(w http.ResponseWriter) (time.Time, bool) {
	switch s.Board.Read().Lists {
	case faults.ListsDown:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return time.Time{}, false
	case faults.ListsStale:
		return now().Add(-staleness), true
	default:
		return now(), true
	}
}

// crl signs the list of an issuing authority anew for each request, so that what
// the operator did is in it at once.
func (s *Site) crl(w http.ResponseWriter, r *http.Request) {
	at, up := s.listTime(w)
	if !up {
		return
	}
	key, isList := strings.CutSuffix(r.PathValue("file"), ".crl")
	entries, err := s.Company.Unsound(key)
	if err != nil {
		s.Log.Error("list what is revoked", "error", err)
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	list, err := s.PKI.CRL(key, entries, at)
	if err != nil {
		s.Log.Error("sign a list", "error", err)
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	if list == nil || !isList {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/pkix-crl")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(list) // the other side may be gone
}

// ocsp answers POST with a request in DER, and GET with one in base64 in the
// path (RFC 6960, appendix A).
func (s *Site) ocsp(w http.ResponseWriter, r *http.Request) {
	at, up := s.listTime(w)
	if !up {
		return
	}
	key, encoded, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/ocsp/"), "/")
	var request []byte
	switch r.Method {
	case http.MethodPost:
		request, _ = body(r) // what is cut off is answered as malformed
	case http.MethodGet:
		text, err := url.PathUnescape(encoded)
		if err == nil {
			request, _ = base64.StdEncoding.DecodeString(text)
		}
	default:
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
		return
	}
	response := s.PKI.OCSP(key, request, func(serial string) (authority.State, error) { return s.Company.Standing(key, serial) }, at)
	if response == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(response) //nolint:gosec // G705: DER that is no page; the other side may be gone
}

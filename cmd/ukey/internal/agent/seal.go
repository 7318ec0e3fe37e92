package agent

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// seal draws the secrets of the forms on the agent's own pages: bound to what
// the form does and to the time, known to this run of the agent only. Nothing is
// remembered for them, so that nobody can fill a memory by asking.
type seal struct{ key []byte }

// sealed is how long a page's form can be sent.
const sealed = time.Hour

func newSeal() seal {
	s := seal{key: make([]byte, sha256.Size)}
	_, _ = rand.Read(s.key) // never fails, by its contract
	return s
}

// draw returns the secret of a form that does this.
func (s seal) draw(purpose string, now time.Time) string {
	at := strconv.FormatInt(now.Unix(), 36)
	return at + "." + s.sum(at, purpose)
}

// holds says whether a secret was drawn for a form that does this, not long ago.
func (s seal) holds(secret, purpose string, now time.Time) bool {
	at, sum, _ := strings.Cut(secret, ".")
	if !hmac.Equal([]byte(sum), []byte(s.sum(at, purpose))) {
		return false
	}
	drawn, err := strconv.ParseInt(at, 36, 64)
	return err == nil && now.Sub(time.Unix(drawn, 0)) <= sealed
}

func (s seal) sum(at, purpose string) string {
	mac := hmac.New(sha256.New, s.key)
	_, _ = mac.Write([]byte(at + "\n" + purpose)) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// fromAgent says whether the browser names the agent itself as the origin of a
// form.
func fromAgent(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Origin") == "http://"+r.Host && (site == "" || site == "same-origin")
}

// personal answers only a person's browser that shows the page: no page's fetch,
// no frame, no form of another origin. A link from another page may lead to it.
func (a *Agent) personal(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		origin, into := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Dest")
		if origin != "" && origin != "http://"+r.Host || into != "" && into != "document" {
			a.Log.Warn("refused: a page of the agent for another page", "origin", printable(origin))
			a.page(w, http.StatusForbidden, windowModel{Outcome: &strange})
			return
		}
		next(w, r)
	}
}

// form answers the forms of the agent's own pages: what carries the secret drawn
// for the purpose, from the agent's origin. purpose is asked after the form was
// read.
func (a *Agent) form(purpose func(*http.Request) string, next http.HandlerFunc) http.HandlerFunc {
	return a.personal(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil || !fromAgent(r) || !a.seal.holds(r.PostForm.Get("csrf"), purpose(r), a.Now()) {
			a.Log.Warn("refused: not sent by the agent's own page, or too late", "path", r.URL.Path)
			a.page(w, http.StatusForbidden, windowModel{Outcome: &strange})
			return
		}
		next(w, r)
	})
}

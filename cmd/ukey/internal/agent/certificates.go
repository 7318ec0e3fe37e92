package agent

import (
	"context"
	"net/http"
	"time"

	"unireg/cmd/ukey/internal/token"
)

type statusAnswer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Tokens  int    `json:"tokens"`
}

func (a *Agent) status(w http.ResponseWriter, _ *http.Request) {
	tokens, _ := a.Tokens.Tokens()
	a.reply(w, http.StatusOK, statusAnswer{Name: "ukey", Version: a.Version, Tokens: len(tokens)})
}

type certificateAnswer struct {
	ID         string    `json:"id"`
	Token      string    `json:"token"`
	CommonName string    `json:"common_name"`
	Issuer     string    `json:"issuer"`
	Serial     string    `json:"serial"`
	Algorithm  string    `json:"algorithm"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	DER        []byte    `json:"der"`
	TriesLeft  *int      `json:"tries_left"`
}

type certificatesAnswer struct {
	State        string              `json:"state"`
	Certificates []certificateAnswer `json:"certificates"`
}

// certificates lists what can sign. With ?wait= and a state it answers when the
// state is another, or after a while.
func (a *Agent) certificates(w http.ResponseWriter, r *http.Request) {
	if state := r.URL.Query().Get("wait"); state != "" {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		a.Tokens.Wait(ctx, state)
	}
	tokens, state := a.Tokens.Tokens()
	answer := certificatesAnswer{State: state, Certificates: []certificateAnswer{}}
	for _, t := range tokens {
		for _, c := range t.Certificates {
			answer.Certificates = append(answer.Certificates, certificateAnswer{
				ID: c.ID(), Token: c.Token, CommonName: c.CommonName(), Issuer: c.Issuer(), Serial: c.Serial(), Algorithm: string(c.Algorithm()),
				NotBefore: c.NotBefore().UTC(), NotAfter: c.NotAfter().UTC(), DER: c.Raw(), TriesLeft: tries(c.TriesLeft),
			})
		}
	}
	a.reply(w, http.StatusOK, answer)
}

// tries is null for a count that the token does not tell.
func tries(left int) *int {
	if left == token.Unknown {
		return nil
	}
	return &left
}

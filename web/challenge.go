package web

import (
	"net/http"
	"time"

	"unireg/access"
)

const (
	challengeAge = 20 * time.Minute
	challenges   = 300 // of an address an hour
)

// challenge sets a proof of work for the purpose asked for: organization,
// person, login or reset.
func (s *Server) challenge(v *visit) error {
	purpose := access.Purpose(v.Query("purpose", string(access.ProofOrganization)))
	switch purpose {
	case access.ProofOrganization, access.ProofPerson, access.ProofLogin, access.ProofReset:
	default:
		return errNoPage
	}
	if err := v.within("challenge", challenges); err != nil {
		return err
	}
	challenge, err := s.proofs.NewChallenge(purpose, time.Now().Add(challengeAge))
	if err != nil {
		return err
	}
	return v.json(http.StatusOK, challenge)
}

package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/altcha-org/altcha-lib-go"
)

// Purpose says what a proof of work is for; one does not serve for another.
type Purpose string

// The purposes.
const (
	ProofOrganization Purpose = "organization" // asking whether a unit is registered
	ProofPerson       Purpose = "person"       // the same of a natural person: four times the work
	ProofLogin        Purpose = "login"        // logging in while the account is under attack
	ProofReset        Purpose = "reset"        // asking for a link that sets a password
)

// effort multiplies the work of a purpose.
var effort = map[Purpose]int64{ProofOrganization: 1, ProofPerson: 4, ProofLogin: 1, ProofReset: 4}

// ErrProof reports a proof of work that is wrong, expired or for something else.
var ErrProof = errors.New("proof of work refused")

// maxProof bounds the payload that is parsed, in bytes.
const maxProof = 4 << 10

// Proofs sets and checks puzzles after the ALTCHA protocol, version 1: find the
// number whose SHA-256 with the salt is the challenge. Browsers take half of
// the difficulty in hashes on average; checking takes one.
type Proofs struct {
	key        string
	difficulty int64
}

// DefaultDifficulty takes an ordinary laptop's browser from 0.3 to 1 second.
const DefaultDifficulty = 100_000

// NewProofs returns puzzles of that difficulty: the largest number to be tried
// for an organization.
func NewProofs(key []byte, difficulty int64) (*Proofs, error) {
	if len(key) < minKey {
		return nil, errKeyTooShort
	}
	if difficulty < 1 {
		return nil, errors.New("the difficulty of proofs of work is not positive")
	}
	return &Proofs{key: hex.EncodeToString(mac(key, "proof")), difficulty: difficulty}, nil
}

// NewChallenge sets a puzzle, which encodes to the JSON that ALTCHA's widget
// reads.
func (p *Proofs) NewChallenge(purpose Purpose, expires time.Time) (altcha.Challenge, error) {
	times, ok := effort[purpose]
	if !ok {
		return altcha.Challenge{}, fmt.Errorf("proof of work for unknown purpose %q", purpose)
	}
	challenge, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: p.difficulty * times, SaltLength: 16, HMACKey: p.key, Expires: &expires,
		Params: url.Values{"purpose": {string(purpose)}},
	})
	if err != nil {
		return altcha.Challenge{}, fmt.Errorf("set proof of work: %w", err)
	}
	return challenge, nil
}

// Verify checks a solution, as the widget sends it, and returns the token under
// which storage remembers that it was used, and until when. Anything wrong is
// ErrProof.
func (p *Proofs) Verify(purpose Purpose, payload string) (token []byte, expires time.Time, err error) {
	if payload == "" || len(payload) > maxProof {
		return nil, time.Time{}, ErrProof
	}
	solved, err := decodePayload(payload)
	if err != nil {
		return nil, time.Time{}, err
	}
	params := altcha.ExtractParams(solved)
	until, err := strconv.ParseInt(params.Get("expires"), 10, 64)
	if err != nil || solved.Algorithm != string(altcha.SHA256) || params.Get("purpose") != string(purpose) {
		return nil, time.Time{}, ErrProof
	}
	ok, err := altcha.VerifySolutionSafe(solved, p.key, true)
	if err != nil || !ok {
		return nil, time.Time{}, ErrProof
	}
	sum := sha256.Sum256([]byte(solved.Challenge))
	return sum[:], time.Unix(until, 0), nil
}

// decodePayload reads a solution: base64 of JSON.
func decodePayload(payload string) (altcha.Payload, error) {
	text, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return altcha.Payload{}, ErrProof
	}
	var solved altcha.Payload
	if err := json.Unmarshal(text, &solved); err != nil {
		return altcha.Payload{}, ErrProof
	}
	return solved, nil
}

// Package partner speaks with the CA company: it signs and sends what goes
// there, verifies what comes from there, and fetches the lists and answers by
// which issuers say whether a certificate still counts. The contract of both
// directions is openapi.yaml; its shapes are in package wire.
//
// It also calls subscribers on changes (messenger.go), whose addresses supervisors
// give.
//
// Every call leaves through one guard (egress.go): only to the hosts of the
// configuration or of a subscription, never along a redirect or through a proxy of
// the environment, and not to private addresses unless that is allowed. Every answer is bounded
// in size and time. What an answer comes to is a record.CAAnswer: that the CA
// company refuses, or is away, is an outcome and no error.
package partner

import (
	_ "embed"
	"errors"
)

// Contract is the OpenAPI document of both directions.
//
//go:embed openapi.yaml
var Contract []byte

// What is wrong with a signed message. None of them says which key came near.
var (
	ErrHeaders   = errors.New("a webhook header is missing or malformed")
	ErrTimestamp = errors.New("the webhook timestamp is more than five minutes off")
	ErrSignature = errors.New("no signature of the webhook is right")
)

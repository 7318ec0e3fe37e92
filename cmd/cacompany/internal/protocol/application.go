// Package protocol holds what the registration system and the CA company say to
// each other: the shapes of partner/openapi.yaml, checked where they come in.
package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Business is what an application asks for.
type Business string

// The businesses.
const (
	Apply   Business = "apply"
	Renew   Business = "renew"
	Reissue Business = "reissue"
	Change  Business = "change"
	Unlock  Business = "unlock"
	Revoke  Business = "revoke"
)

// Businesses lists them in the order of forms.
func Businesses() []Business { return []Business{Apply, Renew, Reissue, Change, Unlock, Revoke} }

// Chinese names the business for people.
func (b Business) Chinese() string {
	return map[Business]string{Apply: "申请", Renew: "续期", Reissue: "补办（挂失）", Change: "变更", Unlock: "解锁", Revoke: "注销"}[b]
}

// Kind is whose certificate it is to be.
type Kind string

// The kinds of certificate.
const (
	Organization   Kind = "organization"
	Representative Kind = "representative"
	Agent          Kind = "agent"
	Person         Kind = "person"
)

// Chinese names the kind for people.
func (k Kind) Chinese() string {
	return map[Kind]string{Organization: "机构", Representative: "法定代表人", Agent: "经办人", Person: "自然人"}[k]
}

// Application is what the registration system hands over.
type Application struct {
	Reference      string          `json:"reference"` // a UUID
	Business       Business        `json:"business"`
	Kind           Kind            `json:"certificate_kind"`
	Medium         string          `json:"medium"` // ukey
	Years          int             `json:"years"`  // 1 to 3
	Pickup         string          `json:"pickup"` // counter or mail
	MailAddress    string          `json:"mail_address,omitempty"`
	Certificate    *CertificateRef `json:"certificate,omitempty"` // which one, unless it is the first
	Subject        Subject         `json:"subject"`
	Representative Party           `json:"representative"`
	Agent          Party           `json:"agent"`
	AppliedAt      time.Time       `json:"applied_at"`
}

// CertificateRef names a certificate.
type CertificateRef struct {
	Issuer string `json:"issuer"` // RFC 2253
	Serial string `json:"serial"` // upper-case hex
}

// Subject is whom the certificate names.
type Subject struct {
	Type    string `json:"type"` // organization or person
	Name    string `json:"name"`
	Code    string `json:"code"` // 统一社会信用代码, or the number of a person's document
	IDType  string `json:"id_type,omitempty"`
	Region  string `json:"region,omitempty"`
	Address string `json:"address,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

// Party is a person who acts for the subject.
type Party struct {
	Name     string `json:"name"`
	IDType   string `json:"id_type,omitempty"`
	IDNumber string `json:"id_number,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`
}

// ErrMalformed is in every error about a message that is not of the contract's
// shape. Texts name fields, never what they hold.
var ErrMalformed = errors.New("not of the contract's shape")

// maxText bounds every text of an application, in characters.
const maxText = 500

var serialPattern = regexp.MustCompile(`^[0-9A-F]{1,64}$`)

// ParseApplication reads and checks an application.
func ParseApplication(body []byte) (Application, error) {
	var a Application
	if err := decode(body, &a); err != nil {
		return a, err
	}
	return a, a.check()
}

// decode reads one JSON value. What the decoder complains of may quote the
// message, so it is not passed on.
func decode(body []byte, into any) error {
	if !utf8.Valid(body) || json.Unmarshal(body, into) != nil {
		return fmt.Errorf("%w: no JSON of the right types", ErrMalformed)
	}
	return nil
}

func (a Application) check() error {
	organization := a.Subject.Type == "organization"
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"reference", IsReference(a.Reference)},
		{"business", slices.Contains(Businesses(), a.Business)},
		{"certificate_kind", a.Kind.Chinese() != "" && organization == (a.Kind != Person)},
		{"medium", a.Medium == "ukey"},
		{"years", 1 <= a.Years && a.Years <= 3},
		{"pickup", a.Pickup == "counter" || a.Pickup == "mail" && a.MailAddress != ""},
		{"certificate", a.Certificate == nil || a.Certificate.Issuer != "" && serialPattern.MatchString(a.Certificate.Serial)},
		{"subject", (organization || a.Subject.Type == "person") && present(a.Subject.Name) && present(a.Subject.Code)},
		{"representative", present(a.Representative.Name) || a.Kind == Person},
		{"agent", present(a.Agent.Name) || a.Kind == Person},
		{"applied_at", !a.AppliedAt.IsZero()},
		{"text lengths", a.short()},
	} {
		if !c.ok {
			return fmt.Errorf("%w: %s", ErrMalformed, c.field)
		}
	}
	return nil
}

func present(text string) bool { return strings.TrimSpace(text) != "" }

func (a Application) short() bool {
	texts := []string{a.MailAddress, a.Subject.Name, a.Subject.Code, a.Subject.IDType, a.Subject.Region, a.Subject.Address, a.Subject.Phone}
	for _, p := range []Party{a.Representative, a.Agent} {
		texts = append(texts, p.Name, p.IDType, p.IDNumber, p.Phone, p.Email)
	}
	return !slices.ContainsFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) > maxText })
}

// IsReference says whether text is a UUID in its usual spelling.
func IsReference(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && strings.EqualFold(id.String(), text)
}

// Withdrawal takes an application back.
type Withdrawal struct {
	Reference string `json:"reference"`
}

// ParseWithdrawal reads and checks a withdrawal.
func ParseWithdrawal(body []byte) (Withdrawal, error) {
	var w Withdrawal
	if err := decode(body, &w); err != nil {
		return w, err
	}
	if !IsReference(w.Reference) {
		return w, fmt.Errorf("%w: reference", ErrMalformed)
	}
	return w, nil
}

// Acceptance answers an application that was taken in.
type Acceptance struct {
	Reference string    `json:"reference"`
	OrderNo   string    `json:"order_no"`
	Papers    []string  `json:"papers"` // what to bring
	Counters  []Counter `json:"counters"`
}

// Counter is a 受理点.
type Counter struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Hours   string `json:"hours,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

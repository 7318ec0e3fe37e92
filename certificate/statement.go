// Package certificate knows what a CA certificate proves: who issued it, for
// whom, whether it counts at an instant, and what was signed with its key. RSA,
// ECDSA and SM2 stand side by side. It knows nothing of HTTP, SQL or Temporal:
// whoever fetches lists and answers hands their bytes in.
package certificate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Purpose says what a signature is for. It is under the signature, so that one
// given for a login never passes for one on a document.
type Purpose string

// The purposes.
const (
	Login  Purpose = "login"
	Submit Purpose = "submit"
)

// Statement is what a key signs: never a bare digest. Its bytes are what the
// agent shows in words, signs, and the portal rebuilds from its own knowledge.
type Statement struct {
	Purpose Purpose
	// Origin of the portal, such as https://reg.example.cn.
	Origin string
	// Nonce serves once: the challenge of a login, the command's id of a submit.
	Nonce string
	// Session binds the statement to the browser it was drawn for: base64url of
	// a SHA-256, without padding.
	Session string
	// Time at which the server drew the challenge; whole seconds count.
	Time time.Time
	// Digest is the SHA-256 of the canonical document in lower-case hex; "" for
	// a login.
	Digest string
	// Title names the document in the person's language; "" for a login.
	Title string
}

// header names format and version in the first line.
const header = "unireg-statement/1"

// maxStatement bounds what is parsed and signed, in bytes.
const maxStatement = 4096

// Bytes returns the statement's encoding: lines of "name: value" in a fixed
// order, each ended by a line feed, UTF-8. Every statement has exactly one.
// docs/signatures.md specifies it with test vectors.
func (s Statement) Bytes() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(header + "\n")
	for _, line := range [][2]string{
		{"purpose", string(s.Purpose)},
		{"origin", s.Origin},
		{"nonce", s.Nonce},
		{"session", s.Session},
		{"time", s.Time.UTC().Format(time.RFC3339)},
		{"digest", s.Digest},
		{"title", s.Title},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\n")
	}
	if b.Len() > maxStatement {
		return nil, fmt.Errorf("%w: longer than %d bytes", errStatement, maxStatement)
	}
	return []byte(b.String()), nil
}

var errStatement = errors.New("not a statement")

func (s Statement) check() error {
	for name, value := range map[string]string{
		"origin": s.Origin, "nonce": s.Nonce, "session": s.Session, "digest": s.Digest, "title": s.Title,
	} {
		if !utf8.ValidString(value) || strings.ContainsFunc(value, misleads) || strings.TrimSpace(value) != value {
			return fmt.Errorf("%w: %s is no UTF-8 or holds a control character or outer space", errStatement, name)
		}
	}
	binding, err := base64.RawURLEncoding.DecodeString(s.Session)
	switch {
	case s.Purpose != Login && s.Purpose != Submit:
		return fmt.Errorf("%w: unknown purpose", errStatement)
	case s.Origin == "" || s.Nonce == "":
		return fmt.Errorf("%w: origin or nonce is missing", errStatement)
	case err != nil || len(binding) != 32:
		return fmt.Errorf("%w: the session is no SHA-256 in base64url", errStatement)
	case s.Time.IsZero() || s.Time.Nanosecond() != 0 || s.Time.UTC().Year() > 9999:
		return fmt.Errorf("%w: the time is no whole second before the year 10000", errStatement)
	case (s.Purpose == Submit) != isDigest(s.Digest) || (s.Purpose == Login) != (s.Digest == ""):
		return fmt.Errorf("%w: a submit has a digest, a login has none", errStatement)
	case (s.Purpose == Submit) != (s.Title != ""):
		return fmt.Errorf("%w: a submit has a title, a login has none", errStatement)
	}
	return nil
}

// misleads names the characters that end a line somewhere, or change the
// direction in which a person reads what is signed.
func misleads(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Bidi_Control, r)
}

// maxTitle bounds what Title returns, in characters.
const maxTitle = 200

// Title makes of any text a line that a Statement may carry as its title: what
// misleads becomes a space, runs of spaces become one, and the line is cut at
// 200 characters. It may be empty.
func Title(text string) string {
	text = strings.Map(func(r rune) rune {
		if misleads(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	line := []rune(strings.Join(strings.Fields(text), " "))
	return strings.TrimSpace(string(line[:min(len(line), maxTitle)]))
}

func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// ParseStatement reads the encoding. Whatever Bytes would not have written,
// byte for byte, is refused.
func ParseStatement(encoded []byte) (Statement, error) {
	if len(encoded) > maxStatement {
		return Statement{}, fmt.Errorf("%w: longer than %d bytes", errStatement, maxStatement)
	}
	lines := strings.Split(string(encoded), "\n")
	names := []string{"purpose", "origin", "nonce", "session", "time", "digest", "title"}
	if len(lines) != len(names)+2 || lines[0] != header {
		return Statement{}, fmt.Errorf("%w: unknown header or number of lines", errStatement)
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := strings.CutPrefix(lines[i+1], name+": ")
		if !ok {
			return Statement{}, fmt.Errorf("%w: line %d is not %s", errStatement, i+2, name)
		}
		values[i] = value
	}
	at, err := time.Parse(time.RFC3339, values[4])
	if err != nil {
		return Statement{}, fmt.Errorf("%w: the time is none", errStatement)
	}
	s := Statement{
		Purpose: Purpose(values[0]), Origin: values[1], Nonce: values[2], Session: values[3], Time: at.UTC(), Digest: values[5], Title: values[6],
	}
	again, err := s.Bytes()
	if err != nil {
		return Statement{}, err
	}
	if string(again) != string(encoded) {
		return Statement{}, fmt.Errorf("%w: not in its one encoding", errStatement)
	}
	return s, nil
}

package certificate

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emmansun/gmsm/smx509"
)

// maxCode bounds a code found in a certificate, in characters.
const maxCode = 64

// codeRule finds the subject's code in the certificates of one issuer.
type codeRule struct {
	// places are tried in order; the first that gives a code decides.
	places []asn1.ObjectIdentifier
	// extensions says of each place whether extensions are searched, too.
	extensions []bool
	// pattern has one group, or is nil.
	pattern *regexp.Regexp
}

// subjectAttributes are the names allowed after "subject:".
var subjectAttributes = map[string]asn1.ObjectIdentifier{
	"CN":           {2, 5, 4, 3},
	"serialNumber": {2, 5, 4, 5},
	"O":            {2, 5, 4, 10},
	"OU":           {2, 5, 4, 11},
}

// parseCodeRule reads "oid:<dotted>" or "subject:<name>", several separated by
// commas, and a pattern with exactly one group, or "".
func parseCodeRule(places, pattern string) (codeRule, error) {
	var rule codeRule
	for place := range strings.SplitSeq(places, ",") {
		kind, name, _ := strings.Cut(strings.TrimSpace(place), ":")
		oid, known := subjectAttributes[name]
		switch {
		case kind == "subject" && known:
		case kind == "oid":
			var err error
			if oid, err = parseOID(name); err != nil {
				return codeRule{}, err
			}
		default:
			return codeRule{}, fmt.Errorf("code %q is neither oid:<number> nor subject:CN, serialNumber, O or OU", place)
		}
		rule.places = append(rule.places, oid)
		rule.extensions = append(rule.extensions, kind == "oid")
	}
	if pattern == "" {
		return rule, nil
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return codeRule{}, fmt.Errorf("code_pattern: %w", err)
	}
	if compiled.NumSubexp() != 1 {
		return codeRule{}, fmt.Errorf("code_pattern %q does not have exactly one group", pattern)
	}
	rule.pattern = compiled
	return rule, nil
}

func parseOID(text string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no object identifier", text)
		}
		oid = append(oid, n)
	}
	if len(oid) < 2 {
		return nil, fmt.Errorf("%q is no object identifier", text)
	}
	return oid, nil
}

var (
	errNoCode   = errors.New("the certificate has no code where its issuer puts it")
	errTwoCodes = errors.New("the certificate has several codes")
)

// find returns the code. Two different codes in one place are none: nobody
// could say whose certificate it is.
func (r codeRule) find(x *smx509.Certificate) (string, error) {
	for i, oid := range r.places {
		values := subjectValues(x, oid)
		if r.extensions[i] {
			values = append(extensionValues(x, oid), values...)
		}
		codes := r.match(values)
		switch len(codes) {
		case 0:
		case 1:
			return codes[0], nil
		default:
			return "", refuse(NoCode, errTwoCodes)
		}
	}
	return "", refuse(NoCode, errNoCode)
}

// match returns the distinct codes among values.
func (r codeRule) match(values []string) []string {
	var codes []string
	for _, value := range values {
		code := strings.TrimSpace(value)
		if r.pattern != nil {
			groups := r.pattern.FindStringSubmatch(code)
			if groups == nil {
				continue
			}
			code = groups[1]
		}
		if isCode(code) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func isCode(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxCode &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

func subjectValues(x *smx509.Certificate, oid asn1.ObjectIdentifier) []string {
	var values []string
	for _, name := range x.Subject.Names {
		if text, ok := name.Value.(string); ok && name.Type.Equal(oid) {
			values = append(values, text)
		}
	}
	return values
}

func extensionValues(x *smx509.Certificate, oid asn1.ObjectIdentifier) []string {
	var values []string
	for _, extension := range x.Extensions {
		if extension.Id.Equal(oid) {
			if text, ok := extensionText(extension.Value, 2); ok {
				values = append(values, text)
			}
		}
	}
	return values
}

// extensionText reads the forms in which authorities write a code: an ASN.1
// string of any kind, such a string or bare text within an OCTET STRING (at
// most depth times), or bare text.
func extensionText(value []byte, depth int) (string, bool) {
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(value, &raw)
	if err != nil || len(rest) > 0 || raw.Class != asn1.ClassUniversal {
		return string(value), isCode(string(value))
	}
	if raw.Tag == asn1.TagOctetString && depth > 0 {
		return extensionText(raw.Bytes, depth-1)
	}
	var text string
	if rest, err := asn1.Unmarshal(value, &text); err == nil && len(rest) == 0 {
		return text, true
	}
	return string(value), isCode(string(value))
}

// covers says whether an extension is one that the rule reads.
func (r codeRule) covers(oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(r.places, oid.Equal)
}

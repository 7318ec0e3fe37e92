package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Canonical returns the canonical bytes of a document: JSON without white
// space, keys sorted by byte order, only strings, booleans, lists and maps as
// values, no HTML escaping. The same content always gives the same bytes; they
// are what is hashed, signed, encrypted and kept.
func Canonical(k Kind, d Document) ([]byte, error) {
	definition, ok := DefinitionOf(k)
	if !ok {
		return nil, fmt.Errorf("canonical content of unknown kind %q", k)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(envelope{Content: d.Form(time.Time{}).Encode(), Kind: k, Schema: definition.Schema})
	if err != nil {
		return nil, fmt.Errorf("canonical content of %s: %w", k, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// envelope declares its fields in the order of their names, as in a sorted map.
type envelope struct {
	Content map[string]any `json:"content"`
	Kind    Kind           `json:"kind"`
	Schema  int            `json:"schema"`
}

// ParseCanonical reads canonical bytes of this or an older schema.
func ParseCanonical(content []byte) (Kind, Document, error) {
	var e envelope
	if err := json.Unmarshal(content, &e); err != nil {
		return "", nil, fmt.Errorf("parse canonical content: %w", err)
	}
	definition, ok := DefinitionOf(e.Kind)
	if !ok {
		return "", nil, fmt.Errorf("parse canonical content: unknown kind %q", e.Kind)
	}
	if e.Schema > definition.Schema {
		return "", nil, fmt.Errorf("parse canonical content: schema %d of %s is newer than %d", e.Schema, e.Kind, definition.Schema)
	}
	d := definition.New()
	if err := d.Form(time.Time{}).Decode(e.Content); err != nil {
		return "", nil, fmt.Errorf("parse canonical content of %s: %w", e.Kind, err)
	}
	return e.Kind, d, nil
}

// Copy returns a document of the kind with the same content, of which nothing is
// shared with d.
func Copy(k Kind, d Document) (Document, error) {
	content, err := Canonical(k, d)
	if err != nil {
		return nil, err
	}
	_, copied, err := ParseCanonical(content)
	return copied, err
}

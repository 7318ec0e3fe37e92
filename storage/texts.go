package storage

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// texts is a text[] of what people typed. Bun's own reader takes an element that
// begins with \x for bytes in hexadecimal digits: a name may begin so.
type texts []string

var escapeText = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Value writes the array as PostgreSQL reads it, nil as an empty one.
func (t texts) Value() (driver.Value, error) {
	quoted := make([]string, len(t))
	for i, text := range t {
		quoted[i] = `"` + escapeText.Replace(text) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}", nil
}

var errTextArray = errors.New("not an array of texts")

// Scan reads an array of one dimension without NULLs.
func (t *texts) Scan(source any) error {
	var array string
	switch source := source.(type) {
	case nil:
		*t = nil
		return nil
	case string:
		array = source
	case []byte:
		array = string(source)
	default:
		return fmt.Errorf("%w: %T", errTextArray, source)
	}
	if len(array) < 2 || array[0] != '{' || array[len(array)-1] != '}' {
		return errTextArray
	}
	*t = elements(array[1 : len(array)-1])
	return nil
}

// elements are the texts between the braces of an array: in quotes, with
// backslashes before what would end them, or bare.
func elements(array string) []string {
	all := []string{}
	var element strings.Builder
	quoted := false
	for i := 0; i < len(array); i++ {
		switch c := array[i]; {
		case c == '\\' && i+1 < len(array):
			i++
			element.WriteByte(array[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			all = append(all, element.String())
			element.Reset()
		default:
			element.WriteByte(c)
		}
	}
	if array != "" {
		all = append(all, element.String())
	}
	return all
}

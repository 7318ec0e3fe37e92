package agent

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
)

// pinForm is what the window sends. The PIN stays in byte slices that are wiped:
// net/http's form parsing would leave it in strings, which nothing wipes.
type pinForm struct {
	raw    []byte
	pin    []byte
	token  []byte
	cancel bool
}

func (f *pinForm) wipe() {
	clear(f.raw)
	clear(f.pin)
}

// maxForm bounds the window's form in bytes.
const maxForm = 4 << 10

var errForm = errors.New("not the window's form")

// readForm reads the window's form. What it returns is to be wiped, also with
// an error.
func readForm(w http.ResponseWriter, r *http.Request) (*pinForm, error) {
	f := &pinForm{raw: make([]byte, maxForm)}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return f, errForm
	}
	n, err := io.ReadFull(http.MaxBytesReader(w, r.Body, maxForm), f.raw)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return f, errForm
	}
	for pair := range bytes.SplitSeq(f.raw[:n], []byte("&")) {
		name, value, _ := bytes.Cut(pair, []byte("="))
		value, ok := unescape(value)
		if !ok {
			return f, errForm
		}
		switch string(name) {
		case "pin":
			f.pin = value
		case "csrf":
			f.token = value
		case "action":
			f.cancel = string(value) == "cancel"
		}
	}
	return f, nil
}

// unescape decodes a form value in its own place.
func unescape(value []byte) ([]byte, bool) {
	n := 0
	for i := 0; i < len(value); i++ {
		b := value[i]
		switch b {
		case '+':
			b = ' '
		case '%':
			if i+2 >= len(value) {
				return nil, false
			}
			high, low := hexDigit(value[i+1]), hexDigit(value[i+2])
			if high < 0 || low < 0 {
				return nil, false
			}
			b, i = byte(high<<4|low), i+2
		}
		value[n] = b
		n++
	}
	return value[:n], true
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	default:
		return -1
	}
}

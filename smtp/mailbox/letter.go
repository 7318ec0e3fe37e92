package mailbox

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Letter is a letter that was taken, read.
type Letter struct {
	Raw     string // as it came
	ID      string // Message-ID
	To      string
	Subject string
	Text    string // its plain text
	HTML    string
}

// Letters are what was taken, the earliest first.
func (m *Mailbox) Letters() ([]Letter, error) {
	names, err := filepath.Glob(filepath.Join(m.dir, "*.eml"))
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	slices.Sort(names)
	all := make([]Letter, 0, len(names))
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // of our own folder
		if err != nil {
			return nil, fmt.Errorf("read letter: %w", err)
		}
		letter, err := read(string(content))
		if err != nil {
			return nil, fmt.Errorf("read letter %s: %w", filepath.Base(name), err)
		}
		all = append(all, letter)
	}
	return all, nil
}

// read decodes a letter of plain text and HTML.
func read(raw string) (Letter, error) {
	message, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return Letter{}, err
	}
	l := Letter{Raw: raw, ID: message.Header.Get("Message-Id"), To: message.Header.Get("To")}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Letter{}, err
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return Letter{}, err
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return Letter{}, err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return Letter{}, err
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			l.Text = text
		} else {
			l.HTML = text
		}
	}
}

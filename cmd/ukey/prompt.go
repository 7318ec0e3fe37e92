package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// prompt asks for secrets: on a terminal without showing them, otherwise a line
// each of the input.
type prompt struct {
	in    *os.File
	lines *bufio.Reader
	out   io.Writer
}

func newPrompt(in *os.File, out io.Writer) *prompt {
	return &prompt{in: in, lines: bufio.NewReader(in), out: out}
}

// secret returns what was typed, which is the caller's to wipe.
func (p *prompt) secret(what string) ([]byte, error) {
	var typed []byte
	var err error
	if descriptor := int(p.in.Fd()); term.IsTerminal(descriptor) {
		_, _ = fmt.Fprintf(p.out, "%s: ", what)
		typed, err = term.ReadPassword(descriptor)
		_, _ = fmt.Fprintln(p.out)
	} else {
		typed, err = p.lines.ReadBytes('\n')
		typed = bytes.TrimRight(typed, "\r\n")
		if errors.Is(err, io.EOF) && len(typed) > 0 {
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return typed, nil
}

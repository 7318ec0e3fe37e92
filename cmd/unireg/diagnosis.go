package main

import (
	"fmt"
	"io"
	"strings"

	"unireg/storage"
)

// diagnosis collects what the doctor finds.
type diagnosis struct {
	out    io.Writer
	faults int
}

// finding is one fault: a sentence for it, what was said about it by somebody
// else, and what to do next.
type finding struct {
	what     string // the part of the system
	sentence string
	cause    error // nil where the sentence says it all
	next     string
}

func (d *diagnosis) say(verdict, what, detail string) {
	detail = strings.ReplaceAll(detail, "\n", "; ")
	_, _ = fmt.Fprintf(d.out, "%-5s %-14s %s\n", verdict, what, detail) // a closed terminal changes no diagnosis
}

func (d *diagnosis) fine(what, detail string, values ...any) {
	d.say("ok", what, fmt.Sprintf(detail, values...))
}

// warn tells what works today and may be meant so.
func (d *diagnosis) warn(f finding) { d.tell("warn", f) }

// fault tells what must be put right.
func (d *diagnosis) fault(f finding) {
	d.faults++
	d.tell("FAULT", f)
}

// skip tells that nobody could look, because of a fault that was told before.
func (d *diagnosis) skip(needs string, what ...string) {
	for _, name := range what {
		d.say("-", name, "not examined: it needs the "+needs)
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (d *diagnosis) tell(verdict string, f finding) {
	d.say(verdict, f.what, f.sentence)
	if f.cause != nil {
		d.say("", "", "cause: "+storage.LogText(f.cause))
	}
	if f.next != "" {
		d.say("", "", "next:  "+f.next)
	}
}

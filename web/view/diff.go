package view

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Op says where a run of text occurs.
type Op int

// The operations.
const (
	Common  Op = iota // in both texts
	Removed           // in the earlier text only
	Added             // in the later text only
)

// Run is a stretch of text that was kept, removed or added as a whole.
type Run struct {
	Op   Op
	Text string
}

// Diff splits two texts into runs. It works by characters, taking a number as
// one, and then joins what a reader would see as one change. The runs without
// Added give before, those without Removed give after.
func Diff(before, after string) []Run {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the result depends on the texts alone
	words := numbers{}
	var runs []Run
	for _, d := range dmp.DiffCleanupSemantic(dmp.DiffMainRunes(words.fold(before), words.fold(after), false)) {
		op := Common
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			op = Removed
		case diffmatchpatch.DiffInsert:
			op = Added
		case diffmatchpatch.DiffEqual:
		}
		runs = append(runs, Run{op, words.unfold(d.Text)})
	}
	return runs
}

// numbers stand for amounts, dates and phone numbers in a text, each as a
// character of the private planes.
type numbers []string

var numberPattern = regexp.MustCompile(`[0-9][0-9.,-]{1,14}`)

const privatePlane = 0xF0000

func (n *numbers) fold(text string) []rune {
	return []rune(numberPattern.ReplaceAllStringFunc(text, func(number string) string {
		i := slices.Index(*n, number)
		if i < 0 {
			i, *n = len(*n), append(*n, number)
		}
		return string(rune(privatePlane + i))
	}))
}

func (n *numbers) unfold(text string) string {
	var out strings.Builder
	for _, r := range text {
		if i := int(r) - privatePlane; i >= 0 && i < len(*n) {
			out.WriteString((*n)[i])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// side returns the runs of one side: Removed for the earlier text, Added for
// the later one.
func side(runs []Run, op Op) []Run {
	var kept []Run
	for _, r := range runs {
		if r.Op == Common || r.Op == op {
			kept = append(kept, r)
		}
	}
	return kept
}

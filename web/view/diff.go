package view

import "github.com/sergi/go-diff/diffmatchpatch"

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

// Diff splits two texts into runs. It works by characters and then joins what a
// reader would see as one change. The runs without Added give before, those
// without Removed give after.
func Diff(before, after string) []Run {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the result depends on the texts alone
	var runs []Run
	for _, d := range dmp.DiffCleanupSemantic(dmp.DiffMainRunes([]rune(before), []rune(after), false)) {
		op := Common
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			op = Removed
		case diffmatchpatch.DiffInsert:
			op = Added
		case diffmatchpatch.DiffEqual:
		}
		runs = append(runs, Run{op, d.Text})
	}
	return runs
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

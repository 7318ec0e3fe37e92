package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"unireg/config"
	"unireg/storage"
)

type verifyCommand struct {
	System verifySystem `cmd:"" default:"withargs" help:"Prove that PostgreSQL, the object store and Temporal agree, and repair what is safe to repair."`
	Bundle verifyBundle `cmd:"" help:"Prove one signed version from its bundle alone, offline."`
	Proof  verifyProof  `cmd:"" help:"Prove from a file alone that a checkpoint covers one subject's history, offline."`
}

type verifySystem struct {
	Content    bool   `help:"Read every attachment anew and compare its hash, too."`
	Checkpoint string `help:"Compare the history with a checkpoint that was kept elsewhere, too." type:"existingfile" placeholder:"FILE"`
	Repair     bool   `help:"Repair what has a safe repair, and prove again." xor:"change"`
	DryRun     bool   `help:"Change nothing, which is the default." xor:"change"`
	JSON       bool   `help:"Print one JSON document instead of lines." name:"json"`
}

// Help tells what is proven.
func (verifySystem) Help() string {
	return `Checks the invariants inside PostgreSQL (commands, events, versions, hash chains, lists, what is public, what expires, the days of the desk), the history
against its signed checkpoints, the signature of every signed version, every attachment against its object, and every record under way against its
running workflow. Prints counts and a line for each disagreement: the invariant, the id, the fault, and what to do. The exit code is 1 if any is left.

Without --repair nothing is changed. With it every disagreement that has a safe repair is repaired, by the same code that would have done it rightly,
and leaves an event in the history of the subject concerned; then everything is proven again. Broken histories and signatures are never repaired.`
}

// Run proves, repairs if it is asked to, and names what disagrees.
func (v verifySystem) Run(ctx context.Context, out io.Writer) (err error) {
	c, err := settings(config.Verify)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, c, newLog(c, os.Stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()

	report, err := r.prove(ctx, v)
	if err != nil {
		return err
	}
	if v.Repair && len(report.Disagreements) > 0 {
		if report, err = r.repaired(ctx, v, report); err != nil {
			return err
		}
	}
	return report.print(out, v.JSON)
}

// counted is how much there is of something.
type counting struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

// verdict is one disagreement and what became of it.
type verdict struct {
	Invariant string `json:"invariant"`
	ID        string `json:"id"`
	Fault     string `json:"fault"`
	// Repaired says what was done; Do what an operator does about one that is left.
	Repaired string `json:"repaired,omitempty"`
	Do       string `json:"do,omitempty"`
}

// verifyReport is what a verification found.
type verifyReport struct {
	Agrees        bool       `json:"agrees"`
	Counts        []counting `json:"counts"`
	Disagreements []verdict  `json:"disagreements"`
}

// left counts the disagreements that were not repaired.
func (r *verifyReport) left() int {
	n := 0
	for _, d := range r.Disagreements {
		if d.Repaired == "" {
			n++
		}
	}
	return n
}

// print writes the report and answers an error where anything disagrees.
func (r *verifyReport) print(out io.Writer, asJSON bool) error {
	left := r.left()
	r.Agrees = left == 0
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return err
		}
	} else if err := r.printLines(out); err != nil {
		return err
	}
	if left > 0 {
		return errors.New(counted(left, "disagreement"))
	}
	return nil
}

func (r *verifyReport) printLines(out io.Writer) error {
	for _, line := range r.Counts {
		if _, err := fmt.Fprintf(out, "%-18s %d\n", line.What, line.Count); err != nil {
			return err
		}
	}
	for _, d := range r.Disagreements {
		became := "do: " + d.Do
		if d.Repaired != "" {
			became = "repaired: " + d.Repaired
		}
		if _, err := fmt.Fprintf(out, "%s %s: %s\n    %s\n", d.Invariant, d.ID, d.Fault, became); err != nil {
			return err
		}
	}
	if !r.Agrees {
		return nil
	}
	_, err := fmt.Fprintln(out, "everything agrees")
	return err
}

// prove looks at everything once.
func (r *rooms) prove(ctx context.Context, v verifySystem) (*verifyReport, error) {
	found, err := r.store.Verify(ctx)
	if err != nil {
		return nil, err
	}
	undrained, err := r.store.Undrained(ctx)
	if err != nil {
		return nil, err
	}
	history, err := r.proveHistory(ctx, v.Checkpoint)
	if err != nil {
		return nil, err
	}
	files, err := r.files.Verify(ctx, v.Content)
	if err != nil {
		return nil, err
	}
	signed, broken, err := r.verifySignatures(ctx)
	if err != nil {
		return nil, err
	}
	running, astray, err := r.verifyWorkflows(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := r.store.Count(ctx)
	if err != nil {
		return nil, err
	}
	report := &verifyReport{Disagreements: []verdict{}, Counts: []counting{
		{"subjects", counts.Subjects},
		{"records", counts.Records},
		{"versions", counts.Versions},
		{"signatures", signed},
		{"events", counts.Events},
		{"checkpoints", counts.Checkpoints},
		{"commands", counts.Commands},
		{"open commands", counts.OpenCommands},
		{"files", counts.Files},
		{"lines of lists", counts.Listings},
		{"applications", counts.Applications},
		{"open applications", counts.OpenApplications},
		{"callbacks", counts.Callbacks},
		{"running workflows", running},
	}}
	for _, d := range slices.Concat(found, undrained, history, broken, files, astray) {
		report.Disagreements = append(report.Disagreements, verdict{Invariant: d.Invariant, ID: d.ID, Fault: d.Fault, Do: d.Advice()})
	}
	return report, nil
}

// proveHistory compares the history with its checkpoints, and with one that was
// kept elsewhere.
func (r *rooms) proveHistory(ctx context.Context, file string) ([]storage.Disagreement, error) {
	found, err := r.checkpoints.Verify(ctx)
	if err != nil || file == "" {
		return found, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	more, err := r.checkpoints.Compare(ctx, string(text))
	return append(found, more...), err
}

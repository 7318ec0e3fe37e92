package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"unireg/config"
	"unireg/record"
	"unireg/storage"
)

type verifyCommand struct {
	System verifySystem `cmd:"" default:"withargs" help:"Prove that PostgreSQL, the object store and Temporal agree."`
	Bundle verifyBundle `cmd:"" help:"Prove one signed version from its bundle alone, offline."`
}

type verifySystem struct {
	Content bool `help:"Read every attachment anew and compare its hash, too."`
}

// Help tells what is proven.
func (verifySystem) Help() string {
	return `Checks the invariants inside PostgreSQL (commands, events, versions, hash chains, lists, what is public), the signature of every signed version,
every attachment against its object, and every record under way against its running workflow. Prints counts and a line for each disagreement: the invariant, the
id, the fault. The exit code is 1 if there is any. Nothing is changed.`
}

// Run proves, or names what disagrees.
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

	found, err := r.store.Verify(ctx)
	if err != nil {
		return err
	}
	files, err := r.files.Verify(ctx, v.Content)
	if err != nil {
		return err
	}
	signed, broken, err := r.verifySignatures(ctx)
	if err != nil {
		return err
	}
	running, astray, err := r.verifyWorkflows(ctx)
	if err != nil {
		return err
	}
	counts, err := r.store.Count(ctx)
	if err != nil {
		return err
	}
	for _, line := range []struct {
		what  string
		count int
	}{
		{"subjects", counts.Subjects},
		{"records", counts.Records},
		{"versions", counts.Versions},
		{"signatures", signed},
		{"events", counts.Events},
		{"commands", counts.Commands},
		{"open commands", counts.OpenCommands},
		{"files", counts.Files},
		{"lines of lists", counts.Listings},
		{"applications", counts.Applications},
		{"open applications", counts.OpenApplications},
		{"callbacks", counts.Callbacks},
		{"running workflows", running},
	} {
		if _, err := fmt.Fprintf(out, "%-18s %d\n", line.what, line.count); err != nil {
			return err
		}
	}
	found = slices.Concat(found, broken, files, astray)
	for _, d := range found {
		if _, err := fmt.Fprintf(out, "%s %s: %s\n", d.Invariant, d.ID, d.Fault); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%d disagreements", len(found))
	}
	_, err = fmt.Fprintln(out, "everything agrees")
	return err
}

const (
	// settle is how long a record and its workflow may differ: one of them is
	// just being started or ended, or Temporal has not listed it yet.
	settle      = 20 * time.Second
	settleRound = time.Second
	page        = 500
)

// verifyWorkflows compares the records under way with the Lifecycles that run.
// It returns the number of the running.
func (r *rooms) verifyWorkflows(ctx context.Context) (int, []storage.Disagreement, error) {
	tick := time.NewTicker(settleRound)
	defer tick.Stop()
	for deadline := time.Now().Add(settle); ; {
		running, found, err := r.compareWorkflows(ctx)
		if err != nil || len(found) == 0 || time.Now().After(deadline) {
			return running, found, err
		}
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// compareWorkflows compares what is under way with what runs, records and
// applications to the CA company.
func (r *rooms) compareWorkflows(ctx context.Context) (int, []storage.Disagreement, error) {
	records, found, err := compare(ctx, r.door.Running, r.store.UnderWay, "record")
	if err != nil {
		return 0, nil, err
	}
	applications, more, err := compare(ctx, r.door.RunningApplications, r.store.OpenApplications, "application")
	return records + applications, append(found, more...), err
}

func compare(
	ctx context.Context, list func(context.Context) ([]record.ID, error),
	underWay func(ctx context.Context, after record.ID, limit int) ([]record.ID, error), what string,
) (int, []storage.Disagreement, error) {
	running, err := list(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("list running workflows: %w", err)
	}
	alone := map[record.ID]bool{}
	for _, id := range running {
		alone[id] = true
	}
	var found []storage.Disagreement
	var after record.ID
	for {
		ids, err := underWay(ctx, after, page)
		if err != nil {
			return 0, nil, err
		}
		for _, id := range ids {
			if !alone[id] {
				found = append(found, storage.Disagreement{Invariant: "I7", ID: string(id), Fault: "the " + what + " is under way and no workflow runs for it"})
			}
			delete(alone, id)
		}
		if len(ids) < page {
			break
		}
		after = ids[len(ids)-1]
	}
	for id := range alone {
		found = append(found, storage.Disagreement{Invariant: "I7", ID: string(id), Fault: "a workflow runs and the " + what + " is at rest"})
	}
	return len(running), found, nil
}

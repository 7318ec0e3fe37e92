package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"unireg/config"
	"unireg/storage"
)

type checkpointCommand struct {
	Key bool `help:"Print the public key of UNIREG_CHECKPOINT_KEY, by which anybody verifies checkpoints, and take none."`
}

// Help tells what a checkpoint is for.
func (checkpointCommand) Help() string {
	return `Signs where the hash chains of all subjects stand at this moment, keeps it in the database and in the object store, and prints the
signed text. Workers do it every hour by themselves. Keep some of these texts where nobody who may write the database can reach them:
unireg verify --checkpoint FILE then finds a history that was rewritten or restored to an earlier time.`
}

// Run takes a checkpoint, or prints the key.
func (command checkpointCommand) Run(ctx context.Context, out io.Writer) (err error) {
	var parts []config.Part
	if !command.Key {
		parts = append(parts, config.Verify)
	}
	c, err := settings(parts...)
	if err != nil {
		return err
	}
	keys, err := c.Checkpointing()
	if err != nil {
		return err
	}
	if keys.Signer == nil {
		return errors.New("UNIREG_CHECKPOINT_KEY is not set: openssl rand -base64 32 draws one")
	}
	if command.Key {
		_, err := fmt.Fprintln(out, keys.Signer.Public())
		return err
	}
	r, err := openRooms(ctx, c, newLog(c, os.Stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	taken, err := r.checkpoints.Take(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, taken.Note)
	return err
}

// lateCheckpoint is the age at which the doctor speaks of the last checkpoint: they
// are taken every hour.
const lateCheckpoint = 3 * time.Hour

// examineCheckpoints asks whether the history is signed, by a key that is trusted,
// and whether it still was what was signed when it was last compared.
func examineCheckpoints(ctx context.Context, d *diagnosis, c config.Config, store *storage.Store) {
	const what = "checkpoints"
	keys, err := c.Checkpointing()
	if err != nil {
		return // the settings told
	}
	if keys.Signer == nil && c.Mode != config.Production {
		d.warn(finding{what, "no key signs the history: whoever may write the database may rewrite it unseen", nil, "draw UNIREG_CHECKPOINT_KEY: openssl rand -base64 32"})
	}
	latest, proof, err := store.LatestCheckpoints(ctx, 1)
	if err != nil {
		d.fault(finding{what, "the checkpoints cannot be read", err, "see the cause"})
		return
	}
	if len(latest) == 0 {
		d.warn(finding{what, "none was taken yet", nil, "run unireg checkpoint, or see whether a worker that has the key serves"})
		return
	}
	last := latest[0]
	if _, _, err := keys.Trust.Open(last.Note); err != nil {
		d.fault(finding{
			what, fmt.Sprintf("checkpoint %d, under key %s: %v; none is taken after it", last.No, last.Key, err), nil,
			"name the key that signed it in UNIREG_CHECKPOINT_TRUST; if it is named, run unireg verify",
		})
		return
	}
	if proof != nil && proof.Faults > 0 {
		d.fault(finding{what, "the history is not what was signed: " + counted(proof.Faults, "fault"), nil, "run unireg verify, which names them"})
		return
	}
	if age := time.Since(last.At); age > lateCheckpoint {
		d.warn(finding{what, fmt.Sprintf("the last one is %s old", age.Round(time.Minute)), nil, "see whether a worker that has the key serves; its log says why not"})
		return
	}
	d.fine(what, "%d taken, the last by key %s", last.No, last.Key)
}

// openCheckpoints joins keys, database and object store.
func (r *rooms) openCheckpoints() error {
	keys, err := r.config.Checkpointing()
	if err != nil {
		return fmt.Errorf("UNIREG_CHECKPOINT_KEY or UNIREG_CHECKPOINT_TRUST: %w", err)
	}
	r.checkpoints = storage.NewCheckpoints(r.store, r.objects, keys.Signer, keys.Trust)
	return nil
}

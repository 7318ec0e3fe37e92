package storage

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"unireg/checkpoint"
)

// verifyCopies compares database and object store.
func (c *Checkpoints) verifyCopies(ctx context.Context, all *checkpointed) ([]Disagreement, error) {
	missing := map[int64]*checkpointRow{}
	for i := range all.rows {
		missing[all.rows[i].No] = &all.rows[i]
	}
	var found []Disagreement
	for object, err := range c.objects.List(ctx, checkpointPrefix) {
		if err != nil {
			return nil, err
		}
		no, err := strconv.ParseInt(strings.TrimSuffix(path.Base(object.Key), ".txt"), 10, 64)
		if err != nil || object.Key != checkpointKey(no) {
			found = append(found, historyFault(object.Key, "the object is no checkpoint"))
			continue
		}
		row := missing[no]
		delete(missing, no)
		if row == nil {
			if no <= all.last() {
				continue // told: the row is gone
			}
			fault, err := c.loss(ctx, no, all)
			if err != nil {
				return nil, err
			}
			if fault != "" {
				found = append(found, historyFault(fmt.Sprintf("checkpoint/%d", no), "%s", fault))
			}
			continue
		}
		copied, err := c.copyOf(ctx, no)
		switch {
		case errors.Is(err, ErrNoObject):
			missing[no] = row
		case err != nil:
			return nil, err
		case copied != row.Note:
			found = append(found, historyFault(fmt.Sprintf("checkpoint/%d", no), "the object store holds another one of that number"))
		}
	}
	now, err := databaseTime(ctx, c.store.db)
	if err != nil {
		return nil, err
	}
	for i := range all.rows {
		row := &all.rows[i]
		young := now.Sub(row.At) < onItsWay
		if missing[row.No] == nil || young && row.No == all.last() {
			continue
		}
		if young {
			there, err := c.awaitCopy(ctx, row.No)
			if err != nil {
				return nil, err
			}
			if there {
				continue
			}
		}
		found = append(found, historyFault(fmt.Sprintf("checkpoint/%d", row.No), FaultNoCopy))
	}
	return found, nil
}

// onItsWay is how long after a checkpoint was taken its copy need not be there, if
// it is the last; another's copy is then waited for, for copyPatience.
const (
	onItsWay     = time.Minute
	copyPatience = 2 * time.Second
	copyRound    = 100 * time.Millisecond
)

// awaitCopy reports whether the copy of a checkpoint comes into the object store.
func (c *Checkpoints) awaitCopy(ctx context.Context, no int64) (bool, error) {
	tick := time.NewTicker(copyRound)
	defer tick.Stop()
	for deadline := time.Now().Add(copyPatience); ; {
		_, err := c.copyOf(ctx, no)
		if err == nil || !errors.Is(err, ErrNoObject) {
			return err == nil, err
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-tick.C:
		}
	}
}

// loss says what a checkpoint tells that only the object store holds: the database
// came back older than it was. "" where the checkpoint was just taken.
func (c *Checkpoints) loss(ctx context.Context, no int64, all *checkpointed) (string, error) {
	taken, err := c.store.db.NewSelect().Model((*checkpointRow)(nil)).Where("no = ?", no).Exists(ctx)
	if err != nil || taken {
		return "", err
	}
	text, err := c.copyOf(ctx, no)
	if errors.Is(err, ErrNoObject) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	later, _, err := c.trust.Open(text)
	if err != nil {
		return "only the object store has it, and there " + err.Error(), nil //nolint:nilerr // that is the finding
	}
	return all.lostUntil(later), nil
}

// lostUntil says what is lost of a database that lacks a checkpoint.
func (s *checkpointed) lostUntil(later checkpoint.Checkpoint) string {
	since := "everything"
	if s.last() > 0 {
		since = "what happened after " + s.named(s.last())
	}
	size := int64(0)
	if len(s.rows) > 0 {
		size = s.rows[len(s.rows)-1].Size
	}
	fault := fmt.Sprintf("the database is older than it: %s and before %s is lost", since, later.At.UTC().Format(time.RFC3339))
	if grown := later.Size - size; grown > 0 {
		fault += fmt.Sprintf(", and with it %d chains", grown)
	}
	return fault
}

// Compare compares the database with a checkpoint that was kept elsewhere.
func (c *Checkpoints) Compare(ctx context.Context, text string) ([]Disagreement, error) {
	kept, _, err := c.trust.Open(text)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint that was kept: %w", err)
	}
	all, err := readCheckpoints(ctx, c.store.db)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("checkpoint/%d", kept.No)
	for i := range all.rows {
		if all.rows[i].No != kept.No {
			continue
		}
		here, _, err := c.trust.Open(all.rows[i].Note)
		if err == nil && here.Hash() == kept.Hash() {
			return nil, nil
		}
		return []Disagreement{historyFault(id, "it is not the one that was kept: the history was rewritten and signed anew, or goes on from an older one")}, nil
	}
	return []Disagreement{historyFault(id, "%s", all.lostUntil(kept))}, nil
}

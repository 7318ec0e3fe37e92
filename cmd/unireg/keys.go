package main

import (
	"context"
	"fmt"
	"io"

	"unireg/storage"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Wrap every key with the first master key, beside the running system."`
}

type keysRotate struct{}

// Help tells how a rotation goes.
func (keysRotate) Help() string {
	return `1. Put the new master key in front of the old one in UNIREG_MASTER_KEYS and restart portals and workers: what is new is sealed with it.
2. Run unireg keys rotate: data keys, secrets of staff and of subscribers are wrapped anew; contents are not touched.
3. Take the old key out of UNIREG_MASTER_KEYS.`
}

// Run wraps the keys and prints how many there were.
func (keysRotate) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		subjects, err := store.Rewrap(ctx)
		if err != nil {
			return err
		}
		members, err := store.RewrapStaff(ctx)
		if err != nil {
			return err
		}
		subscribers, err := store.RewrapSubscribers(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "wrapped anew: %d data keys, %d secrets of staff, of %d subscribers\n", subjects, members, subscribers)
		return err
	})
}

package storage

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"unireg/record"
)

const rotationBatch = 200

// Rewrap wraps every data key with the primary master key that an older one
// wraps, in small transactions beside the running system, and returns how many
// it wrapped. Contents are not touched. Afterwards the older master key serves
// no subject any more.
func (s *Store) Rewrap(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.rewrapBatch(ctx)
		if err != nil {
			return total, err
		}
		total += n
		if n < rotationBatch {
			return total, nil
		}
	}
}

func (s *Store) rewrapBatch(ctx context.Context) (int, error) {
	var rows []struct {
		Subject record.ID
		Master  string
		Wrapped []byte
	}
	err := s.inTx(ctx, "rewrap data keys", func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw(`
			SELECT subject, master, wrapped FROM subject_keys WHERE master <> ?
			ORDER BY subject LIMIT ? FOR UPDATE SKIP LOCKED`, s.keys.Primary, rotationBatch).Scan(ctx, &rows)
		if err != nil {
			return fmt.Errorf("read data keys: %w", err)
		}
		for _, row := range rows {
			context := "subject/" + string(row.Subject)
			key, err := s.keys.unsealMaster(row.Master, row.Wrapped, context)
			if err != nil {
				return fmt.Errorf("open data key of %s: %w", row.Subject, err)
			}
			master, wrapped, err := s.keys.sealMaster(key, context)
			if err != nil {
				return err
			}
			_, err = tx.NewRaw("UPDATE subject_keys SET master = ?, wrapped = ? WHERE subject = ?", master, wrapped, row.Subject).Exec(ctx)
			if err != nil {
				return fmt.Errorf("write data key: %w", err)
			}
		}
		return nil
	})
	return len(rows), err
}

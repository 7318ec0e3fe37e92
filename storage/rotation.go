package storage

import (
	"bytes"
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

// RewrapSubscribers seals the secrets of subscribers with the primary master key
// that an older one seals, and returns of how many subscribers.
func (s *Store) RewrapSubscribers(ctx context.Context) (int, error) {
	wrapped := 0
	err := s.inTx(ctx, "rewrap secrets of subscribers", func(ctx context.Context, tx bun.Tx) error {
		var rows []subscriberRow
		if err := tx.NewSelect().Model(&rows).Order("id").For("UPDATE").Scan(ctx); err != nil {
			return fmt.Errorf("read secrets of subscribers: %w", err)
		}
		for i := range rows {
			row, before := &rows[i], wrapped
			for _, sealed := range []*[]byte{&row.Secret, &row.Former} {
				if len(*sealed) == 0 || bytes.HasPrefix(*sealed, []byte(s.keys.Primary+"\x00")) {
					continue
				}
				secret, err := s.keys.unsealLoose(*sealed, secretPurpose(row.ID))
				if err != nil {
					return fmt.Errorf("open secret of subscriber %s: %w", row.ID, err)
				}
				if *sealed, err = s.keys.sealLoose(secret, secretPurpose(row.ID)); err != nil {
					return err
				}
				wrapped = before + 1
			}
			if wrapped == before {
				continue
			}
			if _, err := tx.NewUpdate().Model(row).Column("secret", "former").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("write secret of subscriber: %w", err)
			}
		}
		return nil
	})
	return wrapped, err
}

package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"unireg/record"
)

// verifyListings computes every line of every list anew. Each batch is read as
// of one instant, so that what is being filed meanwhile is no disagreement.
func (s *Store) verifyListings(ctx context.Context) ([]Disagreement, error) {
	var found []Disagreement
	for after := systemChain; after != ""; {
		err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
			more, last, err := s.verifyLines(ctx, tx, after)
			found, after = append(found, more...), last
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("verify lists: %w", err)
		}
	}
	return found, nil
}

// verifyLines compares the lines of one batch of records, drafts and lines, and
// returns the last id of it, "" when it was the last.
func (s *Store) verifyLines(ctx context.Context, tx bun.Tx, after record.ID) ([]Disagreement, record.ID, error) {
	var ids []record.ID
	err := tx.NewRaw(`
		SELECT id FROM records WHERE id > ?0 UNION SELECT record FROM drafts WHERE record > ?0
		UNION SELECT record FROM listings WHERE record > ?0 ORDER BY 1 LIMIT ?1`, after, verifyBatch).Scan(ctx, &ids)
	if err != nil || len(ids) == 0 {
		return nil, "", err
	}
	var rows []listingRow
	if err := tx.NewSelect().Model(&rows).Where("record IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read lines of lists: %w", err)
	}
	kept := map[record.ID]*listingRow{}
	for i := range rows {
		kept[rows[i].Record] = &rows[i]
	}
	var found []Disagreement
	for _, id := range ids {
		want, err := s.line(ctx, tx, id)
		if toldElsewhere(err) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if fault := lineFault(kept[id], want); fault != "" {
			found = append(found, Disagreement{"I13", string(id), fault})
		}
	}
	if len(ids) < verifyBatch {
		return found, "", nil
	}
	return found, ids[len(ids)-1], nil
}

// toldElsewhere reports whether what follows from a version cannot be computed
// because the version is gone, which is told as I2, or unreadable, told as I8.
func toldElsewhere(err error) bool {
	return record.CodeOf(err) == record.NotFound || errors.Is(err, errUnreadable)
}

// lineFault says what is wrong with a line as it is kept, "" where nothing is.
func lineFault(kept, want *listingRow) string {
	switch {
	case kept == nil && want == nil:
		return ""
	case kept == nil:
		return FaultNoLine
	case want == nil:
		return FaultStrayLine
	case kept.Subject != want.Subject || kept.Kind != want.Kind:
		return FaultOtherLine
	}
	same := kept.Title == want.Title && kept.Note == want.Note && kept.Find == want.Find && kept.SortOn == want.SortOn &&
		kept.ExpiresOn == want.ExpiresOn && slices.Equal(kept.Cells, want.Cells) && slices.EqualFunc(kept.People, want.People, bytes.Equal)
	if !same {
		return FaultStaleLine
	}
	return ""
}

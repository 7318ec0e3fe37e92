package storage

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"unireg/record"
)

// MaxAnswer bounds a bidder's answer to a remark, in characters.
const MaxAnswer = 500

// AnswerRemarks keeps with the draft of a returned filing what the subject
// answers to remarks, by their targets: an empty text takes an answer back,
// remarks that are not named keep theirs, and what nobody remarked on is left
// out. It is no save of the draft, whose version stays. A draft that is locked
// gives record.Conflict.
func (s *Store) AnswerRemarks(ctx context.Context, subject, id record.ID, answers map[string]string) error {
	return s.inTx(ctx, "answer remarks", func(ctx context.Context, tx bun.Tx) error {
		var row draftRow
		err := tx.NewSelect().Model(&row).Where("record = ?", id).Where("subject = ?", subject).Where("hidden_at IS NULL").For("UPDATE").Scan(ctx)
		if err != nil {
			return missing(err, "read draft")
		}
		if row.LockedBy != "" {
			return record.Errorf(record.Conflict, "该草稿已提交，正在处理，暂不能修改")
		}
		var last commandRow
		err = tx.NewSelect().Model(&last).Where("record = ?", id).Where("move = ?", record.Return).Where("applied").
			Order("seq DESC").Limit(1).Scan(ctx)
		if err := missing(err, "read remarks"); err != nil && record.CodeOf(err) != record.NotFound {
			return err
		}
		kept := map[string]string{}
		for _, r := range last.Remarks {
			text, given := answers[r.Field]
			if !given {
				text = row.Answers[r.Field]
			}
			if n := utf8.RuneCountInString(text); n > MaxAnswer {
				return record.Errorf(record.Invalid, fmt.Sprintf("对审核意见的答复最多 %d 个字，现在有 %d 个字", MaxAnswer, n))
			}
			if text != "" {
				kept[r.Field] = text
			}
		}
		row.Answers = kept
		if _, err := tx.NewUpdate().Model(&row).Column("answers").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write answers: %w", err)
		}
		return nil
	})
}

package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/uptrace/bun"

	"unireg/record"
)

// openReview opens the review that a move leads to, if it leads to one. A
// second review, and a first one that it sends back to, go on from the task
// before them; what was corrected goes to whoever returned it, what a second
// reviewer sent back to the first one, each until it is time to remind.
func (s *Store) openReview(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, e effect) error {
	row := reviewRow{
		ID: NewID(), Record: current.ID, Subject: current.Subject, Kind: current.Kind, Version: current.Submitted,
		OpenedAt: command.AcceptedAt, DueAt: current.DueAt,
	}
	switch current.Filing {
	case record.UnderReview:
		row.Stage = stageFirst
	case record.SecondReview:
		row.Stage = stageSecond
	case record.NothingFiled, record.Returned:
		return nil
	}
	var err error
	if e.task != nil {
		row.taskSummary = e.task.taskSummary
	} else if row.taskSummary, err = s.summarize(ctx, tx, current, command, e); err != nil {
		return err
	}
	row.Sampled = row.Stage == stageSecond && e.sampled
	former, err := formerReviewer(ctx, tx, &row, command.Move)
	if err != nil {
		return err
	}
	if former != "" {
		row.AssignedTo, row.AssignedUntil = former, current.RemindAt
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("open review: %w", err)
	}
	return nil
}

// subjectRegion is the region of a subject s: that of its profile in force, or
// else of the one under way; null while it is not known.
const subjectRegion = `(
	SELECT v.projection->'region'->>0 FROM records p JOIN versions v ON v.record = p.id
	WHERE p.subject = s.id AND p.kind IN ('organization', 'person')
	  AND v.no = CASE WHEN p.in_force > 0 THEN p.in_force ELSE p.submitted END)`

// summarize describes a filing for the queue.
func (s *Store) summarize(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, e effect) (taskSummary, error) {
	summary := taskSummary{Assurance: command.Assurance, Occasion: FirstFiling}
	var document record.Document
	if e.submission != nil {
		document = e.submission.document
	} else {
		version, err := s.version(ctx, tx, current.ID, current.Submitted)
		if err != nil {
			return summary, err
		}
		document, summary.Assurance = version.Document, version.Assurance
	}
	var facts struct {
		Type   record.SubjectType `bun:"type"`
		Name   string             `bun:"name"`
		Code   string             `bun:"code"`
		Region string             `bun:"region"`
	}
	err := tx.NewRaw(`
		SELECT s.type, s.name, coalesce(s.code, '') AS code,
			coalesce(`+subjectRegion+`, '') AS region
		FROM subjects s WHERE s.id = ?`, current.Subject).Scan(ctx, &facts)
	if err != nil {
		return summary, fmt.Errorf("describe filing: %w", err)
	}
	summary.SubjectType, summary.Name, summary.Title, summary.Region = facts.Type, facts.Name, document.Title(), facts.Region
	if current.Kind.Profile() {
		summary.Name = document.Title()
		if codes, ok := projection(document)["region"].([]string); ok && len(codes) > 0 {
			summary.Region = codes[0]
		}
	}
	switch {
	case command.Move == record.Reopen:
		summary.Occasion = Reopened
	case e.from.Filing == record.Returned:
		summary.Occasion = Corrected
	case current.InForce > 0:
		summary.Occasion = Changed
	}
	if current.InForce > 0 && command.Move == record.Submit {
		before, err := s.version(ctx, tx, current.ID, current.InForce)
		if err != nil {
			return summary, err
		}
		summary.KeyChange = keyChanged(before.Document, document)
	}
	summary.Find = grams(summary.Name + " " + summary.Title + " " + facts.Code)
	return summary, nil
}

// formerReviewer is who has seen the filing before and gets it back, "" when
// nobody has or they cannot take it.
func formerReviewer(ctx context.Context, tx bun.Tx, row *reviewRow, move record.Move) (record.ID, error) {
	decision := record.Return
	switch {
	case move == record.Submit && row.Occasion == Corrected:
	case move == record.Reject:
		decision = record.Approve
	default:
		return "", nil
	}
	var former record.ID
	var member colleague
	err := missing(tx.NewRaw(`
		SELECT closed_by FROM review_tasks WHERE record = ? AND decision = ? AND closed_by IS NOT NULL ORDER BY closed_at DESC LIMIT 1`,
		row.Record, decision).Scan(ctx, &former), "find former reviewer")
	if err == nil {
		member, err = readColleague(ctx, tx, former)
	}
	switch {
	case record.CodeOf(err) == record.NotFound:
		return "", nil
	case err != nil:
		return "", err
	case !member.takes(row):
		return "", nil
	}
	return former, nil
}

// grams are the characters of a text and their pairs, without regard to case
// and width: by them a part of a text is found whose length is one or more.
// PostgreSQL's trigrams find no two Chinese characters.
func grams(text string) []string {
	all := []string{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		characters := []rune(word)
		for i, r := range characters {
			all = append(all, string(r))
			if i > 0 {
				all = append(all, string(characters[i-1:i+1]))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

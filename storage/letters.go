package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Letter is what a carrier takes, with all that whoever writes its text needs:
// what goes to one address at once. It holds the address in clear, for as long as
// it is carried.
type Letter struct {
	ID       record.ID // the same each time that it is carried
	Channel  Channel
	Purpose  Purpose
	Address  string
	Language string // tag
	// Unit is the name of the organization whose account it is, "" for a person's.
	Unit    string
	Secret  string    // the code, or what the link carries
	Expires time.Time // until when the secret serves
	Items   []LetterItem
	// Leave are the groups of its messages that may be unsubscribed from.
	Leave []Leave
}

// LetterItem is one message of a letter. Nothing that anybody typed is in it.
type LetterItem struct {
	Notification
	Kind    record.Kind // of its record; "" where it is about none
	Receipt string      // of the command that it is about, "" for none
}

// Leave is a way out of a group: what a link carries that unsubscribes an
// account from it.
type Leave struct {
	Group Group
	Token string
}

// GroupOf is the group of a topic. A topic that is in no other is important.
func GroupOf(topic string) Group {
	switch topic {
	case TopicCorrectRemind, TopicRegisterRemind:
		return Reminders
	case TopicSubmitted, TopicOverdue, TopicCASilent, TopicCAWithdrawDenied, "certificate_" + WordResumed,
		TopicOfApplication(record.ApplicationFailed), TopicOfApplication(record.ApplicationSent),
		TopicOfApplication(record.ApplicationInProgress), TopicOfApplication(record.ApplicationProducing),
		TopicOfApplication(record.ApplicationWithdrawn),
		EventMemberInvited, EventInvitationRenewed, EventInvitationRevoked, EventMemberJoined, EventMemberChanged, EventMemberRenamed,
		EventMemberRevoked, EventMemberLeft, EventMemberSessionsEnded, EventJoinGranted, EventJoinRefused:
		return Progress
	}
	return Important
}

// writeLetter fills in what is carried, and reports whether it is wanted still:
// not where the account was suspended, the address was taken away or refused, or
// the group is not wanted any more.
func (s *Store) writeLetter(ctx context.Context, tx bun.Tx, h *heldLetter, rows []letterRow) (bool, error) {
	h.letter = Letter{ID: h.lead.Bundle, Channel: h.lead.Channel, Purpose: h.lead.Purpose, Expires: h.lead.ExpiresAt}
	account, err := s.accountOf(ctx, tx, h.lead.Account)
	if err != nil {
		return false, err
	}
	if account.Subject.Type == record.Organization {
		h.letter.Unit = account.Subject.Name
	}
	if h.lead.Purpose != PurposeMessage {
		// Who is suspended is still told that messages go elsewhere.
		return !account.Disabled || h.lead.Purpose == PurposeChanged, s.openEnvelope(ctx, tx, h, account.Subject.ID)
	}
	if account.Disabled || account.Subject.Closed {
		return false, nil
	}
	var row contactRow
	err = missing(tx.NewSelect().Model(&row).Where("account = ?", account.ID).Where("channel = ?", h.lead.Channel).Scan(ctx), "read contact")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return false, nil
	case err != nil:
		return false, err
	case row.VerifiedAt.IsZero() || !row.FailedAt.IsZero():
		return false, nil
	}
	c, err := s.contact(ctx, tx, &row)
	if err != nil {
		return false, err
	}
	h.letter.Address, h.letter.Language = c.Address, c.Language
	if h.letter.Items, err = letterItems(ctx, tx, rows); err != nil {
		return false, err
	}
	h.letter.Items = slices.DeleteFunc(h.letter.Items, func(i LetterItem) bool {
		group := GroupOf(i.Topic)
		return group != Important && !slices.Contains(c.Groups, group)
	})
	for _, group := range ChosenGroups() {
		if slices.ContainsFunc(h.letter.Items, func(i LetterItem) bool { return GroupOf(i.Topic) == group }) {
			h.letter.Leave = append(h.letter.Leave, Leave{group, s.LeaveToken(Subscription{account.ID, c.Channel, group})})
		}
	}
	return len(h.letter.Items) > 0, nil
}

// openEnvelope reads what was sealed for the letter alone.
func (s *Store) openEnvelope(ctx context.Context, tx bun.Tx, h *heldLetter, subject record.ID) error {
	key, err := s.dataKey(ctx, tx, subject)
	if err != nil {
		return err
	}
	plain, err := unseal(key, h.lead.Sealed, "letter/"+string(h.lead.ID))
	if err != nil {
		return fmt.Errorf("open envelope: %w", err)
	}
	var e envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		return fmt.Errorf("read envelope: %w", err)
	}
	h.letter.Address, h.letter.Secret, h.letter.Language = e.Address, e.Secret, e.Language
	return nil
}

// letterItems reads the messages of a bundle, in the order in which they were
// written.
func letterItems(ctx context.Context, tx bun.IDB, rows []letterRow) ([]LetterItem, error) {
	ids := make([]record.ID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.Notification)
	}
	var found []struct {
		notificationRow `bun:",extend"`

		Kind    record.Kind `bun:"kind"`
		Receipt string      `bun:"receipt"`
	}
	err := tx.NewRaw(`
		SELECT n.*, coalesce(r.kind, '') AS kind, coalesce(c.receipt, '') AS receipt
		FROM notifications n LEFT JOIN records r ON r.id = n.record LEFT JOIN commands c ON c.id = n.command
		WHERE n.id IN (?) ORDER BY n.id`, bun.List(ids)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("read messages of a letter: %w", err)
	}
	items := make([]LetterItem, 0, len(found))
	for i := range found {
		items = append(items, LetterItem{Notification: found[i].notification(), Kind: found[i].Kind, Receipt: found[i].Receipt})
	}
	return items, nil
}

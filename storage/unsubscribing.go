package storage

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"unireg/record"
)

// Subscription is one group of messages of one account on one channel.
type Subscription struct {
	Account record.ID
	Channel Channel
	Group   Group
}

func (u Subscription) text() string {
	return string(u.Account) + "/" + string(u.Channel) + "/" + string(u.Group)
}

// LeaveToken is what the link of a letter carries: the subscription, and a keyed
// hash by which nobody can word another's. It serves for ever: done twice it is
// done.
func (s *Store) LeaveToken(u Subscription) string {
	text := u.text()
	return base64.RawURLEncoding.EncodeToString(append(s.leaveHash(text), text...))
}

// leaveHashSize is how much of the hash a link carries, in bytes.
const leaveHashSize = 16

func (s *Store) leaveHash(text string) []byte {
	return s.keys.blind("unsubscribe", text)[:leaveHashSize:leaveHashSize]
}

// ReadLeaveToken reads what a link to unsubscribe carries, without asking the
// database. Anything that was not written here is record.NotFound.
func (s *Store) ReadLeaveToken(token string) (Subscription, error) {
	content, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(content) < leaveHashSize || len(content) > 200 {
		return Subscription{}, errNotFound
	}
	text := string(content[leaveHashSize:])
	if !hmac.Equal(content[:leaveHashSize], s.leaveHash(text)) {
		return Subscription{}, errNotFound
	}
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return Subscription{}, errNotFound
	}
	return Subscription{record.ID(parts[0]), Channel(parts[1]), Group(parts[2])}, nil
}

// Unsubscribe keeps a group of messages from an account on a channel. Done
// already, or without such a contact, it changes nothing.
func (s *Store) Unsubscribe(ctx context.Context, u Subscription) error {
	if !slices.Contains(ChosenGroups(), u.Group) {
		return errNotFound
	}
	_, err := s.db.NewRaw("UPDATE contacts SET groups = array_remove(groups, ?) WHERE account = ? AND channel = ?",
		string(u.Group), u.Account, u.Channel).Exec(ctx)
	if err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}

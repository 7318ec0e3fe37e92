package sender

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/webhook"
)

// falsehood is a false callback on its way, told once and noted with what was
// answered.
type falsehood struct {
	delivery *ledger.Delivery
	key      string // that signs it, "" for the right ones
}

// lies makes the false callbacks that go before and after a true one. Whatever is
// false in them, the rest is right.
func (s *Sender) lies(d *ledger.Delivery, lie faults.Lie) (before, after []*falsehood, err error) {
	if lie == faults.Truth {
		return nil, nil, nil
	}
	var event protocol.Event
	if err := json.Unmarshal(d.Body, &event); err != nil {
		return nil, nil, fmt.Errorf("read an event: %w", err)
	}
	if event.Reference == "" && (lie == faults.IllegalEdge || lie == faults.OtherReference) {
		return nil, nil, nil // a certificate's event has neither edges nor a reference
	}
	fresh := "evt_" + uuid.NewString()
	switch lie {
	case faults.WrongSignature:
		f, err := invent(d, event, d.ID)
		if f != nil {
			f.key = webhook.NewSecret()
		}
		return one(f), nil, err
	case faults.OtherBody:
		event.Reason = "伪报：同一编号的另一份内容"
		f, err := invent(d, event, d.ID)
		return nil, one(f), err
	case faults.OtherReference:
		event.ID = fresh
		if event.Reference, err = s.another(d.Reference); err != nil {
			return nil, nil, err
		}
		f, err := invent(d, event, fresh)
		return nil, one(f), err
	case faults.IllegalEdge:
		event.ID = fresh
		event.Sequence++
		event.Type = impossible(event.Type)
		event.Certificates = nil
		f, err := invent(d, event, fresh)
		return nil, one(f), err
	case faults.Truth:
	}
	return nil, nil, nil
}

func one(f *falsehood) []*falsehood {
	if f == nil {
		return nil
	}
	return []*falsehood{f}
}

func invent(d *ledger.Delivery, event protocol.Event, id string) (*falsehood, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("write a false event: %w", err)
	}
	return &falsehood{delivery: &ledger.Delivery{
		ID: id, Group: d.Group, Reference: d.Reference, Sequence: event.Sequence, Type: event.Type, Body: body,
		State: ledger.Lie, CreatedAt: time.Now(),
	}}, nil
}

// impossible is an event that cannot follow one of the given type.
func impossible(after protocol.EventType) protocol.EventType {
	if status := ledger.Status(after); status.May(ledger.Issued) {
		return protocol.Accepted
	}
	return protocol.Issued
}

// another is the reference of another application, or of none at all where there
// is no other.
func (s *Sender) another(reference string) (other string, err error) {
	err = s.store.View(func(tx *ledger.Tx) error {
		for a, err := range tx.Applications() {
			if err != nil {
				return err
			}
			if a.Reference() != reference {
				other = a.Reference()
				return nil
			}
		}
		return nil
	})
	if other == "" {
		other = uuid.NewString()
	}
	return other, err
}

// tell sends lies and notes what was answered.
func (s *Sender) tell(ctx context.Context, settings ledger.Settings, lies []*falsehood) {
	for _, lie := range lies {
		keys := settings.Signing()
		if lie.key != "" {
			keys = []string{lie.key}
		}
		said := s.send(ctx, settings.Portal, message{id: lie.delivery.ID, body: lie.delivery.Body, keys: keys})
		lie.delivery.Attempts, lie.delivery.LastAt, lie.delivery.LastSaid = 1, time.Now(), said.text
	}
}

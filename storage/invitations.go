package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

const (
	// InvitationPeriod is how long a link of an invitation makes a member.
	InvitationPeriod = 7 * 24 * time.Hour
	// MaxInvitations bounds those of a subject that were neither used nor revoked.
	MaxInvitations    = 20
	invitationPurpose = "member_invitation"
	// invitationMail is how long a mail with the link is tried: whoever opened it
	// has it before their eyes.
	invitationMail = time.Hour
)

// errNoInvitation is the one answer to a link that makes nobody a member, whatever
// is the matter with it.
var errNoInvitation = record.Errorf(record.NotFound, "链接无效或已失效")

// InvitationLink is the link of an invitation.
type InvitationLink struct {
	Token []byte // SHA-256 of what it carries; the same again is the same invitation
	// Secret is what it carries. It is kept in the letter that brings it to the
	// address of who is invited, where there is one.
	Secret   string
	Language string // tag of the language of the letter
}

// NewInvitation is what an administrator asks for: a link by which somebody becomes
// a member.
type NewInvitation struct {
	Subject record.ID
	By      record.Actor
	Link    InvitationLink
	Name    string
	Role    record.MemberRole
	Address string // mail of who is invited, "" for none
}

// Invitation is a link that was neither used nor revoked, as administrators see it.
type Invitation struct {
	ID        record.ID
	Name      string
	Address   string // to which the link went by mail, "" for nowhere
	Role      record.MemberRole
	Inviter   record.ID
	OpenedAt  time.Time
	ExpiresAt time.Time
}

// Open reports whether the link makes a member at an instant.
func (i Invitation) Open(now time.Time) bool { return now.Before(i.ExpiresAt) }

type invitationRow struct {
	bun.BaseModel `bun:"table:member_invitations,alias:mi"`

	ID        record.ID         `bun:"id,pk"`
	Subject   record.ID         `bun:"subject"`
	Inviter   record.ID         `bun:"inviter"`
	Role      record.MemberRole `bun:"role"`
	Sealed    []byte            `bun:"sealed"`
	Token     []byte            `bun:"token"`
	OpenedAt  time.Time         `bun:"opened_at"`
	ExpiresAt time.Time         `bun:"expires_at"`
	UsedAt    time.Time         `bun:"used_at,nullzero"`
	RevokedAt time.Time         `bun:"revoked_at,nullzero"`
	Account   record.ID         `bun:"account,nullzero"`
}

func (s *Store) openInvitationRow(ctx context.Context, db bun.IDB, row *invitationRow) (Invitation, error) {
	content, err := s.unsealDocument(ctx, db, row.Subject, row.ID, invitationPurpose, row.Sealed)
	if err != nil {
		return Invitation{}, err
	}
	var p memberProfile
	if err := json.Unmarshal(content, &p); err != nil {
		return Invitation{}, fmt.Errorf("decode invitation: %w", err)
	}
	return Invitation{ID: row.ID, Name: p.Name, Address: p.Address, Role: row.Role, Inviter: row.Inviter, OpenedAt: row.OpenedAt, ExpiresAt: row.ExpiresAt}, nil
}

// OpenInvitation opens a link by which somebody becomes a member, once and within
// InvitationPeriod. The same link again is the invitation that it opened. Too many
// members or invitations are record.Conflict.
func (s *Store) OpenInvitation(ctx context.Context, n NewInvitation) (Invitation, error) {
	var opened Invitation
	err := s.changeMembers(ctx, "open invitation", n.Subject, s.manages(n.Subject, n.By), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		known, err := s.invitedBefore(ctx, tx, n, &opened)
		if err != nil || known {
			return memberEvent{}, err
		}
		if err := roomForMember(ctx, tx, n.Subject); err != nil {
			return memberEvent{}, err
		}
		waiting, err := tx.NewSelect().Model((*invitationRow)(nil)).Where("subject = ?", n.Subject).Where("used_at IS NULL").
			Where("revoked_at IS NULL").Count(ctx)
		switch {
		case err != nil:
			return memberEvent{}, fmt.Errorf("count invitations: %w", err)
		case waiting >= MaxInvitations:
			return memberEvent{}, record.Errorf(record.Conflict, fmt.Sprintf("未使用的邀请最多 %d 个，请先收回不再需要的邀请", MaxInvitations))
		}
		row := invitationRow{
			ID: NewID(), Subject: n.Subject, Inviter: n.By.ID, Role: n.Role, Token: n.Link.Token, OpenedAt: now, ExpiresAt: now.Add(InvitationPeriod),
		}
		content, err := json.Marshal(memberProfile{Name: n.Name, Address: n.Address})
		if err != nil {
			return memberEvent{}, fmt.Errorf("encode invitation: %w", err)
		}
		if row.Sealed, err = s.sealDocument(ctx, tx, n.Subject, row.ID, invitationPurpose, content); err != nil {
			return memberEvent{}, err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return memberEvent{}, fmt.Errorf("insert invitation: %w", err)
		}
		opened = Invitation{ID: row.ID, Name: n.Name, Address: n.Address, Role: n.Role, Inviter: n.By.ID, OpenedAt: now, ExpiresAt: row.ExpiresAt}
		if err := s.mailInvitation(ctx, tx, n.Subject, opened, n.Link, now); err != nil {
			return memberEvent{}, err
		}
		return memberEvent{Type: EventMemberInvited, Actor: n.By.ID, Data: map[string]any{"invitation": string(row.ID), "role": string(n.Role)}}, nil
	})
	if uniqueViolation(err) != "" {
		return Invitation{}, errReused
	}
	return opened, err
}

// invitedBefore finds the open invitation that the same form opened. A link that
// was somebody else's is refused without a word on what it was.
func (s *Store) invitedBefore(ctx context.Context, tx bun.Tx, n NewInvitation, opened *Invitation) (bool, error) {
	var row invitationRow
	err := missing(tx.NewSelect().Model(&row).Where("token = ?", n.Link.Token).Scan(ctx), "look for invitation")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return false, nil
	case err != nil:
		return false, err
	case row.Subject != n.Subject || !row.UsedAt.IsZero() || !row.RevokedAt.IsZero():
		return false, errReused
	}
	*opened, err = s.openInvitationRow(ctx, tx, &row)
	return true, err
}

// Invitations lists the invitations of a subject that were neither used nor
// revoked, latest first. Those whose time is over are among them.
func (s *Store) Invitations(ctx context.Context, subject record.ID) ([]Invitation, error) {
	var rows []invitationRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("used_at IS NULL").Where("revoked_at IS NULL").
		Order("opened_at DESC", "id").Limit(MaxInvitations).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	all := make([]Invitation, 0, len(rows))
	for i := range rows {
		invitation, err := s.openInvitationRow(ctx, s.db, &rows[i])
		if err != nil {
			return nil, err
		}
		all = append(all, invitation)
	}
	return all, nil
}

// RenewInvitation gives an invitation another link, and its whole period again. The
// link of before serves no more.
func (s *Store) RenewInvitation(ctx context.Context, by record.Actor, subject, id record.ID, link InvitationLink) (Invitation, error) {
	var renewed Invitation
	err := s.changeMembers(ctx, "renew invitation", subject, s.manages(subject, by), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		row, err := lockInvitation(ctx, tx, subject, id)
		if err != nil {
			return memberEvent{}, err
		}
		same := bytes.Equal(row.Token, link.Token) // sent twice
		if !same {
			row.Token, row.Inviter, row.ExpiresAt = link.Token, by.ID, now.Add(InvitationPeriod)
			if _, err := tx.NewUpdate().Model(row).Column("token", "inviter", "expires_at").WherePK().Exec(ctx); err != nil {
				return memberEvent{}, fmt.Errorf("write invitation: %w", err)
			}
		}
		if renewed, err = s.openInvitationRow(ctx, tx, row); err != nil || same {
			return memberEvent{}, err
		}
		return memberEvent{Type: EventInvitationRenewed, Actor: by.ID, Data: map[string]any{"invitation": string(id), "role": string(row.Role)}},
			s.mailInvitation(ctx, tx, subject, renewed, link, now)
	})
	if uniqueViolation(err) != "" {
		return Invitation{}, errReused
	}
	return renewed, err
}

// mailInvitation posts the link of an invitation to the address of who is invited,
// in the name of who opened it; nothing where there is no address.
func (s *Store) mailInvitation(ctx context.Context, tx bun.Tx, subject record.ID, i Invitation, link InvitationLink, now time.Time) error {
	if i.Address == "" {
		return nil
	}
	return s.post(ctx, tx, posted{
		account: i.Inviter, subject: subject, channel: ByEmail, purpose: PurposeInvitation, address: i.Address, secret: link.Secret,
		language: link.Language, expires: now.Add(invitationMail),
	})
}

// RevokeInvitation takes an invitation back. One that was used or taken back is not
// found.
func (s *Store) RevokeInvitation(ctx context.Context, by record.Actor, subject, id record.ID) error {
	return s.changeMembers(ctx, "revoke invitation", subject, s.manages(subject, by), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		row, err := lockInvitation(ctx, tx, subject, id)
		if err != nil {
			return memberEvent{}, err
		}
		row.RevokedAt = now
		if _, err := tx.NewUpdate().Model(row).Column("revoked_at").WherePK().Exec(ctx); err != nil {
			return memberEvent{}, fmt.Errorf("write invitation: %w", err)
		}
		return memberEvent{Type: EventInvitationRevoked, Actor: by.ID, Data: map[string]any{"invitation": string(id), "role": string(row.Role)}}, nil
	})
}

func lockInvitation(ctx context.Context, tx bun.Tx, subject, id record.ID) (*invitationRow, error) {
	row := new(invitationRow)
	err := tx.NewSelect().Model(row).Where("id = ?", id).Where("subject = ?", subject).Where("used_at IS NULL").Where("revoked_at IS NULL").
		For("UPDATE").Scan(ctx)
	return row, missing(err, "lock invitation")
}

// endInvitationsOf takes back what an account has opened: what somebody who was
// sent away has opened ends with them.
func endInvitationsOf(ctx context.Context, tx bun.Tx, inviter record.ID, now time.Time) error {
	_, err := tx.NewRaw("UPDATE member_invitations SET revoked_at = ? WHERE inviter = ? AND used_at IS NULL AND revoked_at IS NULL", now, inviter).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end invitations: %w", err)
	}
	return nil
}

// endOffers ends whatever would make further members of a subject: invitations, and
// requests to join, decided or not.
func endOffers(ctx context.Context, tx bun.Tx, subject record.ID, now time.Time) error {
	for _, statement := range []string{
		"UPDATE member_invitations SET revoked_at = ? WHERE subject = ? AND used_at IS NULL AND revoked_at IS NULL",
		`UPDATE member_requests SET decision = 'refused', decided_at = coalesce(decided_at, ?), role = ''
		 WHERE subject = ? AND account IS NULL AND decision <> 'refused'`,
	} {
		if _, err := tx.NewRaw(statement, now, subject).Exec(ctx); err != nil {
			return fmt.Errorf("end invitations and requests: %w", err)
		}
	}
	return nil
}

// Invited is what the link of an invitation shows to whoever has it.
type Invited struct {
	Subject record.Subject
	Name    string
	Role    record.MemberRole
	Expires time.Time
}

// usableInvitation selects a link that makes a member now. Whoever opened it must
// still be there.
const usableInvitation = `
	FROM member_invitations mi
	JOIN subjects s ON s.id = mi.subject
	JOIN accounts a ON a.id = mi.inviter
	WHERE mi.token = ? AND mi.used_at IS NULL AND mi.revoked_at IS NULL AND mi.expires_at > clock_timestamp()
	  AND s.closed_at IS NULL AND a.disabled_at IS NULL`

// InvitationByToken returns what the link of that token offers. One that makes
// nobody a member is record.NotFound, whatever is the matter with it.
func (s *Store) InvitationByToken(ctx context.Context, token []byte) (Invited, error) {
	var row invitationRow
	if err := s.db.NewRaw("SELECT mi.*"+usableInvitation, token).Scan(ctx, &row); err != nil {
		return Invited{}, noInvitation(missing(err, "look for invitation"))
	}
	invitation, err := s.openInvitationRow(ctx, s.db, &row)
	if err != nil {
		return Invited{}, err
	}
	subject, err := s.Subject(ctx, row.Subject)
	return Invited{Subject: subject, Name: invitation.Name, Role: row.Role, Expires: row.ExpiresAt}, err
}

// noInvitation makes one answer of all that may be the matter with a link.
func noInvitation(err error) error {
	if record.CodeOf(err) == record.NotFound {
		return errNoInvitation
	}
	return err
}

// AcceptInvitation makes whoever has the link a member, by a folded login name and
// a password, given as its hash, and uses the link up: of several who try at once
// one does. The account is returned. A link that makes nobody a member is
// record.NotFound, a login name that another member has record.Taken, a full house
// record.Conflict.
func (s *Store) AcceptInvitation(ctx context.Context, token []byte, login, password string) (record.ID, error) {
	var account record.ID
	err := s.inTx(ctx, "accept invitation", func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		err := missing(tx.NewRaw("SELECT subject FROM member_invitations WHERE token = ?", token).Scan(ctx, &subject), "look for invitation")
		if err == nil {
			err = lockChain(ctx, tx, subject)
		}
		if err != nil {
			return noInvitation(err)
		}
		var row invitationRow
		if err := tx.NewRaw("SELECT mi.*"+usableInvitation+" FOR UPDATE OF mi", token).Scan(ctx, &row); err != nil {
			return noInvitation(missing(err, "lock invitation"))
		}
		invitation, err := s.openInvitationRow(ctx, tx, &row)
		if err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		account, err = s.insertMember(ctx, tx, subject, memberProfile{Name: invitation.Name, Login: login}, row.Role, password)
		if err != nil {
			return err
		}
		row.UsedAt, row.Account = now, account
		if _, err := tx.NewUpdate().Model(&row).Column("used_at", "account").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write invitation: %w", err)
		}
		return s.toldMembers(ctx, tx, subject, memberEvent{Type: EventMemberJoined, Actor: account, Data: map[string]any{
			"account": string(account), "invitation": string(row.ID), "role": string(row.Role),
		}}, now)
	})
	if uniqueViolation(err) == "accounts_login" {
		return "", errLoginTaken
	}
	return account, err
}

// insertMember begins the account of a member. The chain is locked.
func (s *Store) insertMember(
	ctx context.Context, tx bun.Tx, subject record.ID, p memberProfile, role record.MemberRole, password string,
) (record.ID, error) {
	if err := roomForMember(ctx, tx, subject); err != nil {
		return "", err
	}
	row := accountRow{ID: NewID(), Subject: subject, Role: role, Password: password}
	if err := s.sealMember(ctx, tx, &row, p); err != nil {
		return "", err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", fmt.Errorf("insert member: %w", err)
	}
	return row.ID, nil
}

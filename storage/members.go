package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

const (
	// MaxMembers bounds who may log in for an organization.
	MaxMembers = 20
	// membersShown bounds the members that are listed, those who were revoked
	// among them.
	membersShown  = 200
	memberPurpose = "member"
)

// The refusals of what is done about members.
var (
	errRevokedMember     = record.Errorf(record.Conflict, "该成员已停用，不能再次启用；需要时请重新邀请")
	errLastAdministrator = record.Errorf(record.Conflict, "这是本单位唯一的管理员，请先让另一名成员成为管理员")
	errFull              = record.Errorf(record.Conflict, fmt.Sprintf("本单位最多 %d 名成员，请先停用不再需要的成员", MaxMembers))
	errLoginTaken        = record.Errorf(record.Taken, "本单位已有成员使用这个用户名，请换一个")
)

// memberProfile is what is sealed of a member, and of who is invited to be one.
type memberProfile struct {
	Name    string `json:"name"`
	Login   string `json:"login,omitempty"`
	Address string `json:"address,omitempty"` // of who is invited alone
}

// memberIndex is the blind index of a member's folded login name.
func (s *Store) memberIndex(subject record.ID, login string) []byte {
	return s.keys.blind("member/"+string(subject), login)
}

// sealMember puts a member's name and login name into their row.
func (s *Store) sealMember(ctx context.Context, tx bun.IDB, row *accountRow, p memberProfile) error {
	content, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode member: %w", err)
	}
	if p.Login != "" {
		row.LoginIndex = s.memberIndex(row.Subject, p.Login)
	}
	row.Sealed, err = s.sealDocument(ctx, tx, row.Subject, row.ID, memberPurpose, content)
	return err
}

func (s *Store) openMember(ctx context.Context, db bun.IDB, row *accountRow) (p memberProfile, err error) {
	if len(row.Sealed) == 0 {
		return p, nil
	}
	content, err := s.unsealDocument(ctx, db, row.Subject, row.ID, memberPurpose, row.Sealed)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(content, &p); err != nil {
		return p, fmt.Errorf("decode member: %w", err)
	}
	return p, nil
}

// namedAccount is a row with the names that are sealed in it.
func (s *Store) namedAccount(ctx context.Context, db bun.IDB, row *accountRow, subject record.Subject) (Account, error) {
	p, err := s.openMember(ctx, db, row)
	a := row.account(subject)
	a.Name, a.Login = p.Name, p.Login
	return a, err
}

// Member is a user of an organization, as its administrators see them.
type Member struct {
	Account

	LoggedInAt time.Time // zero for never
	DisabledAt time.Time // by staff, or when the subject was taken over; zero while enabled
	RevokedAt  time.Time
	Sessions   int // that are open
}

// Members lists the members of a subject: those who may log in, the first one
// first, then those who may no more. Of sessions those count that were used within
// idle.
func (s *Store) Members(ctx context.Context, subject record.Subject, idle time.Duration) ([]Member, error) {
	return s.members(ctx, s.db, subject, idle)
}

func (s *Store) members(ctx context.Context, db bun.IDB, subject record.Subject, idle time.Duration) ([]Member, error) {
	var rows []struct {
		accountRow `bun:",extend"`

		Sessions int `bun:"sessions"`
	}
	err := db.NewRaw(`
		SELECT a.*, (SELECT count(*) FROM sessions s WHERE s.account = a.id AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
		  AND s.seen_at > clock_timestamp() - ?1 * interval '1 microsecond') AS sessions
		FROM accounts a WHERE a.subject = ?0 ORDER BY a.disabled_at IS NOT NULL, a.id LIMIT ?2`,
		subject.ID, idle.Microseconds(), membersShown).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	all := make([]Member, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		a, err := s.namedAccount(ctx, db, &row.accountRow, subject)
		if err != nil {
			return nil, err
		}
		all = append(all, Member{Account: a, LoggedInAt: row.LoggedInAt, DisabledAt: row.DisabledAt, RevokedAt: row.RevokedAt, Sessions: row.Sessions})
	}
	return all, nil
}

// Member returns one member of a subject. Another subject's is not found.
func (s *Store) Member(ctx context.Context, subject record.Subject, account record.ID, idle time.Duration) (Member, error) {
	all, err := s.Members(ctx, subject, idle)
	if err != nil {
		return Member{}, err
	}
	for _, m := range all {
		if m.ID == account {
			return m, nil
		}
	}
	return Member{}, errNotFound
}

// MemberNames are the names of a subject's members by their accounts, those of who
// was revoked among them: for what they did. Accounts without a name are left out.
func (s *Store) MemberNames(ctx context.Context, subject record.ID) (map[record.ID]string, error) {
	var rows []struct {
		accountRow `bun:",extend"`
		wrappedKey
	}
	err := s.db.NewRaw(`
		SELECT a.id, a.subject, a.sealed, k.master, k.wrapped FROM accounts a JOIN subject_keys k ON k.subject = a.subject
		WHERE a.subject = ? AND a.sealed IS NOT NULL`, subject).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read names of members: %w", err)
	}
	names := make(map[record.ID]string, len(rows))
	var key []byte
	for i := range rows {
		if key == nil {
			if key, err = s.openKey(subject, rows[i].wrappedKey); err != nil {
				return nil, err
			}
		}
		content, err := unsealAs(key, rows[i].ID, memberPurpose, rows[i].Sealed)
		if err != nil {
			return nil, err
		}
		var p memberProfile
		if err := json.Unmarshal(content, &p); err != nil {
			return nil, fmt.Errorf("decode member: %w", err)
		}
		names[rows[i].ID] = p.Name
	}
	return names, nil
}

// What happens to the members of an organization: types of events in its chain,
// and topics of the messages that tell its administrators.
const (
	EventMemberInvited       = "member_invited"
	EventInvitationRenewed   = "member_invitation_renewed"
	EventInvitationRevoked   = "member_invitation_revoked"
	EventMemberJoined        = "member_joined"
	EventMemberChanged       = "member_changed"
	EventMemberRenamed       = "member_renamed"
	EventMemberRevoked       = "member_revoked"
	EventMemberLeft          = "member_left"
	EventMemberSessionsEnded = "member_sessions_ended"
	EventJoinAsked           = "member_join_asked"
	EventJoinGranted         = "member_join_granted"
	EventJoinRefused         = "member_join_refused"
)

// memberTopics begin the topics of messages that are for administrators alone.
const memberTopics = "member_"

// MemberChange is an entry of the history of a subject's members.
type MemberChange struct {
	At      time.Time
	Type    string
	Actor   record.ID // account that did it, "" for a requester
	Account record.ID // that it is about, "" for none
	Before  record.MemberRole
	Role    record.MemberRole // from then on
}

// MemberChanges returns what happened to a subject's members, latest first, at most
// limit.
func (s *Store) MemberChanges(ctx context.Context, subject record.ID, limit int) ([]MemberChange, error) {
	var rows []saidEvent
	err := s.db.NewRaw("SELECT"+saidColumns+" FROM events e"+saidJoins+" WHERE e.chain = ? AND starts_with(e.type, ?) ORDER BY e.no DESC LIMIT ?",
		subject, memberTopics, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read history of members: %w", err)
	}
	all := make([]MemberChange, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		all = append(all, MemberChange{
			At: r.At, Type: r.Type, Actor: r.Actor, Account: record.ID(r.text("account")),
			Before: record.MemberRole(r.text("before")), Role: record.MemberRole(r.text("role")),
		})
	}
	return all, nil
}

// memberEvent is what a change of the members leaves behind.
type memberEvent struct {
	Type  string // "" when nothing was changed
	Actor record.ID
	Data  map[string]any
}

// changeMembers runs a change of who may act for an organization under the lock of
// its chain, and leaves its event, and a message to the administrators. allowed
// asks whether it may be, before anything is looked at.
func (s *Store) changeMembers(
	ctx context.Context, operation string, subject record.ID, allowed func(ctx context.Context, tx bun.Tx) error,
	change func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error),
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		if err := allowed(ctx, tx); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		e, err := change(ctx, tx, now)
		if err != nil || e.Type == "" {
			return err
		}
		return s.toldMembers(ctx, tx, subject, e, now)
	})
}

// toldMembers writes the event of a change, and tells the administrators. The
// chain is locked.
func (s *Store) toldMembers(ctx context.Context, tx bun.Tx, subject record.ID, e memberEvent, now time.Time) error {
	err := s.appendEvent(ctx, tx, event{Chain: subject, Type: e.Type, Role: record.Applicant, Actor: e.Actor, At: now, Data: e.Data})
	if err != nil {
		return err
	}
	data := map[string]string{}
	for _, name := range []string{"role", "before"} {
		if text, ok := e.Data[name].(string); ok {
			data[name] = text
		}
	}
	return s.Notify(ctx, tx, Notification{Subject: subject, Topic: e.Type, Data: data, Dedup: e.Type + "/" + string(NewID())})
}

// manages allows what an administrator of an open organization asks for: a natural
// person has no members.
func (s *Store) manages(subject record.ID, by record.Actor) func(ctx context.Context, tx bun.Tx) error {
	return s.membership(subject, by, record.ToManage)
}

func (s *Store) membership(subject record.ID, by record.Actor, right record.Right) func(ctx context.Context, tx bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		var kind record.SubjectType
		if err := tx.NewRaw("SELECT type FROM subjects WHERE id = ?", subject).Scan(ctx, &kind); err != nil {
			return missing(err, "read subject")
		}
		if kind != record.Organization {
			return errNotFound
		}
		return checkApplicant(ctx, tx, subject, by, right)
	}
}

// lockMember locks the account of one of a subject's members.
func lockMember(ctx context.Context, tx bun.Tx, subject, account record.ID) (*accountRow, error) {
	row := new(accountRow)
	err := tx.NewSelect().Model(row).Where("id = ?", account).Where("subject = ?", subject).For("UPDATE").Scan(ctx)
	return row, missing(err, "lock member")
}

// keepAdministrator refuses what would leave a subject without an administrator who
// may log in. The chain is locked, so that of two who go at once one stays.
func keepAdministrator(ctx context.Context, tx bun.Tx, leaving *accountRow) error {
	if leaving.Role != record.Administrator || !leaving.DisabledAt.IsZero() {
		return nil
	}
	others, err := tx.NewSelect().Model((*accountRow)(nil)).Where("subject = ?", leaving.Subject).Where("id <> ?", leaving.ID).
		Where("role = ?", record.Administrator).Where("disabled_at IS NULL").Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look for another administrator: %w", err)
	case !others:
		return errLastAdministrator
	}
	return nil
}

// roomForMember refuses one member too many.
func roomForMember(ctx context.Context, tx bun.Tx, subject record.ID) error {
	n, err := tx.NewSelect().Model((*accountRow)(nil)).Where("subject = ?", subject).Where("disabled_at IS NULL").Count(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count members: %w", err)
	case n >= MaxMembers:
		return errFull
	}
	return nil
}

// ChangeMember gives a member a name and a role. A role counts at once, in the
// sessions that are open too; who is no administrator any more has invited nobody.
// The last administrator stays one: record.Conflict.
func (s *Store) ChangeMember(ctx context.Context, by record.Actor, subject, account record.ID, name string, role record.MemberRole) error {
	return s.changeMembers(ctx, "change member", subject, s.manages(subject, by), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		row, err := lockMember(ctx, tx, subject, account)
		if err != nil {
			return memberEvent{}, err
		}
		profile, err := s.openMember(ctx, tx, row)
		switch {
		case err != nil:
			return memberEvent{}, err
		case !row.RevokedAt.IsZero():
			return memberEvent{}, errRevokedMember
		case row.Role == role && profile.Name == name:
			return memberEvent{}, nil
		}
		e := memberEvent{Type: EventMemberRenamed, Actor: by.ID, Data: map[string]any{"account": string(account)}}
		if row.Role != role {
			e.Type, e.Data["before"], e.Data["role"] = EventMemberChanged, string(row.Role), string(role)
			if err := keepAdministrator(ctx, tx, row); err != nil {
				return memberEvent{}, err
			}
			if err := endInvitationsOf(ctx, tx, account, now); err != nil {
				return memberEvent{}, err
			}
		}
		profile.Name, row.Role = name, role
		if err := s.sealMember(ctx, tx, row, profile); err != nil {
			return memberEvent{}, err
		}
		if _, err := tx.NewUpdate().Model(row).Column("role", "sealed").WherePK().Exec(ctx); err != nil {
			return memberEvent{}, fmt.Errorf("write member: %w", err)
		}
		return e, nil
	})
}

// RevokeMember ends a membership for good: the member's sessions and invitations
// end, their addresses are forgotten, commands that are not applied yet are
// refused, and drafts stay with the subject. Whoever asks for it of themselves
// leaves, whatever their role. The last administrator stays: record.Conflict.
func (s *Store) RevokeMember(ctx context.Context, by record.Actor, subject, account record.ID) error {
	right, kind := record.ToManage, EventMemberRevoked
	if by.ID == account {
		right, kind = record.ToRead, EventMemberLeft
	}
	return s.changeMembers(ctx, "revoke member", subject, s.membership(subject, by, right), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		row, err := lockMember(ctx, tx, subject, account)
		if err != nil {
			return memberEvent{}, err
		}
		if !row.RevokedAt.IsZero() {
			return memberEvent{}, nil
		}
		if err := keepAdministrator(ctx, tx, row); err != nil {
			return memberEvent{}, err
		}
		_, err = tx.NewRaw("UPDATE accounts SET revoked_at = ?0, disabled_at = coalesce(disabled_at, ?0) WHERE id = ?1", now, account).Exec(ctx)
		if err != nil {
			return memberEvent{}, fmt.Errorf("revoke member: %w", err)
		}
		ended, err := endSessions(ctx, tx, "account", account, "")
		if err != nil {
			return memberEvent{}, err
		}
		if _, err := tx.NewRaw("DELETE FROM contacts WHERE account = ?", account).Exec(ctx); err != nil {
			return memberEvent{}, fmt.Errorf("forget addresses: %w", err)
		}
		return memberEvent{Type: kind, Actor: by.ID, Data: map[string]any{
			"account": string(account), "role": string(row.Role), "sessions_ended": ended,
		}}, endInvitationsOf(ctx, tx, account, now)
	})
}

// EndMemberSessions ends the sessions of a member, all but the one in which it is
// asked for.
func (s *Store) EndMemberSessions(ctx context.Context, by record.Actor, subject, account record.ID) error {
	return s.changeMembers(ctx, "end sessions of member", subject, s.manages(subject, by), func(ctx context.Context, tx bun.Tx, _ time.Time) (memberEvent, error) {
		if _, err := lockMember(ctx, tx, subject, account); err != nil {
			return memberEvent{}, err
		}
		ended, err := endSessions(ctx, tx, "account", account, by.Session)
		if err != nil || ended == 0 {
			return memberEvent{}, err
		}
		return memberEvent{Type: EventMemberSessionsEnded, Actor: by.ID, Data: map[string]any{"account": string(account), "sessions_ended": ended}}, nil
	})
}

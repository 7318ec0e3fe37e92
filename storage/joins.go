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
	// JoinPeriod is how long a request to join waits for an administrator and, once
	// it is granted, for its requester.
	JoinPeriod = 14 * 24 * time.Hour
	// offerAge is how long what is over is kept before it is deleted.
	offerAge = 30 * 24 * time.Hour
	// joinsShown bounds the requests that are listed. How many may be made is bounded
	// by the portal.
	joinsShown  = 100
	joinPurpose = "member_request"
)

// JoinStatement is what a requester says: who they are, how to reach them, why they
// ask.
type JoinStatement struct {
	Name    string `json:"name"`
	Contact string `json:"contact"`
	Reason  string `json:"reason"`
}

// NewJoin is a request to join the organization of a code.
type NewJoin struct {
	Code      string // normalized
	Token     []byte // SHA-256 of what the requester keeps; the same again is the same request
	Statement JoinStatement
}

// JoinState is where a request stands.
type JoinState string

// The states.
const (
	JoinWaiting JoinState = "waiting"
	JoinGranted JoinState = "granted" // a login name and a password are to be chosen
	JoinRefused JoinState = "refused"
	JoinExpired JoinState = "expired"
	JoinSettled JoinState = "settled" // the requester is a member
)

// Join is what a requester may know of their request. Subject and Role are told
// once it is granted; before that, it is the same whether or not the code is
// registered.
type Join struct {
	State     JoinState
	Subject   record.Subject
	Role      record.MemberRole
	AskedAt   time.Time
	DecidedAt time.Time
	ExpiresAt time.Time
}

// JoinRequest is a request that waits, as administrators see it.
type JoinRequest struct {
	ID        record.ID
	Statement JoinStatement
	AskedAt   time.Time
	ExpiresAt time.Time
}

type joinRow struct {
	bun.BaseModel `bun:"table:member_requests,alias:mr"`

	ID        record.ID         `bun:"id,pk"`
	Subject   record.ID         `bun:"subject,nullzero"`
	Sealed    []byte            `bun:"sealed"`
	Token     []byte            `bun:"token"`
	AskedAt   time.Time         `bun:"asked_at"`
	ExpiresAt time.Time         `bun:"expires_at"`
	DecidedAt time.Time         `bun:"decided_at,nullzero"`
	DecidedBy record.ID         `bun:"decided_by,nullzero"`
	Decision  string            `bun:"decision"`
	Role      record.MemberRole `bun:"role"`
	Account   record.ID         `bun:"account,nullzero"`
}

// The decisions on a request.
const (
	joinGranted = "granted"
	joinRefused = "refused"
)

func (r *joinRow) state(now time.Time) JoinState {
	switch {
	case r.Account != "":
		return JoinSettled
	case r.Decision == joinRefused:
		return JoinRefused
	case !now.Before(r.ExpiresAt):
		return JoinExpired
	case r.Decision == joinGranted:
		return JoinGranted
	}
	return JoinWaiting
}

func (s *Store) openStatement(ctx context.Context, db bun.IDB, row *joinRow) (said JoinStatement, err error) {
	content, err := s.unsealDocument(ctx, db, row.Subject, row.ID, joinPurpose, row.Sealed)
	if err != nil {
		return said, err
	}
	if err := json.Unmarshal(content, &said); err != nil {
		return said, fmt.Errorf("decode request: %w", err)
	}
	return said, nil
}

// AskToJoin leaves a request for the administrators of the organization of a code.
// Nothing tells whether there is one: a request for a code that is not registered
// waits too, and what was written with it is not kept.
func (s *Store) AskToJoin(ctx context.Context, n NewJoin) error {
	err := s.inTx(ctx, "ask to join", func(ctx context.Context, tx bun.Tx) error {
		row := joinRow{ID: NewID(), Token: n.Token}
		err := tx.NewRaw("SELECT id FROM subjects WHERE code_index = ? AND closed_at IS NULL", s.codeIndex(record.Organization, "", n.Code)).
			Scan(ctx, &row.Subject)
		if err := missing(err, "find organization"); err != nil && record.CodeOf(err) != record.NotFound {
			return err
		}
		if row.Subject != "" {
			if err := lockChain(ctx, tx, row.Subject); err != nil {
				return err
			}
		}
		known, err := tx.NewSelect().Model((*joinRow)(nil)).Where("token = ?", n.Token).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for request: %w", err)
		}
		if known {
			return nil
		}
		if row.AskedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		row.ExpiresAt = row.AskedAt.Add(JoinPeriod)
		return s.insertJoin(ctx, tx, &row, n.Statement)
	})
	if uniqueViolation(err) != "" {
		return nil // the same form, sent twice at once
	}
	return err
}

func (s *Store) insertJoin(ctx context.Context, tx bun.Tx, row *joinRow, said JoinStatement) error {
	if row.Subject != "" {
		content, err := json.Marshal(said)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		if row.Sealed, err = s.sealDocument(ctx, tx, row.Subject, row.ID, joinPurpose, content); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
		return fmt.Errorf("insert request: %w", err)
	}
	if row.Subject == "" {
		return nil
	}
	return s.toldMembers(ctx, tx, row.Subject, memberEvent{Type: EventJoinAsked, Data: map[string]any{"request": string(row.ID)}}, row.AskedAt)
}

// JoinByToken returns what has become of the request of that token. A token that
// is nobody's is record.NotFound.
func (s *Store) JoinByToken(ctx context.Context, token []byte) (Join, error) {
	var row struct {
		joinRow `bun:",extend"`

		Now    time.Time `bun:"now"`
		Closed bool      `bun:"closed"`
	}
	err := s.db.NewRaw(`
		SELECT mr.*, clock_timestamp() AS now, coalesce(s.closed_at IS NOT NULL, false) AS closed
		FROM member_requests mr LEFT JOIN subjects s ON s.id = mr.subject WHERE mr.token = ?`, token).Scan(ctx, &row)
	if err != nil {
		return Join{}, missing(err, "look for request")
	}
	j := Join{State: row.state(row.Now), AskedAt: row.AskedAt, DecidedAt: row.DecidedAt, ExpiresAt: row.ExpiresAt}
	if row.Closed {
		j.State = JoinRefused
	}
	if j.State == JoinGranted || j.State == JoinSettled {
		j.Role = row.Role
		j.Subject, err = s.Subject(ctx, row.Subject)
	}
	return j, err
}

// JoinRequests lists the requests that wait for the administrators of a subject,
// oldest first.
func (s *Store) JoinRequests(ctx context.Context, subject record.ID) ([]JoinRequest, error) {
	var rows []joinRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("decision = ''").Where("expires_at > clock_timestamp()").
		Order("asked_at", "id").Limit(joinsShown).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	all := make([]JoinRequest, 0, len(rows))
	for i := range rows {
		said, err := s.openStatement(ctx, s.db, &rows[i])
		if err != nil {
			return nil, err
		}
		all = append(all, JoinRequest{ID: rows[i].ID, Statement: said, AskedAt: rows[i].AskedAt, ExpiresAt: rows[i].ExpiresAt})
	}
	return all, nil
}

var errJoinDecided = record.Errorf(record.Conflict, "该申请已由其他管理员处理，或已过期")

// GrantJoin lets a requester in, in a role: within JoinPeriod they choose a login
// name and a password. A request that does not wait any more is record.Conflict.
func (s *Store) GrantJoin(ctx context.Context, by record.Actor, subject, id record.ID, role record.MemberRole) error {
	return s.decideJoin(ctx, by, subject, id, func(ctx context.Context, tx bun.Tx, row *joinRow, now time.Time) (memberEvent, error) {
		row.Decision, row.Role, row.ExpiresAt = joinGranted, role, now.Add(JoinPeriod)
		return memberEvent{Type: EventJoinGranted, Data: map[string]any{"request": string(id), "role": string(role)}}, roomForMember(ctx, tx, subject)
	})
}

// RefuseJoin turns a requester away.
func (s *Store) RefuseJoin(ctx context.Context, by record.Actor, subject, id record.ID) error {
	return s.decideJoin(ctx, by, subject, id, func(_ context.Context, _ bun.Tx, row *joinRow, _ time.Time) (memberEvent, error) {
		row.Decision = joinRefused
		return memberEvent{Type: EventJoinRefused, Data: map[string]any{"request": string(id)}}, nil
	})
}

func (s *Store) decideJoin(
	ctx context.Context, by record.Actor, subject, id record.ID,
	decide func(ctx context.Context, tx bun.Tx, row *joinRow, now time.Time) (memberEvent, error),
) error {
	return s.changeMembers(ctx, "decide request", subject, s.manages(subject, by), func(ctx context.Context, tx bun.Tx, now time.Time) (memberEvent, error) {
		var row joinRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).For("UPDATE").Scan(ctx); err != nil {
			return memberEvent{}, missing(err, "lock request")
		}
		if row.state(now) != JoinWaiting {
			return memberEvent{}, errJoinDecided
		}
		e, err := decide(ctx, tx, &row, now)
		if err != nil {
			return memberEvent{}, err
		}
		e.Actor, row.DecidedAt, row.DecidedBy = by.ID, now, by.ID
		if _, err := tx.NewUpdate().Model(&row).Column("decision", "role", "expires_at", "decided_at", "decided_by").WherePK().Exec(ctx); err != nil {
			return memberEvent{}, fmt.Errorf("write request: %w", err)
		}
		return e, nil
	})
}

// SettleJoin makes a requester who was let in a member, by a folded login name and
// a password, given as its hash. The account is returned. A request that is not
// granted, or over, is record.NotFound; a login name that another member has
// record.Taken, a full house record.Conflict.
func (s *Store) SettleJoin(ctx context.Context, token []byte, login, password string) (record.ID, error) {
	var account record.ID
	err := s.inTx(ctx, "settle request", func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		err := tx.NewRaw("SELECT subject FROM member_requests WHERE token = ? AND decision = 'granted'", token).Scan(ctx, &subject)
		if err != nil {
			return missing(err, "look for request")
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var row joinRow
		err = tx.NewRaw(`
			SELECT mr.* FROM member_requests mr JOIN subjects s ON s.id = mr.subject
			WHERE mr.token = ? AND s.closed_at IS NULL FOR UPDATE OF mr`, token).Scan(ctx, &row)
		if err != nil {
			return missing(err, "lock request")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if row.state(now) != JoinGranted {
			return errNotFound
		}
		said, err := s.openStatement(ctx, tx, &row)
		if err != nil {
			return err
		}
		account, err = s.insertMember(ctx, tx, subject, memberProfile{Name: said.Name, Login: login}, row.Role, password)
		if err != nil {
			return err
		}
		row.Account = account
		if _, err := tx.NewUpdate().Model(&row).Column("account").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write request: %w", err)
		}
		return s.toldMembers(ctx, tx, subject, memberEvent{Type: EventMemberJoined, Actor: account, Data: map[string]any{
			"account": string(account), "request": string(row.ID), "role": string(row.Role),
		}}, now)
	})
	if uniqueViolation(err) == "accounts_login" {
		return "", errLoginTaken
	}
	return account, err
}

// SweepOffers deletes invitations and requests that have been over for long, with
// what was written in them, and returns how many. Who became a member is in the
// events.
func (s *Store) SweepOffers(ctx context.Context) (int, error) {
	total := 0
	for _, statement := range []string{
		"DELETE FROM member_requests WHERE expires_at < clock_timestamp() - ? * interval '1 microsecond'",
		"DELETE FROM member_invitations WHERE coalesce(used_at, revoked_at) < clock_timestamp() - ? * interval '1 microsecond'",
	} {
		result, err := s.db.NewRaw(statement, offerAge.Microseconds()).Exec(ctx)
		if err != nil {
			return total, fmt.Errorf("sweep invitations and requests: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return total, fmt.Errorf("sweep invitations and requests: %w", err)
		}
		total += int(n)
	}
	return total, nil
}

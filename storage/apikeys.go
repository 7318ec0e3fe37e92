package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Scope is what a key of the interface may do.
type Scope string

// The scopes.
const (
	ScopeCARead          Scope = "ca.read"          // where applications to the CA company stand
	ScopeEligibilityRead Scope = "eligibility.read" // whether a subject may bid
	ScopeSubjectsRead    Scope = "subjects.read"    // what is in force of an organization
	ScopeChangesRead     Scope = "changes.read"     // what took effect, as a feed
	ScopeConnectionsRead Scope = "connections.read" // which organizations are connected with which
)

// Scopes lists them all.
func Scopes() []Scope {
	return []Scope{ScopeSubjectsRead, ScopeEligibilityRead, ScopeConnectionsRead, ScopeChangesRead, ScopeCARead}
}

// Types of events on keys of the interface.
const (
	EventKeyAdded   = "api_key_added"
	EventKeyRevoked = "api_key_revoked"
)

// apiKeyPrefix marks a key of ours wherever it turns up.
const apiKeyPrefix = "urk_"

// APIKey is a key under which another system asks.
type APIKey struct {
	ID        record.ID
	Name      string
	Scopes    []Scope
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time
	UsedAt    time.Time // to the minute; zero: never
}

// May reports whether the key has the scope.
func (k APIKey) May(s Scope) bool { return slices.Contains(k.Scopes, s) }

type apiKeyRow struct {
	bun.BaseModel `bun:"table:api_keys,alias:k"`

	ID        record.ID `bun:"id,pk"`
	Name      string    `bun:"name"`
	Hash      []byte    `bun:"hash"`
	Scopes    []string  `bun:"scopes,array"`
	CreatedAt time.Time `bun:"created_at,nullzero"`
	ExpiresAt time.Time `bun:"expires_at,nullzero"`
	RevokedAt time.Time `bun:"revoked_at,nullzero"`
	UsedAt    time.Time `bun:"used_at,nullzero"`
}

func (r *apiKeyRow) key() APIKey {
	k := APIKey{ID: r.ID, Name: r.Name, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt, UsedAt: r.UsedAt}
	for _, s := range r.Scopes {
		k.Scopes = append(k.Scopes, Scope(s))
	}
	return k
}

// AddAPIKey draws a key. Its text is in this answer and nowhere else.
func (s *Store) AddAPIKey(ctx context.Context, by record.Actor, name string, scopes []Scope, expires time.Time) (APIKey, string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len([]rune(name)) > 100 || len(scopes) == 0 {
		return APIKey{}, "", record.Errorf(record.Invalid, "密钥须有名称和至少一项权限")
	}
	row := apiKeyRow{ID: NewID(), Name: name, ExpiresAt: expires}
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return APIKey{}, "", record.Errorf(record.Invalid, "没有这项权限："+string(scope))
		}
		row.Scopes = append(row.Scopes, string(scope))
	}
	text := apiKeyPrefix + rand.Text() + rand.Text()
	row.Hash = apiKeyHash(text)
	err := s.inTx(ctx, "add API key", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row.CreatedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		return s.appendEvent(ctx, tx, event{
			Chain: systemChain, Type: EventKeyAdded, Record: row.ID, Role: by.Role, Actor: by.ID, At: row.CreatedAt,
			Data: map[string]any{"scopes": strings.Join(row.Scopes, " ")},
		})
	})
	return row.key(), text, err
}

func apiKeyHash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// APIKeys lists all keys, newest first.
func (s *Store) APIKeys(ctx context.Context) ([]APIKey, error) {
	var rows []apiKeyRow
	if err := s.db.NewSelect().Model(&rows).Order("created_at DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	keys := make([]APIKey, 0, len(rows))
	for i := range rows {
		keys = append(keys, rows[i].key())
	}
	return keys, nil
}

// RevokeAPIKey ends a key at once. One that is unknown or ended is NotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, by record.Actor, id record.ID) error {
	return s.inTx(ctx, "revoke API key", func(ctx context.Context, tx bun.Tx) error {
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		result, err := tx.NewRaw("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now, id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("revoke API key: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errNotFound
		}
		return s.appendEvent(ctx, tx, event{Chain: systemChain, Type: EventKeyRevoked, Record: id, Role: by.Role, Actor: by.ID, At: now})
	})
}

// APIKeyOf returns the key of that text, and notes that it was used. One that is
// unknown, expired or revoked is Unauthorized.
func (s *Store) APIKeyOf(ctx context.Context, text string) (APIKey, error) {
	if !strings.HasPrefix(text, apiKeyPrefix) {
		return APIKey{}, errAPIKey
	}
	var row apiKeyRow
	err := s.db.NewSelect().Model(&row).Where("hash = ?", apiKeyHash(text)).Where("revoked_at IS NULL").
		Where("expires_at IS NULL OR expires_at > clock_timestamp()").Scan(ctx)
	if err := missing(err, "read API key"); err != nil {
		if record.CodeOf(err) == record.NotFound {
			err = errAPIKey
		}
		return APIKey{}, err
	}
	_, err = s.db.NewRaw(`
		UPDATE api_keys SET used_at = date_trunc('minute', clock_timestamp())
		WHERE id = ? AND used_at IS DISTINCT FROM date_trunc('minute', clock_timestamp())`, row.ID).Exec(ctx)
	if err != nil {
		return APIKey{}, fmt.Errorf("note use of API key: %w", err)
	}
	return row.key(), nil
}

var errAPIKey = record.Errorf(record.Unauthorized, "接口密钥无效、已过期或已停用")

package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"unireg/record"
)

// Facts are what an operator must know of a database before the product runs on
// it. They are read without changing anything, also where there is no table.
type Facts struct {
	Version, Encoding, Role string
	Superuser               bool
	Now                     time.Time // by the server's clock
	Connections             int       // that ordinary roles share
	// Trigrams tells that pg_trgm is installed, Chinese that it sees letters in
	// Chinese text, which it does not in locale C.
	Trigrams, Chinese bool
	// Forgeable are the append-only tables that this role could change, Makes
	// tells that it could make tables of its own: it is not the application's.
	Forgeable []string
	Makes     bool
}

// FactsOf reads the facts of an open database.
func FactsOf(ctx context.Context, db *bun.DB) (Facts, error) {
	var f Facts
	err := db.NewRaw(`
		SELECT current_setting('server_version'), current_setting('server_encoding'), current_user, r.rolsuper, clock_timestamp(),
		       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
		       EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'), has_schema_privilege('public', 'CREATE')
		FROM pg_roles r WHERE r.rolname = current_user`).
		Scan(ctx, &f.Version, &f.Encoding, &f.Role, &f.Superuser, &f.Now, &f.Connections, &f.Trigrams, &f.Makes)
	if err != nil {
		return f, fmt.Errorf("read the server's facts: %w", err)
	}
	if f.Trigrams && f.Encoding == "UTF8" {
		if err := db.NewRaw("SELECT cardinality(show_trgm('公共资源交易')) > 0").Scan(ctx, &f.Chinese); err != nil {
			return f, fmt.Errorf("try the search: %w", err)
		}
	}
	err = db.NewRaw(`
		SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind = 'r' AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
		  AND (c.relname = 'version_effects' OR EXISTS (
			SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = c.oid AND p.proname = 'refuse_change'))
		ORDER BY c.relname`).Scan(ctx, &f.Forgeable)
	if err != nil {
		return f, fmt.Errorf("read the role's rights: %w", err)
	}
	return f, nil
}

// Refused tells why a server does not let us in, as far as it says so.
type Refused string

// What a server refuses.
const (
	RefusedPassword Refused = "password"
	RefusedDatabase Refused = "database" // there is none of that name
	RefusedEntry    Refused = "entry"    // the role may not enter it
)

// RefusedBy is what an error of connecting says; "" where the server does not
// answer, or says something else.
func RefusedBy(err error) Refused {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	switch pg.Code {
	case "28P01", "28000":
		return RefusedPassword
	case "3D000":
		return RefusedDatabase
	case "42501":
		return RefusedEntry
	}
	return ""
}

// KeyFindings are what is wrong with the keys of the settings beside what the
// database holds.
type KeyFindings struct {
	// Missing are the names of master keys that seal something and were not
	// given; Wrong those of keys that do not open what they should have sealed.
	Missing, Wrong []string
	// Index tells that the index key is not the one of the blind indexes.
	Index bool
}

// ExamineKeys tries the keys on what they sealed: one example for each master
// key, and the blind index of one subject. Nothing is found in an empty
// database.
func (s *Store) ExamineKeys(ctx context.Context) (KeyFindings, error) {
	var found KeyFindings
	var samples []struct {
		Master string
		Holder record.ID
		Sealed []byte
		Kind   string // what leads the holder in the sealed value's context
	}
	err := s.db.NewRaw(`
		(SELECT DISTINCT ON (master) master, subject AS holder, wrapped AS sealed, 'subject/' AS kind FROM subject_keys ORDER BY master, created_at DESC)
		UNION ALL
		(SELECT DISTINCT ON (master) master, holder, substring(totp_sealed FROM octet_length(master) + 2) AS sealed, 'staff/' AS kind
		 FROM (SELECT convert_from(substring(totp_sealed FROM 1 FOR position('\x00'::bytea IN totp_sealed) - 1), 'UTF8') AS master,
		              id AS holder, totp_sealed, created_at FROM staff WHERE position('\x00'::bytea IN totp_sealed) > 1) named
		 ORDER BY master, created_at DESC)
		ORDER BY master, kind DESC`).Scan(ctx, &samples)
	if err != nil {
		return found, fmt.Errorf("read an example of what each master key sealed: %w", err)
	}
	named := map[string]bool{}
	for _, sample := range samples {
		if named[sample.Master] {
			continue
		}
		switch _, given := s.keys.Masters[sample.Master]; {
		case !given:
			found.Missing = append(found.Missing, sample.Master)
			named[sample.Master] = true
		default:
			if _, err := s.keys.unsealMaster(sample.Master, sample.Sealed, sample.Kind+string(sample.Holder)); err != nil {
				found.Wrong = append(found.Wrong, sample.Master)
				named[sample.Master] = true
			}
		}
	}
	found.Index, err = s.indexDiffers(ctx)
	return found, err
}

// indexDiffers compares the blind index of one subject's code with what the
// index key makes of the code. Codes of organizations are not sealed.
func (s *Store) indexDiffers(ctx context.Context) (bool, error) {
	var code string
	var index []byte
	err := s.db.NewRaw("SELECT code, code_index FROM subjects WHERE type = ? AND code IS NOT NULL ORDER BY created_at DESC LIMIT 1", record.Organization).
		Scan(ctx, &code, &index)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read a blind index: %w", err)
	}
	return !bytes.Equal(index, s.codeIndex(record.Organization, "", code)), nil
}

package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/config"
	"unireg/record"
	"unireg/storage"
)

// ofDatabase is what nobody can look at while the database is away.
var ofDatabase = []string{"role", "search", "schema", "keys", "checkpoints"}

func examineDatabase(ctx context.Context, d *diagnosis, c config.Config, trust *certificate.Trust) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	db, err := storage.Open(inUTF8(c.DatabaseURL.Reveal()), 2)
	if err != nil {
		return // the settings told
	}
	defer db.Close()
	facts, err := storage.FactsOf(ctx, db)
	if err != nil {
		d.fault(unreached(c.DatabaseURL.Reveal(), err))
		d.skip("database", ofDatabase...)
		return
	}
	if facts.Encoding != "UTF8" {
		d.fault(finding{
			"database", "the database keeps its text as " + facts.Encoding + ", which has no room for Chinese names", nil,
			"create it anew with ENCODING 'UTF8' and a UTF-8 locale, and load the backup",
		})
	} else {
		d.fine("database", "PostgreSQL %s, %s", facts.Version, facts.Encoding)
	}
	if skew := time.Since(facts.Now).Abs(); skew > time.Minute {
		d.warn(finding{
			"clock", fmt.Sprintf("this machine and the database differ by %s; the database's clock counts", skew.Round(time.Second)), nil,
			"have both follow the same time server",
		})
	}
	if c.DBConnections > facts.Connections {
		d.warn(finding{
			"database", fmt.Sprintf("one process may open %d connections and the server has %d for all", c.DBConnections, facts.Connections), nil,
			"lower UNIREG_DB_CONNECTIONS or raise max_connections: portals and workers together must fit",
		})
	}
	examineRole(d, facts)
	examineSearch(d, facts)
	if !examineSchema(ctx, d, db) {
		d.skip("schema", "keys", "checkpoints")
		return
	}
	store := storage.New(db, c.Keyring(), c.Policy())
	if !examineKeys(ctx, d, store) {
		return
	}
	if c.Mode == config.Production {
		examineDemo(ctx, d, c, store)
	}
	examineCheckpoints(ctx, d, c, store)
	examineLists(ctx, d, c, store, trust)
}

// inUTF8 has the server speak UTF-8 whatever it keeps, so that it can say what
// that is.
func inUTF8(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // the settings told
	}
	query := u.Query()
	query.Set("client_encoding", "UTF8")
	u.RawQuery = query.Encode()
	return u.String()
}

// unreached says why nobody could look into the database.
func unreached(address string, err error) finding {
	f := finding{what: "database", cause: err}
	role, server, name := "", "", ""
	if u, parsed := url.Parse(address); parsed == nil {
		role, server, name = u.User.Username(), u.Host, strings.TrimPrefix(u.Path, "/")
	}
	switch storage.RefusedBy(err) {
	case storage.RefusedPassword:
		f.sentence = fmt.Sprintf("PostgreSQL at %s does not let role %s in with this password", server, role)
		f.next = "put the role's password into UNIREG_DATABASE_URL, or set it with ALTER ROLE " + role + " PASSWORD"
	case storage.RefusedDatabase:
		f.sentence = fmt.Sprintf("PostgreSQL at %s has no database %s", server, name)
		f.next = "correct the name in UNIREG_DATABASE_URL, or create the database and run unireg migrate up"
	case storage.RefusedEntry:
		f.sentence = fmt.Sprintf("role %s may not enter database %s", role, name)
		f.next = fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", name, role)
	default:
		f.sentence = fmt.Sprintf("PostgreSQL at %s does not answer: nothing works without it", server)
		f.next = "start it, or correct host and port in UNIREG_DATABASE_URL"
	}
	return f
}

// examineRole finds a role that could change what must stay as it was written.
func examineRole(d *diagnosis, facts storage.Facts) {
	switch {
	case facts.Superuser:
		d.fault(finding{
			"role", fmt.Sprintf("%s is a superuser: the portal could rewrite its own history", facts.Role), nil,
			"name the application's role, which owns nothing, in UNIREG_DATABASE_URL",
		})
	case facts.Makes:
		d.fault(finding{
			"role", fmt.Sprintf("%s may make tables: it is not the application's role, and could rewrite its own history", facts.Role), nil,
			"name the application's role in UNIREG_DATABASE_URL, and the owner's in UNIREG_MIGRATE_DATABASE_URL only",
		})
	case len(facts.Forgeable) > 0:
		tables := strings.Join(facts.Forgeable, ", ")
		d.fault(finding{
			"role", fmt.Sprintf("%s may change rows of %s, which are only ever added to", facts.Role, tables), nil,
			fmt.Sprintf("as the owner: REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %s; then unireg verify tells whether anything was changed", tables, facts.Role),
		})
	default:
		d.fine("role", "%s cannot change what was written", facts.Role)
	}
}

func examineSearch(d *diagnosis, facts storage.Facts) {
	switch {
	case !facts.Trigrams:
		d.fault(finding{
			"search", "the extension pg_trgm is missing: names are not found", nil,
			"as a superuser, in this database: CREATE EXTENSION pg_trgm; then unireg migrate up",
		})
	case !facts.Chinese:
		d.fault(finding{
			"search", "the database's locale knows no Chinese letters: names are not found", nil,
			"create the database anew with a UTF-8 locale such as C.UTF-8 of the builtin provider, and load the backup",
		})
	default:
		d.fine("search", "finds Chinese names")
	}
}

// examineSchema compares the migrations of this program with the database's and
// reports whether the program can work on it.
func examineSchema(ctx context.Context, d *diagnosis, db *bun.DB) bool {
	schema, err := storage.SchemaOf(ctx, db)
	switch {
	case err != nil:
		d.fault(finding{"schema", "the list of migrations cannot be read", err, "run unireg migrate status as the role that owns the schema"})
		return false
	case len(schema.Missing) > 0:
		d.fault(finding{
			"schema", "the database is older than this program and lacks " + counted(len(schema.Missing), "migration"), nil,
			"run unireg migrate up with this program, before portals and workers of this release start",
		})
		return false
	case len(schema.Newer) > 0:
		d.warn(finding{
			"schema", "the database is of a later release than this program, by " + counted(len(schema.Newer), "migration"), nil,
			"finish the upgrade: a schema serves the release before it, and none that is older",
		})
	default:
		d.fine("schema", "current at %s", schema.Last)
	}
	return true
}

// examineKeys tries the keys of the settings on what is stored.
func examineKeys(ctx context.Context, d *diagnosis, store *storage.Store) bool {
	found, err := store.ExamineKeys(ctx)
	if err != nil {
		d.fault(finding{"keys", "what the keys sealed cannot be read", err, "see the cause"})
		return false
	}
	if len(found.Missing) > 0 {
		names := strings.Join(found.Missing, ", ")
		d.fault(finding{
			"keys", fmt.Sprintf("master key %s sealed what is stored and is not in UNIREG_MASTER_KEYS", names), nil,
			"put it back behind the first one; only after unireg keys rotate may a key be taken out",
		})
	}
	if len(found.Wrong) > 0 {
		d.fault(finding{
			"keys", fmt.Sprintf("master key %s does not open what a key of that name sealed", strings.Join(found.Wrong, ", ")), nil,
			"restore the key of that name from the copy of the secrets; a new key takes a new name",
		})
	}
	if found.Index {
		d.fault(finding{
			"keys", "UNIREG_INDEX_KEY is not the one by which the stored codes were indexed: nobody is found, and everybody may register twice", nil,
			"restore it from the copy of the secrets before anything is written: it cannot be rotated",
		})
	}
	if len(found.Missing)+len(found.Wrong) > 0 || found.Index {
		return false
	}
	d.fine("keys", "open what is stored")
	return true
}

func examineDemo(ctx context.Context, d *diagnosis, c config.Config, store *storage.Store) {
	if err := refuseDemo(ctx, &rooms{config: c, store: store}); err != nil {
		d.fault(finding{"staff", "the portal would not start: staff of a demonstration, whose passwords were printed, are enabled", err, "disable them as the cause says"})
	}
}

// examineLists asks how old the lists of revoked certificates are, by which logins
// and submits are refused when they prove nothing any more.
func examineLists(ctx context.Context, d *diagnosis, c config.Config, store *storage.Store, trust *certificate.Trust) {
	if trust == nil {
		return
	}
	var old, never []string
	for _, issuer := range trust.Issuers() {
		if issuer.CRL == "" || issuer.NotAfter.Before(time.Now()) {
			continue
		}
		at, err := store.RevocationListFetched(ctx, issuer.Key)
		switch {
		case record.CodeOf(err) == record.NotFound:
			never = append(never, issuer.Name)
		case err != nil:
			d.fault(finding{"revocations", "when the lists were fetched cannot be read", err, "see the cause"})
			return
		case time.Since(at) > c.CRLMaxAge:
			old = append(old, issuer.Name)
		}
	}
	slices.Sort(old)
	slices.Sort(never)
	const next = "see whether a worker runs and reaches the issuer's address; its log says why not"
	switch {
	case len(old) > 0:
		d.fault(finding{
			"revocations", fmt.Sprintf("the list of %s is older than UNIREG_CRL_MAX_AGE: certificates of it do not sign", strings.Join(old, ", ")), nil, next,
		})
	case len(never) > 0:
		d.warn(finding{"revocations", fmt.Sprintf("the list of %s was never fetched", strings.Join(never, ", ")), nil, next})
	default:
		d.fine("revocations", "lists are new")
	}
}

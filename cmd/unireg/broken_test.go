package main

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/clamd/daemon"
	"unireg/config"
	"unireg/record"
	"unireg/record/sample"
	"unireg/smtp/mailbox"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// breakage is one way to break a configuration that was in order, and what the
// doctor says of it. The table of docs/operators.md is made of these.
type breakage struct {
	what string // is broken, in words
	// breaks a patient that is in order; or examined looks at what no setting can
	// break.
	breaks   func(*patient)
	examined func(*diagnosis)
	// part, says and next are the doctor's first fault. Words in capitals stand
	// for what differs from machine to machine.
	part, says, next string
}

const (
	nextSetting = "correct the variable; the README's table says what it takes"
	nextClock   = "have both follow the same time server"
	nextList    = "run unireg calendar import, or import the notice on the page 时限与日历: deadlines that it moves are planned anew"
)

var breakages = []breakage{
	{
		what: "a variable is misspelt", breaks: func(p *patient) { p.set("UNIREG_REVIEW_DAY", "3") },
		part: "settings", says: "UNIREG_REVIEW_DAY is no setting of this program: was UNIREG_REVIEW_DAYS meant?", next: nextSetting,
	},
	{
		what: "the origin is not https, so that cookies would go over the wire in the clear", breaks: func(p *patient) { p.set("UNIREG_ORIGIN", "http://reg.example.cn") },
		part: "settings", says: `UNIREG_ORIGIN is not https, which production mode demands: "http://reg.example.cn"`, next: nextSetting,
	},
	{
		what: "health and metrics listen to everybody", breaks: func(p *patient) { p.set("UNIREG_OPS_LISTEN", "0.0.0.0:9090") },
		part: "settings", says: `UNIREG_OPS_LISTEN is not a loopback or private address, as production mode demands of health and metrics: "0.0.0.0:9090"`,
		next: nextSetting,
	},
	{
		what: "a file of a secret is not mounted", breaks: func(p *patient) {
			p.set("UNIREG_INDEX_KEY", "")
			p.set("UNIREG_INDEX_KEY_FILE", "/run/secrets/index_key")
		},
		part: "settings", says: "UNIREG_INDEX_KEY_FILE names a file that does not exist: /run/secrets/index_key", next: nextSetting,
	},
	{
		what: "the program was built without what pages load", examined: func(d *diagnosis) { examineFiles(d, fstest.MapFS{}) },
		part: "page files", says: "this program was built without the files that pages load",
		next: "build it with make build, which installs them, or run the image",
	},
	{
		what: "no proxy is trusted", breaks: func(p *patient) { p.set("UNIREG_TRUSTED_PROXIES", "") },
		part: "proxies", says: "the origin is https, so that a proxy brings every visitor, and none is trusted: all count as one address",
		next: "name the proxy's address in UNIREG_TRUSTED_PROXIES, or one visitor's wrong passwords slow everybody down",
	},
	{
		what: "the calendar ends with an earlier year", breaks: func(p *patient) {
			p.set("UNIREG_HOLIDAYS_FILE", p.file("holidays.tsv", "date\tkind\tname\tsource\n2020-01-01\tholiday\t元旦\t通知\n"))
			p.words[fmt.Sprint(time.Now().In(record.Shanghai).Year())] = "YEAR"
		},
		part: "calendar", says: "the holidays of YEAR are not known: deadlines count every Monday to Friday", next: nextList,
	},
	{
		what: "it is December, and the calendar lacks the coming year", examined: func(d *diagnosis) {
			calendar, err := record.LoadCalendar([]byte("2026-01-01\tholiday\t元旦\t通知"))
			if err == nil {
				examineCalendar(d, calendar, time.Date(2026, 12, 2, 9, 0, 0, 0, record.Shanghai))
			}
		},
		part: "calendar", says: "the holidays of 2027 are not known, and deadlines of these days reach into it", next: nextList,
	},
	{
		what: "every CA issuer has expired", breaks: func(p *patient) { p.set("UNIREG_CA_TRUST", p.file("trust.json", p.expiredTrust())) },
		part: "CA issuers", says: "every issuer of the list has expired: no certificate counts any more",
		next: "add the authorities' new certificates to the file that UNIREG_CA_TRUST names; the old ones stay for what they vouched for",
	},
	{
		what: "PostgreSQL is away", breaks: func(p *patient) {
			away := freeAddress(p.t)
			p.changeURL("UNIREG_DATABASE_URL", func(u *url.URL) { u.Host = away })
			p.words[away] = "SERVER"
		},
		part: "database", says: "PostgreSQL at SERVER does not answer: nothing works without it",
		next: "start it, or correct host and port in UNIREG_DATABASE_URL",
	},
	{
		what: "the database's password is another", breaks: func(p *patient) {
			p.changeURL("UNIREG_DATABASE_URL", func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "another-4711") })
		},
		part: "database", says: "PostgreSQL at SERVER does not let role unireg_app in with this password",
		next: "put the role's password into UNIREG_DATABASE_URL, or set it with ALTER ROLE unireg_app PASSWORD",
	},
	{
		what: "the database does not exist", breaks: func(p *patient) {
			p.changeURL("UNIREG_DATABASE_URL", func(u *url.URL) { u.Path = "/unireg_lost" })
		},
		part: "database", says: "PostgreSQL at SERVER has no database unireg_lost",
		next: "correct the name in UNIREG_DATABASE_URL, or create the database and run unireg migrate up",
	},
	{
		what: "the database was created in another encoding", breaks: func(p *patient) { p.useDatabase(p.database("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")) },
		part: "database", says: "the database keeps its text as SQL_ASCII, which has no room for Chinese names",
		next: "create it anew with ENCODING 'UTF8' and a UTF-8 locale, and load the backup",
	},
	{
		what: "the portal logs in as the schema's owner", breaks: func(p *patient) {
			p.set("UNIREG_DATABASE_URL", p.own().OwnerURL)
		},
		part: "role", says: "unireg_owner may make tables: it is not the application's role, and could rewrite its own history",
		next: "name the application's role in UNIREG_DATABASE_URL, and the owner's in UNIREG_MIGRATE_DATABASE_URL only",
	},
	{
		what: "the application's role was given too much", breaks: func(p *patient) { p.asOwner("GRANT UPDATE ON events, versions TO unireg_app") },
		part: "role", says: "unireg_app may change rows of events, versions, which are only ever added to",
		next: "as the owner: REVOKE UPDATE, DELETE, TRUNCATE ON events, versions FROM unireg_app; then unireg verify tells whether anything was changed",
	},
	{
		what: "the extension pg_trgm is missing", breaks: func(p *patient) { p.asSuperuser(p.own().Name, "DROP EXTENSION pg_trgm CASCADE") },
		part: "search", says: "the extension pg_trgm is missing: names are not found",
		next: "as a superuser, in this database: CREATE EXTENSION pg_trgm; then unireg migrate up",
	},
	{
		what: "the database's locale is C", breaks: func(p *patient) { p.useDatabase(p.database("ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")) },
		part: "search", says: "the database's locale knows no Chinese letters: names are not found",
		next: "create the database anew with a UTF-8 locale such as C.UTF-8 of the builtin provider, and load the backup",
	},
	{
		what: "the schema is that of an earlier release", breaks: func(p *patient) {
			p.asOwner("DELETE FROM bun_migrations WHERE name = (SELECT max(name) FROM bun_migrations)")
		},
		part: "schema", says: "the database is older than this program and lacks 1 migration",
		next: "run unireg migrate up with this program, before portals and workers of this release start",
	},
	{
		what: "a master key that sealed something is missing", breaks: func(p *patient) {
			p.inhabit()
			p.set("UNIREG_MASTER_KEYS", "new:"+drawnKey())
		},
		part: "keys", says: "master key k1 sealed what is stored and is not in UNIREG_MASTER_KEYS",
		next: "put it back behind the first one; only after unireg keys rotate may a key be taken out",
	},
	{
		what: "a master key was drawn anew under its old name", breaks: func(p *patient) {
			p.inhabit()
			p.set("UNIREG_MASTER_KEYS", "k1:"+drawnKey())
		},
		part: "keys", says: "master key k1 does not open what a key of that name sealed",
		next: "restore the key of that name from the copy of the secrets; a new key takes a new name",
	},
	{
		what: "the index key is another", breaks: func(p *patient) {
			p.inhabit()
			p.set("UNIREG_INDEX_KEY", drawnKey())
		},
		part: "keys", says: "UNIREG_INDEX_KEY is not the one by which the stored codes were indexed: nobody is found, and everybody may register twice",
		next: "restore it from the copy of the secrets before anything is written: it cannot be rotated",
	},
	{
		what: "the key that signs checkpoints is missing", breaks: func(p *patient) { p.set("UNIREG_CHECKPOINT_KEY", "") },
		part: "settings",
		says: "UNIREG_CHECKPOINT_KEY is required in production mode (or UNIREG_CHECKPOINT_KEY_FILE): without checkpoints nobody can tell whether the history was rewritten",
		next: nextSetting,
	},
	{
		what: "the key that signs checkpoints was exchanged and the old one is not trusted", breaks: func(p *patient) { p.sign() },
		part: "checkpoints", says: "checkpoint 1, under key KEY: it is signed by a key that is not trusted; none is taken after it",
		next: "name the key that signed it in UNIREG_CHECKPOINT_TRUST; if it is named, run unireg verify",
	},
	{
		what: "the history was found to be another than was signed", breaks: func(p *patient) { p.suspect() },
		part: "checkpoints", says: "the history is not what was signed: 1 fault", next: "run unireg verify, which names them",
	},
	{
		what: "staff of a demonstration are enabled", breaks: func(p *patient) {
			_, err := p.store().AddStaff(p.t.Context(), commandLine, storage.NewStaff{
				Login: storage.DemoLogin + "reviewer-1", Name: "周", Role: record.Reviewer, Identity: sample.ResidentID(9), Password: "x", Secret: "x",
			})
			require.NoError(p.t, err)
		},
		part: "staff", says: "the portal would not start: staff of a demonstration, whose passwords were printed, are enabled",
		next: "disable them as the cause says",
	},
	{
		what: "the object store is away", breaks: func(p *patient) { p.set("UNIREG_S3_ENDPOINT", p.away("STORE")) },
		part: "object store", says: "S3 at STORE does not answer: attachments are neither taken in nor shown",
		next: "start it, or correct UNIREG_S3_ENDPOINT and UNIREG_S3_SECURE",
	},
	{
		what: "the object store's key is another", breaks: func(p *patient) { p.set("UNIREG_S3_SECRET_KEY", "another-secret-4711") },
		part: "object store", says: "it does not know this access key with this secret",
		next: "put its keys into UNIREG_S3_ACCESS_KEY and UNIREG_S3_SECRET_KEY",
	},
	{
		what: "the object store's clock is twenty minutes late", breaks: func(p *patient) { p.set("UNIREG_S3_ENDPOINT", p.lateStore()) },
		part: "object store", says: "its clock and this machine's differ by more than 15 minutes, so that it refuses every signature", next: nextClock,
	},
	{
		what: "the bucket is missing", breaks: func(p *patient) { p.set("UNIREG_S3_BUCKET", "unireg-lost") },
		part: "object store", says: "there is no bucket unireg-lost",
		next: "run unireg migrate up, which makes it, or correct UNIREG_S3_BUCKET; after a loss restore the bucket first",
	},
	{
		what: "the virus scanner is away", breaks: func(p *patient) {
			p.set("UNIREG_SCAN", "required")
			p.set("UNIREG_CLAMD", p.away("SCANNER"))
		},
		part: "virus scan", says: "the scanner does not answer: attachments wait and nothing is approved",
		next: "start clamd, or correct UNIREG_CLAMD",
	},
	{
		what: "the virus scanner takes less than may be uploaded", breaks: func(p *patient) { p.scanner(5) },
		part: "virus scan", says: "its limits are below the 20 MiB that may be uploaded: what is larger is not looked at",
		next: "raise StreamMaxLength, MaxFileSize and MaxScanSize in clamd.conf above UNIREG_MAX_FILE_MIB, and restart clamd",
	},
	{
		what: "the mail server is away", breaks: func(p *patient) { p.mails(p.away("MAIL")) },
		part: "mail", says: "the mail server at MAIL does not answer: messages and links wait, and are sent when it does",
		next: "start it, or correct UNIREG_SMTP_ADDRESS",
	},
	{
		what: "the mail server offers no TLS", breaks: func(p *patient) { p.mails(p.mailServer("MAIL")) },
		part: "mail", says: "the mail server at MAIL gives no connection that is safe from others",
		next: "correct UNIREG_SMTP_TLS, or give the server a certificate that this machine trusts",
	},
	{
		what: "the mail server does not let us in", breaks: func(p *patient) {
			p.mails(p.mailServer("MAIL"))
			p.set("UNIREG_MODE", "development")
			p.set("UNIREG_SMTP_TLS", "none")
			p.set("UNIREG_SMTP_USER", "unireg")
			p.set("UNIREG_SMTP_PASSWORD", "another-secret-4711")
		},
		part: "mail", says: "the mail server at MAIL does not let this user in", next: "correct UNIREG_SMTP_USER and UNIREG_SMTP_PASSWORD",
	},
	{
		what: "Temporal is away", breaks: func(p *patient) { p.set("TEMPORAL_ADDRESS", p.away("TEMPORAL")) },
		part: "Temporal", says: "nothing answers at TEMPORAL: submissions are accepted and wait", next: "start it, or correct TEMPORAL_ADDRESS",
	},
	{
		what: "the namespace is missing", breaks: func(p *patient) { p.set("TEMPORAL_NAMESPACE", "unireg-lost") },
		part: "Temporal", says: "there is no namespace unireg-lost",
		next: "temporal operator namespace create --namespace unireg-lost --retention 30d, or correct TEMPORAL_NAMESPACE",
	},
	{
		what: "Temporal forgets what has ended within a day", breaks: func(p *patient) { p.set("TEMPORAL_NAMESPACE", p.namespace(24*time.Hour)) },
		part: "Temporal", says: "namespace NAMESPACE forgets what has ended after 24h0m0s: nobody can look at how a filing went",
		next: "temporal operator namespace update --namespace NAMESPACE --retention 30d",
	},
}

// patient is a configuration that is in order until it is broken.
type patient struct {
	t        *testing.T
	settings map[string]string
	words    map[string]string // what differs from machine to machine, and what stands for it
	fresh    *storagetest.Database
}

// healthy is a configuration of a production system on the servers of the tests.
func healthy(t *testing.T, namespace string) *patient {
	t.Helper()
	database, bucket := storagetest.Shared(t), storagetest.BucketConfig(t)
	objects, err := storage.NewObjects(bucket)
	require.NoError(t, err)
	require.NoError(t, objects.EnsureBucket(t.Context()))
	t.Cleanup(func() { require.NoError(t, objects.RemoveBucket(context.WithoutCancel(t.Context()))) })
	p := &patient{t: t, words: map[string]string{}, settings: map[string]string{
		"UNIREG_MODE": "production", "UNIREG_ORIGIN": "https://reg.example.cn", "UNIREG_TRUSTED_PROXIES": "172.30.76.1",
		"UNIREG_DATABASE_URL": database.URL, "UNIREG_MASTER_KEYS": "k1:" + drawnKey(), "UNIREG_INDEX_KEY": drawnKey(), "UNIREG_COOKIE_KEY": drawnKey(),
		"UNIREG_CHECKPOINT_KEY": drawnKey(),
		"UNIREG_S3_ENDPOINT":    bucket.Endpoint, "UNIREG_S3_ACCESS_KEY": bucket.AccessKey, "UNIREG_S3_SECRET_KEY": bucket.SecretKey,
		"UNIREG_S3_BUCKET": bucket.Bucket, "UNIREG_S3_SECURE": fmt.Sprint(bucket.Secure),
		"TEMPORAL_ADDRESS": os.Getenv("TEMPORAL_ADDRESS"), "TEMPORAL_NAMESPACE": namespace,
	}}
	server, err := url.Parse(database.URL)
	require.NoError(t, err)
	p.words[server.Host] = "SERVER"
	return p
}

func (p *patient) set(name, value string) { p.settings[name] = value }

func (p *patient) environ() []string {
	var all []string
	for name, value := range p.settings {
		all = append(all, name+"="+value)
	}
	return all
}

func (p *patient) changeURL(name string, change func(*url.URL)) {
	u, err := url.Parse(p.settings[name])
	require.NoError(p.t, err)
	change(u)
	p.set(name, u.String())
}

// file writes a file for the test.
func (p *patient) file(name, content string) string {
	path := filepath.Join(p.t.TempDir(), name)
	require.NoError(p.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// away is an address at which nothing answers.
func (p *patient) away(word string) string {
	address := freeAddress(p.t)
	p.words[address] = word
	return address
}

// mails has the patient send mail through a server.
func (p *patient) mails(address string) {
	p.set("UNIREG_SMTP_ADDRESS", address)
	p.set("UNIREG_SMTP_FROM", "noreply@reg.example.cn")
}

// mailServer is the address of a server that takes mail, in the clear and from
// everybody.
func (p *patient) mailServer(word string) string {
	own, err := mailbox.Start(p.t.TempDir())
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, own.Stop()) })
	p.words[own.Address] = word
	return own.Address
}

// own gives the patient a database that may be broken.
func (p *patient) own() *storagetest.Database {
	if p.fresh == nil {
		p.fresh = storagetest.Fresh(p.t)
		p.set("UNIREG_DATABASE_URL", p.fresh.URL)
	}
	return p.fresh
}

func (p *patient) asOwner(statement string) {
	_, err := p.own().Owner.ExecContext(p.t.Context(), statement)
	require.NoError(p.t, err)
}

func (p *patient) asSuperuser(database, statement string) {
	u, err := url.Parse(os.Getenv("UNIREG_ADMIN_DATABASE_URL"))
	require.NoError(p.t, err)
	if database != "" {
		u.Path = "/" + database
	}
	admin, err := storage.Open(u.String(), 1)
	require.NoError(p.t, err)
	defer admin.Close()
	_, err = admin.ExecContext(context.WithoutCancel(p.t.Context()), statement)
	require.NoError(p.t, err)
}

// database creates an empty one with those options and returns its name.
func (p *patient) database(options string) string {
	name := fmt.Sprintf("unireg_test_%d_doctor_%d", time.Now().Unix(), os.Getpid())
	p.asSuperuser("", "CREATE DATABASE "+name+" OWNER unireg_owner "+options)
	p.t.Cleanup(func() { p.asSuperuser("", "DROP DATABASE "+name+" WITH (FORCE)") })
	p.asSuperuser(name, "CREATE EXTENSION pg_trgm")
	return name
}

func (p *patient) useDatabase(name string) {
	p.changeURL("UNIREG_DATABASE_URL", func(u *url.URL) { u.Path = "/" + name })
}

// store is the product's on the patient's database, with the patient's keys.
func (p *patient) store() *storage.Store {
	database := p.own()
	c, err := config.Load(p.environ(), config.Portal)
	require.NoError(p.t, err)
	return storage.New(database.App, c.Keyring(), c.Policy())
}

// inhabit registers a subject.
func (p *patient) inhabit() {
	_, err := p.store().Register(p.t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(77), Name: "医生有限公司", Password: "x",
	})
	require.NoError(p.t, err)
}

// checkpoint takes one, and answers the id of the key that signed it.
func (p *patient) checkpoint() string {
	store := p.store()
	c, err := config.Load(p.environ(), config.Portal)
	require.NoError(p.t, err)
	keys, err := c.Checkpointing()
	require.NoError(p.t, err)
	objects, err := newObjects(c)
	require.NoError(p.t, err)
	taken, err := storage.NewCheckpoints(store, objects, keys.Signer, keys.Trust).Take(p.t.Context())
	require.NoError(p.t, err)
	p.t.Cleanup(func() {
		require.NoError(p.t, objects.Remove(context.WithoutCancel(p.t.Context()), "checkpoints/1.txt"))
	})
	return taken.Key
}

// sign takes a checkpoint by a key that is exchanged afterwards.
func (p *patient) sign() {
	p.words[p.checkpoint()] = "KEY"
	p.set("UNIREG_CHECKPOINT_KEY", drawnKey())
}

// suspect notes that the history was found to be another.
func (p *patient) suspect() {
	p.checkpoint()
	_, err := p.own().App.NewRaw("INSERT INTO checkpoint_proofs (at, no, faults) VALUES (now(), 1, 1)").Exec(p.t.Context())
	require.NoError(p.t, err)
}

func drawnKey() string {
	key, err := drawKey()
	if err != nil {
		return ""
	}
	return key
}

// expiredTrust is a list with one authority, whose time is over.
func (p *patient) expiredTrust() string {
	began := time.Now().AddDate(-3, 0, 0)
	root, err := authority.NewRoot(pkix.Name{CommonName: "旧CA"}, certificate.SM2, began, began.AddDate(2, 0, 0))
	require.NoError(p.t, err)
	text, err := authority.TrustJSON(root.TrustEntry("旧CA"))
	require.NoError(p.t, err)
	return string(text)
}

// lateStore is the object store behind somebody who tells an earlier time.
func (p *patient) lateStore() string {
	target, err := url.Parse("http://" + p.settings["UNIREG_S3_ENDPOINT"])
	require.NoError(p.t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-20*time.Minute).UTC().Format(http.TimeFormat))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	p.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// scanner starts a clamd that takes no more than that.
func (p *patient) scanner(most int) {
	own, err := daemon.Start(daemon.Options{Dir: p.t.TempDir(), TestOnly: true, Log: io.Discard, MostMiB: most})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, own.Stop()) })
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(p.t, own.Await(ctx))
	p.set("UNIREG_SCAN", "required")
	p.set("UNIREG_CLAMD", own.Address)
}

// namespace makes one that keeps what has ended for so long.
func (p *patient) namespace(retention time.Duration) string {
	name := makeNamespace(p.t, retention)
	p.words[name] = "NAMESPACE"
	return name
}

func makeNamespace(t *testing.T, retention time.Duration) string {
	t.Helper()
	name := fmt.Sprintf("doctor-%d-%d-%d", os.Getpid(), retention/time.Hour, time.Now().UnixNano())
	spaces, err := client.NewNamespaceClient(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")})
	require.NoError(t, err)
	defer spaces.Close()
	require.NoError(t, spaces.Register(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	}))
	return name
}

// diagnose runs the doctor on the patient, or has it look.
func (b breakage) diagnose(t *testing.T, namespace string) (code int, said string) {
	t.Helper()
	if b.examined != nil {
		var out bytes.Buffer
		d := &diagnosis{out: &out}
		b.examined(d)
		return min(1, d.faults), out.String()
	}
	p := healthy(t, namespace)
	b.breaks(p)
	code, said = run(t, p.environ(), "", "doctor")
	for found, word := range p.words {
		said = strings.ReplaceAll(said, found, word)
	}
	return code, said
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"unireg/config"
	"unireg/record"
	"unireg/storage"
	"unireg/web/static"
)

type doctorCommand struct {
	Parts []string `arg:"" optional:"" default:"web,worker" help:"Parts whose settings are checked: web, worker, migrate, staff, verify."`
}

// Help tells what is looked at.
func (doctorCommand) Help() string {
	return `Checks the settings, whether PostgreSQL, the object store, Temporal and, where files are scanned, the virus scanner answer,
and with which versions, whether the scanner finds a test file and takes the largest that may be uploaded, whether the schema is current, the bucket and the namespace exist, the pages' files were built in, and the calendar knows this year's and
next year's holidays. Every fault gets a sentence; the exit code is 1 if there is any.`
}

// diagnosis collects what the doctor finds.
type diagnosis struct {
	out    io.Writer
	faults int
}

func (d *diagnosis) say(verdict, what, detail string, values ...any) {
	detail = strings.ReplaceAll(fmt.Sprintf(detail, values...), "\n", "; ")
	_, _ = fmt.Fprintf(d.out, "%-5s %-14s %s\n", verdict, what, detail) // a closed terminal changes no diagnosis
}

func (d *diagnosis) fine(what, detail string, values ...any) { d.say("ok", what, detail, values...) }

func (d *diagnosis) warn(what, detail string, values ...any) { d.say("warn", what, detail, values...) }

func (d *diagnosis) fault(what, detail string, values ...any) {
	d.faults++
	d.say("FAULT", what, detail, values...)
}

// patience is how long the doctor waits for one answer.
const patience = 5 * time.Second

// Run examines everything, whatever it finds on the way.
func (command doctorCommand) Run(ctx context.Context, out io.Writer) error {
	d := &diagnosis{out: out}
	var parts []config.Part
	for _, names := range command.Parts {
		for name := range strings.SplitSeq(names, ",") {
			parts = append(parts, config.Part(name))
		}
	}
	c, err := config.Load(os.Environ(), parts...)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			d.fault("settings", "%s", strings.TrimSpace(line))
		}
	} else {
		d.fine("settings", "%s mode, %s", c.Mode, strings.Join(command.Parts, ", "))
	}
	examineFiles(d)
	examineCalendar(d, calendarInForce(ctx, c), time.Now())
	if c.DatabaseURL != "" {
		examineDatabase(ctx, d, c)
	}
	if c.S3Endpoint != "" {
		examineObjects(ctx, d, c)
	}
	examineScanner(ctx, d, c)
	examineTemporal(ctx, d, c)
	if d.faults > 0 {
		return fmt.Errorf("%d faults", d.faults)
	}
	return nil
}

// vendored are the third parties' files that pages ask for.
var vendored = []string{"vendor/bootstrap.min.css", "vendor/icons.svg", "vendor/altcha/index.js", "vendor/echarts.min.js"}

// examineFiles looks for what make generate puts into the binary.
func examineFiles(d *diagnosis) {
	var missing []string
	for _, name := range vendored {
		if _, err := fs.Stat(static.FS, name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		d.fault("page files", "this binary was built without %s: run make build", strings.Join(missing, ", "))
		return
	}
	d.fine("page files", "built in")
}

// calendarInForce is the calendar with what staff laid over it. Where the database
// does not answer, which is told of the database, it is the configured one.
func calendarInForce(ctx context.Context, c config.Config) *record.Calendar {
	configured := c.Policy().Calendar
	if c.DatabaseURL == "" {
		return configured
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	db, err := storage.Open(c.DatabaseURL.Reveal(), 1)
	if err != nil {
		return configured
	}
	defer db.Close()
	store := storage.New(db, c.Keyring(), c.Policy())
	if _, err := store.FollowRules(ctx); err != nil {
		return configured
	}
	return store.Policy().Calendar
}

// examineCalendar asks for the years in which deadlines fall.
func examineCalendar(d *diagnosis, calendar *record.Calendar, now time.Time) {
	year := now.In(record.Shanghai).Year()
	switch {
	case !calendar.CoversYear(year):
		d.fault("calendar", "the holidays of %d are not known: deadlines count every Monday to Friday; run unireg calendar import, or import the notice on the page 时限与日历", year)
	case !calendar.CoversYear(year + 1):
		d.warn("calendar", "the holidays of %d are not known yet; the State Council announces them in November", year+1)
	default:
		d.fine("calendar", "knows %d and %d", year, year+1)
	}
}

func examineDatabase(ctx context.Context, d *diagnosis, c config.Config) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	db, err := storage.Open(c.DatabaseURL.Reveal(), 2)
	if err != nil {
		d.fault("database", "%v", err)
		return
	}
	defer db.Close()
	var version, encoding, role string
	var superuser bool
	var now time.Time
	err = db.NewRaw(`SELECT current_setting('server_version'), current_setting('server_encoding'), current_user, usesuper, clock_timestamp()
		FROM pg_user WHERE usename = current_user`).Scan(ctx, &version, &encoding, &role, &superuser, &now)
	if err != nil {
		d.fault("database", "PostgreSQL does not answer: %v", err)
		return
	}
	d.fine("database", "PostgreSQL %s, %s, role %s", version, encoding, role)
	var trigrams int
	if err := db.NewRaw("SELECT cardinality(show_trgm('公共资源交易'))").Scan(ctx, &trigrams); err != nil {
		d.fault("search", "the extension pg_trgm is missing: %v", err)
	} else if trigrams == 0 {
		d.fault("search", "the database's locale knows no Chinese letters: create it with a UTF-8 locale")
	}
	if superuser {
		d.fault("database", "role %s is a superuser: the portal must not be able to change its own history", role)
	}
	if skew := time.Since(now).Abs(); skew > time.Minute {
		d.warn("clock", "this machine and the database differ by %s; the database's clock counts", skew.Round(time.Second))
	}
	examineSchema(ctx, d, c)
}

// examineSchema compares the migrations of this binary with the database's.
func examineSchema(ctx context.Context, d *diagnosis, c config.Config) {
	if c.MigrateDatabaseURL == "" {
		c.MigrateDatabaseURL = c.DatabaseURL // reading the list takes no rights
	}
	err := migrateWith(c, func(m *storage.Migrator) error {
		applied, missing, err := m.Status(ctx)
		switch {
		case err != nil:
			return err
		case len(missing) > 0:
			d.fault("schema", "%d migrations are missing, the first is %s: run unireg migrate up", len(missing), missing[0])
		default:
			d.fine("schema", "current at %s", applied[len(applied)-1])
		}
		return nil
	})
	if err != nil {
		d.fault("schema", "%v", err)
	}
}

func examineObjects(ctx context.Context, d *diagnosis, c config.Config) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	objects, err := newObjects(c)
	if err == nil {
		err = objects.Ping(ctx)
	}
	if err != nil {
		d.fault("object store", "%v", err)
		return
	}
	d.fine("object store", "%s answers, bucket %s exists", c.S3Endpoint, c.S3Bucket)
}

func examineTemporal(ctx context.Context, d *diagnosis, c config.Config) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connection, door, err := dialTemporal(c, slog.New(slog.DiscardHandler))
	if err != nil {
		d.fault("Temporal", "%v", err)
		return
	}
	defer connection.Close()
	info, err := connection.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		d.fault("Temporal", "%s does not answer: %v", c.Temporal.HostPort, err)
		return
	}
	_, err = connection.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Temporal.Namespace})
	if err != nil {
		d.fault("Temporal", "server %s, namespace %s: %v", info.GetServerVersion(), c.Temporal.Namespace, err)
		return
	}
	d.fine("Temporal", "server %s, namespace %s exists", info.GetServerVersion(), c.Temporal.Namespace)
	if err := door.Healthy(ctx); err != nil {
		d.warn("worker", "none serves at this moment: submissions are accepted and wait")
		return
	}
	d.fine("worker", "serves")
}

var errProduction = errors.New("production mode refuses the development stack: run unireg web and unireg worker beside servers of your own")

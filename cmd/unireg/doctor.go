package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"unireg/certificate"
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
	return `Checks the settings, the pages' files, the calendar and the CA issuers; PostgreSQL, its encoding, search, clock, the rights of
the application's role, the schema, and whether the keys of the settings open what is stored; the object store, its clock, key and bucket, with
an object that is written, read and removed; where files are scanned, whether the scanner finds a test file at the end of the largest that may
be uploaded; where mail is sent, whether its server lets us in; Temporal, its namespace, and whether a worker serves. Every fault gets a sentence and what to do next, in the order
in which they depend on one another; the exit code is 1 if there is any. docs/operators.md shows them.`
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
			d.fault(finding{what: "settings", sentence: strings.TrimSpace(line), next: "correct the variable; the README's table says what it takes"})
		}
	} else {
		d.fine("settings", "%s mode, %s", c.Mode, strings.Join(command.Parts, ", "))
	}
	if slices.Contains(parts, config.Portal) {
		examineFiles(d, static.FS)
		examineProxies(d, c)
	}
	examineCalendar(d, calendarInForce(ctx, c), time.Now())
	trust := examineTrust(d, c, time.Now())
	if c.DatabaseURL != "" {
		examineDatabase(ctx, d, c, trust)
	}
	if c.S3Endpoint != "" {
		examineObjects(ctx, d, c)
	}
	examineScanner(ctx, d, c)
	examineMail(ctx, d, c)
	examineTemporal(ctx, d, c)
	if d.faults > 0 {
		return errors.New(counted(d.faults, "fault"))
	}
	return nil
}

// vendored are the third parties' files that pages ask for.
var vendored = []string{"vendor/bootstrap.min.css", "vendor/icons.svg", "vendor/altcha/index.js", "vendor/echarts.min.js"}

// missingPageFiles names what make generate should have put into the binary.
func missingPageFiles(files fs.FS) error {
	var missing []string
	for _, name := range vendored {
		if _, err := fs.Stat(files, name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return errors.New(strings.Join(missing, ", ") + " is missing")
	}
	return nil
}

// examineFiles looks for what pages load.
func examineFiles(d *diagnosis, files fs.FS) {
	if err := missingPageFiles(files); err != nil {
		d.fault(finding{
			"page files", "this program was built without the files that pages load", err,
			"build it with make build, which installs them, or run the image",
		})
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

// examineProxies finds a portal that cannot tell its visitors apart. It has no TLS
// of its own: where its origin has, a proxy stands before it.
func examineProxies(d *diagnosis, c config.Config) {
	if c.Secure() && len(c.TrustedProxies) == 0 {
		d.fault(finding{
			"proxies", "the origin is https, so that a proxy brings every visitor, and none is trusted: all count as one address", nil,
			"name the proxy's address in UNIREG_TRUSTED_PROXIES, or one visitor's wrong passwords slow everybody down",
		})
		return
	}
	if len(c.TrustedProxies) > 0 {
		d.fine("proxies", "trusted: %s", strings.Join(c.TrustedProxies, ", "))
	}
}

// announced is the month by which the State Council has announced the holidays of
// the next year.
const announced = time.December

// examineCalendar asks for the years in which deadlines fall.
func examineCalendar(d *diagnosis, calendar *record.Calendar, now time.Time) {
	now = now.In(record.Shanghai)
	const next = "run unireg calendar import, or import the notice on the page 时限与日历: deadlines that it moves are planned anew"
	switch year := now.Year(); {
	case !calendar.CoversYear(year):
		d.fault(finding{"calendar", fmt.Sprintf("the holidays of %d are not known: deadlines count every Monday to Friday", year), nil, next})
	case !calendar.CoversYear(year+1) && now.Month() >= announced:
		d.fault(finding{"calendar", fmt.Sprintf("the holidays of %d are not known, and deadlines of these days reach into it", year+1), nil, next})
	case !calendar.CoversYear(year + 1):
		d.warn(finding{"calendar", fmt.Sprintf("the holidays of %d are not known yet; the State Council announces them in November", year+1), nil, next})
	default:
		d.fine("calendar", "knows %d and %d", year, year+1)
	}
}

// expiresSoon is how long before an issuer's end the doctor speaks of it.
const expiresSoon = 60 * 24 * time.Hour

// examineTrust reads the CA issuers and what speaks with them.
func examineTrust(d *diagnosis, c config.Config, now time.Time) *certificate.Trust {
	trust, err := loadTrust(c)
	if err != nil {
		d.fault(finding{"CA issuers", "the list of issuers cannot be read: nobody logs in by certificate", err, "correct the file that UNIREG_CA_TRUST names"})
		return nil
	}
	if err := (&rooms{config: c, trust: trust}).openPartner(); err != nil {
		d.fault(finding{
			"CA company", "what the settings say of the CA company and the issuers' addresses does not go together", err,
			"correct the variables that are named",
		})
	}
	if trust == nil {
		d.warn(finding{"CA issuers", "none is trusted: nobody logs in by certificate", nil, "name the list in UNIREG_CA_TRUST where there shall be 电子标"})
		return nil
	}
	issuers := trust.Issuers()
	ended := 0
	for _, issuer := range issuers {
		switch left := issuer.NotAfter.Sub(now); {
		case left < 0:
			ended++
		case left < expiresSoon:
			d.warn(finding{
				"CA issuers", fmt.Sprintf("%s ends on %s", issuer.Name, issuer.NotAfter.In(record.Shanghai).Format(time.DateOnly)), nil,
				"have the authority's next certificate and add it to the list beside this one, which must stay for what it vouched for",
			})
		}
	}
	if ended == len(issuers) {
		d.fault(finding{
			"CA issuers", "every issuer of the list has expired: no certificate counts any more", nil,
			"add the authorities' new certificates to the file that UNIREG_CA_TRUST names; the old ones stay for what they vouched for",
		})
		return trust
	}
	d.fine("CA issuers", "%d trusted, %d of them expired", len(issuers), ended)
	return trust
}

var errProduction = errors.New("production mode refuses the development stack: run unireg web and unireg worker beside servers of your own")

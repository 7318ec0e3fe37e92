package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/view"
)

const (
	shortQueue, longQueue = 1_000, 100_000
	// filed are those at the front of the queue that can be opened and decided.
	filed = 300
	// The limits of the desk.
	pageLimit     = 100 * time.Millisecond // p95 of a page
	pageRatio     = 1.5                    // of p95 with the long queue to that with the short one
	decisionLimit = 300 * time.Millisecond // median from a decision to the next filing
)

// measureDesk prints how long the pages of the reviewers' queue and the way to
// the next filing take with 100,000 waiting filings, against 1,000, and a
// reviewer in a browser who decides by keys. The earliest filings are real ones,
// made through the store; the others are rows that are listed, counted and
// searched like them, but cannot be opened. The long queue is measured after the
// short one, in the same database.
func measureDesk(ctx context.Context, b *bench) error {
	began := time.Now()
	d, err := b.desk(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = d.close() }()
	if err := d.file(ctx, filed); err != nil {
		return err
	}
	if err := d.wait(ctx, filed, shortQueue); err != nil {
		return err
	}
	short, err := d.pages(ctx, b)
	if err != nil {
		return err
	}
	if err := d.wait(ctx, shortQueue, longQueue); err != nil {
		return err
	}
	long, err := d.pages(ctx, b)
	if err != nil {
		return err
	}
	fmt.Printf("\nreviewers' queue of %d and %d filings, made in %.0f s with the measurement of the short one; one client, %d of each, milliseconds\n",
		shortQueue, longQueue, time.Since(began).Seconds(), b.pages)
	for i, p := range deskPages {
		row(p.name, long[i])
		row(fmt.Sprintf("  with %d filings", shortQueue), short[i])
		slow, quick := percentile(long[i], 95), percentile(short[i], 95)
		fmt.Printf("%-32s %6.2f (limit %.1f)  p95 %.1f ms (limit %.0f)\n", "  ratio of p95",
			float64(slow)/float64(quick), pageRatio, float64(slow)/float64(time.Millisecond), float64(pageLimit)/float64(time.Millisecond))
	}
	times, err := d.decide(ctx, b)
	if err != nil {
		return err
	}
	fmt.Printf("a reviewer decides %d filings by keys in a browser, from the key to the next filing drawn, milliseconds\n", len(times))
	row("decision to next filing", times)
	fmt.Printf("%-32s %.1f ms (limit %.0f)\n", "  median", float64(percentile(times, 50))/float64(time.Millisecond), float64(decisionLimit)/float64(time.Millisecond))
	return nil
}

// deskPage is one thing that a reviewer waits for.
type deskPage struct {
	name  string
	visit func(ctx context.Context, d *reviewersDesk) error
}

func queueAt(query string) func(context.Context, *reviewersDesk) error {
	return func(ctx context.Context, d *reviewersDesk) error {
		_, err := d.get(ctx, "/staff"+query)
		return err
	}
}

var deskPages = []deskPage{
	{"queue, unfiltered", queueAt("")},
	{"queue, a page far behind", func(ctx context.Context, d *reviewersDesk) error {
		_, err := d.get(ctx, d.behind)
		return err
	}},
	{"queue, free, one kind", queueAt("?state=free&kind=qualification")},
	{"queue, rare kind and occasion", queueAt("?kind=award&occasion=corrected")},
	{"queue, overdue", queueAt("?state=overdue")},
	{"queue, second reviews", queueAt("?state=second")},
	{"queue, one county", queueAt("?region=430181")},
	{"queue, one city, certificate", queueAt("?region=4301&assurance=certificate")},
	{"queue, search that finds few", queueAt("?q=" + url.QueryEscape("第77号"))},
	{"queue, search that finds most", queueAt("?q=" + url.QueryEscape("有限公司"))},
	{"queue, search that finds none", queueAt("?q=" + url.QueryEscape("司公限有"))},
	{"take the next and open it", func(ctx context.Context, d *reviewersDesk) error {
		path, err := d.post(ctx, "/staff/next", d.token, url.Values{"queue": {"occasion=first&kind=organization"}})
		if err != nil {
			return err
		}
		if _, err := d.get(ctx, path); err != nil {
			return fmt.Errorf("the next filing: %w", err)
		}
		d.opened = path
		return nil
	}},
}

// pages measures each of deskPages.
func (d *reviewersDesk) pages(ctx context.Context, b *bench) ([][]time.Duration, error) {
	if err := d.goBehind(ctx); err != nil {
		return nil, err
	}
	all := make([][]time.Duration, len(deskPages))
	for n := range b.warm + b.pages {
		for i, p := range deskPages {
			began := time.Now()
			if err := p.visit(ctx, d); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if took := time.Since(began); n >= b.warm {
				all[i] = append(all[i], took)
			}
			if err := d.giveBack(ctx); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// goBehind turns some pages, and notes where that leads.
func (d *reviewersDesk) goBehind(ctx context.Context) error {
	d.behind = "/staff"
	for range 15 {
		page, err := d.get(ctx, d.behind)
		if err != nil {
			return err
		}
		d.token = hidden(page, view.CSRFField)
		next := nextPage.FindStringSubmatch(page)
		if next == nil {
			return nil
		}
		d.behind = "/staff?after=" + next[1]
	}
	return nil
}

var nextPage = regexp.MustCompile(`href="/staff\?after=([^"&]+)" rel="next"`)

// giveBack puts what was opened back into the queue.
func (d *reviewersDesk) giveBack(ctx context.Context) error {
	if d.opened == "" {
		return nil
	}
	address, err := url.Parse(d.opened)
	if err != nil {
		return fmt.Errorf("read the filing's address: %w", err)
	}
	d.opened = ""
	_, err = d.post(ctx, address.Path+"/release", d.token, url.Values{})
	return err
}

// reviewersDesk is a reviewer with a browser's means, and the store by which
// their queue is made.
type reviewersDesk struct {
	*bidder
	store  *storage.Store
	owner  *database
	cookie string
	token  string
	behind string // a page of the queue that is not its first
	opened string
}

func (d *reviewersDesk) close() error { return d.owner.close() }

// desk logs a supervisor in, whose queue is everything.
func (b *bench) desk(ctx context.Context) (*reviewersDesk, error) {
	settings, err := b.portal.settings()
	if err != nil {
		return nil, err
	}
	owner, err := openOwner(settings.MigrateDatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	db, err := quickly(settings.DatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	store := storage.New(db, settings.Keyring(), settings.Policy())
	staff, err := store.AddStaff(ctx, record.Actor{}, storage.NewStaff{
		Login: "bench", Name: "测量员", Role: record.Supervisor, Identity: sample.ResidentID(1), Password: "-", Secret: "secret", Enrolled: true,
	})
	if err != nil {
		return nil, err
	}
	token, hash, err := access.NewToken()
	if err != nil {
		return nil, err
	}
	_, err = store.StartSession(ctx, storage.NewSession{
		Token: hash, Staff: staff, Assurance: record.ByPassword, SecondFactor: true, Lifetime: 12 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("new desk: %w", err)
	}
	address, err := url.Parse(b.portal.url)
	if err != nil {
		return nil, fmt.Errorf("read the portal's address: %w", err)
	}
	jar.SetCookies(address, []*http.Cookie{{Name: staffCookie, Value: token}}) //nolint:gosec // sent to the loopback, without TLS
	return &reviewersDesk{store: store, owner: owner, cookie: token, bidder: &bidder{portal: b.portal.url, client: &http.Client{
		Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}}, nil
}

// staffCookie is the portal's name for a staff member's session.
const staffCookie = "staff"

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// filer is an organization with a browser, and the means to file for it without
// one.
type filer struct {
	*bidder
	store   *storage.Store
	account storage.Account
	key     string // SHA-256 of its certificate
	scan    form.File
	// drafting is held from the opening of a draft to its first save: until then
	// whoever opens another is given the same.
	drafting sync.Mutex
}

// short is the list that the long one is compared with. It fits on one page.
const short = 10

// measureLists prints how long the pages of a list take with many records,
// against one of ten. The records are awards, filed through the store as the
// portal and the workflow do it: drafted, saved, accepted, applied, in force
// without a review. Every fifth stays a draft. What signs them is no signature:
// a list does not look at it. Commits are not waited for while they are made,
// and tables are analyzed before the measurement, as PostgreSQL does by itself a
// minute later.
func measureLists(ctx context.Context, b *bench) error {
	began := time.Now()
	few, many, err := b.filers(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nlists of %d and %d records, made in %.0f s; one client, %d of each in turn, milliseconds\n",
		short, b.records, time.Since(began).Seconds(), b.pages)
	middle, err := many.store.List(ctx, storage.ListQuery{Subject: many.account.Subject.ID, Kind: record.Award, Limit: b.records / 2})
	if err != nil {
		return err
	}
	base := "/records?kind=" + string(record.Award)
	for _, p := range []struct{ name, few, many string }{
		{"page one, latest change first", base, base},
		{"page one, by name", base + "&sort=title", base + "&sort=title"},
		{"page one, by date", base + "&sort=date", base + "&sort=date"},
		{"page in the middle", base, base + "&after=" + middle.Next},
		{"those in force", base + "&state=in_force", base + "&state=in_force"},
		{"drafts", base + "&state=draft", base + "&state=draft"},
		{"search, one found", base + "&q=" + url.QueryEscape(awardName(7)), base + "&q=" + url.QueryEscape(awardName(b.records/2))},
		{"search, Chinese, many found", base + "&q=" + url.QueryEscape("岳麓"), base + "&q=" + url.QueryEscape("岳麓")},
		{"search, initials", base + "&q=yljsgc", base + "&q=yljsgc"},
		{"search, number", base + "&q=" + url.QueryEscape(awardNumber(7)), base + "&q=" + url.QueryEscape(awardNumber(b.records/2))},
		{"search, nothing found", base + "&q=nowhere", base + "&q=nowhere"},
	} {
		var of, to []time.Duration
		for i := range b.warm + b.pages {
			small, err := few.fetch(ctx, p.few)
			if err != nil {
				return err
			}
			large, err := many.fetch(ctx, p.many)
			if err != nil {
				return err
			}
			if i >= b.warm {
				of, to = append(of, large), append(to, small)
			}
		}
		row(p.name, of)
		row(fmt.Sprintf("  with %d records", short), to)
		fmt.Printf("%-32s %6.2f\n", "  ratio of the medians", ratio(of, to))
	}
	return nil
}

// filers registers the organizations with the short and the long list.
func (b *bench) filers(ctx context.Context) (few, many *filer, err error) {
	settings, err := b.portal.settings()
	if err != nil {
		return nil, nil, err
	}
	db, err := quickly(settings.DatabaseURL.Reveal())
	if err != nil {
		return nil, nil, err
	}
	policy := settings.Policy()
	policy.Review = map[record.Kind]record.ReviewMode{record.Award: record.ReviewAutomatic}
	store := storage.New(db, settings.Keyring(), policy)
	filers := make([]*filer, len(b.keys.filers))
	for i, records := range []int{short, b.records} {
		if filers[i], err = b.keys.filers[i].filer(ctx, b.portal.url, store); err != nil {
			return nil, nil, err
		}
		if err := filers[i].file(ctx, records); err != nil {
			return nil, nil, err
		}
	}
	return filers[0], filers[1], analyze(ctx, settings.MigrateDatabaseURL.Reveal())
}

// quickly opens a database in which commits are not waited for.
func quickly(address string) (*bun.DB, error) {
	quick, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	parameters := quick.Query()
	parameters.Set("synchronous_commit", "off")
	quick.RawQuery = parameters.Encode()
	return storage.Open(quick.String(), clients)
}

// analyze brings the planner's knowledge of the tables up to date.
func analyze(ctx context.Context, owner string) error {
	db, err := storage.Open(owner, 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("analyze tables: %w", err)
	}
	return nil
}

// filer registers the holder and uploads the one scan that all its records have.
func (h holder) filer(ctx context.Context, portal string, store *storage.Store) (*filer, error) {
	browser, err := h.enrol(ctx, portal)
	if err != nil {
		return nil, err
	}
	if browser.record, err = browser.profile(ctx); err != nil {
		return nil, err
	}
	page, err := browser.get(ctx, browser.record+"/edit")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(h.der)
	f := &filer{bidder: browser, store: store, key: hex.EncodeToString(sum[:])}
	if f.scan, err = f.attach(ctx, page, "获奖证书.pdf", []byte(smallPDF)); err != nil {
		return nil, err
	}
	match, err := store.AccountsByLogin(ctx, h.code)
	if err == nil && len(match.Accounts) != 1 {
		err = fmt.Errorf("%d accounts of %s", len(match.Accounts), h.name)
	}
	if err != nil {
		return nil, err
	}
	f.account = match.Accounts[0]
	return f, nil
}

// file makes records, many at a time.
func (f *filer) file(ctx context.Context, records int) error {
	var next atomic.Int64
	return atOnce(func() error {
		for {
			n := int(next.Add(1)) - 1
			if n >= records {
				return nil
			}
			if err := f.fileOne(ctx, n); err != nil {
				return fmt.Errorf("file record %d: %w", n, err)
			}
		}
	})
}

func (f *filer) fileOne(ctx context.Context, n int) error {
	document := sample.Award(awardName(n), f.scan)
	document.DocumentNo = awardNumber(n)
	document.GrantedOn = form.Date(time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n%3000).Format(time.DateOnly))
	saved, err := f.draft(ctx, document)
	if err != nil || n%5 == 4 {
		return err
	}
	subject, id := f.account.Subject, saved.Record
	digest, _, err := f.store.DraftDigest(ctx, subject.ID, id, saved.Version)
	if err != nil {
		return err
	}
	c := record.Command{
		ID: storage.NewID(), Record: id, Subject: subject.ID, Kind: record.Award, Move: record.Submit, Draft: saved.Version,
		Actor:     record.Actor{Role: record.Applicant, ID: f.account.ID, Assurance: record.ByCertificate, Certificate: f.key},
		Signature: []byte("{}"), Digest: digest,
	}
	if _, err := f.store.Accept(ctx, c); err != nil {
		return err
	}
	applied, err := f.store.Apply(ctx, id, []record.ID{c.ID})
	if err != nil {
		return err
	}
	if len(applied.Outcomes) != 1 || !applied.Outcomes[0].Applied {
		return fmt.Errorf("the submit was not applied: %+v", applied.Outcomes)
	}
	return nil
}

func (f *filer) draft(ctx context.Context, document record.Document) (storage.Draft, error) {
	f.drafting.Lock()
	defer f.drafting.Unlock()
	id, err := f.store.StartDraft(ctx, f.account.ID, f.account.Subject, record.Award)
	if err != nil {
		return storage.Draft{}, err
	}
	return f.store.SaveDraft(ctx, f.account.Subject.ID, id, 1, document)
}

var (
	awardPlaces = []string{"岳麓", "芙蓉", "天心", "开福", "雨花", "望城", "浏阳", "宁乡", "韶山", "湘潭"}
	awardWorks  = []string{"建设工程", "市政工程", "园林工程", "安装工程", "装饰工程", "测绘成果", "勘察设计"}
)

func awardName(n int) string {
	return fmt.Sprintf("%s区优质%s奖第%d号", awardPlaces[n%len(awardPlaces)], awardWorks[n%len(awardWorks)], n)
}

func awardNumber(n int) string { return fmt.Sprintf("湘建协〔2025〕%d号", 70000+n) }

// fetch gets a page and returns how long that took.
func (f *filer) fetch(ctx context.Context, path string) (time.Duration, error) {
	began := time.Now()
	_, err := f.get(ctx, path)
	return time.Since(began), err
}

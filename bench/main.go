// Command bench measures the product on this machine, each figure beside a
// bare one or a limit from the same run:
//
//	submit        from posting a submit to the redirect that says it is applied,
//	              against a bare update-with-start of the same Temporal server
//	certificates  logins by certificate, against bare chains and signatures
//	handoff       many applications for certificates at once
//	lists         the pages of a list of 5,000 records, against one of 10
//	desk          the reviewers' queue and the next filing with 100,000 waiting,
//	              against 1,000, and a reviewer in a browser
//	attachments   uploads through the portal, against bare puts of the same bytes
//
// What is compared is done in turn, so that the machine's drift meets both
// alike. Arguments choose measurements by name; without any all are made. It
// asserts nothing.
//
// The portal, the worker and the workflows are the product's own; only the
// bidder is a program. Run it by `make bench`, which starts the servers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"time"
)

// counts say how much is measured.
type counts struct {
	submits, warm, logins, applications int
	records, pages                      int
	megabytes                           int
}

func main() {
	var n counts
	flag.IntVar(&n.submits, "n", 200, "measured submits")
	flag.IntVar(&n.warm, "warm", 20, "submits and pages before the measurement")
	flag.IntVar(&n.logins, "logins", 300, "measured logins by certificate, of each algorithm")
	flag.IntVar(&n.applications, "applications", 200, "applications for certificates at once")
	flag.IntVar(&n.records, "records", 5000, "records of the long list")
	flag.IntVar(&n.pages, "pages", 100, "measured requests of each page of a list")
	flag.IntVar(&n.megabytes, "megabytes", 1024, "attachments to upload, MiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, n, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is what the measurements work with.
type bench struct {
	counts
	portal  *portal
	keys    *keys
	company *company
}

type measurement struct {
	name    string
	measure func(context.Context, *bench) error
}

// measurements are all there are, in their order.
var measurements = []measurement{
	{"submit", measureSubmit},
	{"certificates", measureKeys},
	{"handoff", measureHandoff},
	{"lists", measureLists},
	{"desk", measureDesk},
	{"attachments", measureAttachments},
	{"imports", measureImport},
}

func run(ctx context.Context, n counts, chosen []string) (err error) {
	for _, name := range chosen {
		if !slices.ContainsFunc(measurements, func(m measurement) bool { return m.name == name }) {
			return fmt.Errorf("there is no measurement %q", name)
		}
	}
	directory, err := os.MkdirTemp("", "unireg-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	b := &bench{counts: n}
	if b.keys, err = newKeys(directory); err != nil {
		return err
	}
	if b.company, err = startCompany(ctx, directory); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.company.stop()) }()
	// Nothing scans what is uploaded.
	settings := append(b.company.environment, "UNIREG_CA_TRUST="+b.keys.file, "UNIREG_TRUSTED_PROXIES=127.0.0.1", "UNIREG_SCAN=off")
	if b.portal, err = startPortal(ctx, settings...); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.portal.stop()) }()
	for _, m := range measurements {
		if len(chosen) > 0 && !slices.Contains(chosen, m.name) {
			continue
		}
		if err := m.measure(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// measureSubmit prints the path of a command against the least that an
// update-with-start can be.
func measureSubmit(ctx context.Context, b *bench) error {
	bidder, err := newBidder(ctx, b.portal.url, 1)
	if err != nil {
		return err
	}
	engine, err := startBare(ctx)
	if err != nil {
		return err
	}
	defer engine.stop()
	var submits, updates []time.Duration
	for i := range b.warm + b.submits {
		update, err := engine.update(ctx)
		if err != nil {
			return err
		}
		submit, err := bidder.submit(ctx)
		if err != nil {
			return fmt.Errorf("submit %d: %w", i, err)
		}
		if err := bidder.withdraw(ctx); err != nil {
			return fmt.Errorf("withdraw %d: %w", i, err)
		}
		if i >= b.warm {
			submits, updates = append(submits, submit), append(updates, update)
		}
	}
	fmt.Printf("one client, %d of each in turn, milliseconds\n", b.submits)
	row("submit, POST to 303, applied", submits)
	row("bare update-with-start", updates)
	fmt.Printf("%-32s %6.2f\n", "ratio of the medians", ratio(submits, updates))
	return nil
}

// ratio is that of the medians.
func ratio(of, to []time.Duration) float64 {
	return float64(percentile(of, 50)) / float64(percentile(to, 50))
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

func row(name string, times []time.Duration) {
	ms := func(p int) float64 { return float64(percentile(times, p)) / float64(time.Millisecond) }
	fmt.Printf("%-32s p50 %6.1f  p95 %6.1f  max %6.1f\n", name, ms(50), ms(95), ms(100))
}

// percentile returns the p-th percentile, by the nearest rank.
func percentile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

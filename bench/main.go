// Command bench measures the path of a command on this machine: how long a
// bidder waits from posting a submit to the redirect that says it is applied,
// against a bare update-with-start of the same Temporal server in the same run.
// Both are done one after the other by one client, in turn, so that the
// machine's drift meets both alike. It asserts nothing.
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

func main() {
	cycles := flag.Int("n", 200, "measured submits")
	warm := flag.Int("warm", 20, "submits before the measurement")
	logins := flag.Int("logins", 300, "measured logins by certificate, of each algorithm")
	applications := flag.Int("applications", 200, "applications for certificates at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *warm, *cycles, *logins, *applications); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, warm, cycles, logins, applications int) (err error) {
	directory, err := os.MkdirTemp("", "unireg-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	k, err := newKeys(directory)
	if err != nil {
		return err
	}
	ca, err := startCompany(ctx, directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.stop()) }()
	p, err := startPortal(ctx, append(ca.environment, "UNIREG_CA_TRUST="+k.file, "UNIREG_TRUSTED_PROXIES=127.0.0.1")...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	bidder, err := newBidder(ctx, p.url)
	if err != nil {
		return err
	}
	engine, err := startBare(ctx)
	if err != nil {
		return err
	}
	defer engine.stop()
	var submits, updates []time.Duration
	for i := range warm + cycles {
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
		if i >= warm {
			submits, updates = append(submits, submit), append(updates, update)
		}
	}
	fmt.Printf("one client, %d of each in turn, milliseconds\n", cycles)
	row("submit, POST to 303, applied", submits)
	row("bare update-with-start", updates)
	fmt.Printf("%-32s %6.2f\n", "ratio of the medians", float64(percentile(submits, 50))/float64(percentile(updates, 50)))
	if err := measureKeys(ctx, p.url, k, logins); err != nil {
		return err
	}
	if err := measureImport(ctx, p); err != nil {
		return err
	}
	return measureHandoff(ctx, p, ca, applications)
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

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// decisions are how many filings the reviewer in the browser decides.
const decisions = 100

// decide has a reviewer in a headless Chromium take the next filing and decide
// one after the other by keys alone: A for 通过, Ctrl+Enter to hand it in. Each is
// timed from the key to the first content that is painted of the next filing.
func (d *reviewersDesk) decide(ctx context.Context, b *bench) (times []time.Duration, err error) {
	ctx, end, err := d.browse(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := chromedp.Do(ctx, chromedp.Navigate(b.portal.url+"/staff?kind=organization&occasion=first")); err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("form[action='/staff/next'] button").click()`)); err != nil {
		return nil, fmt.Errorf("take the next filing: %w", err)
	}
	command, _, err := shown(ctx, "")
	if err != nil {
		return nil, err
	}
	for range decisions {
		if err := chromedp.Do(ctx, chromedp.KeyEvent("a")); err != nil {
			return nil, fmt.Errorf("press A: %w", err)
		}
		began := time.Now()
		if err := chromedp.Do(ctx, chromedp.KeyEvent("\r", chromedp.KeyModifiers(ctrl))); err != nil {
			return nil, fmt.Errorf("press Ctrl+Enter: %w", err)
		}
		next, painted, err := shown(ctx, command)
		if err != nil {
			return nil, fmt.Errorf("after %d decisions: %w", len(times), err)
		}
		command = next
		times = append(times, painted.Sub(began))
	}
	return times, nil
}

// ctrl is the modifier of the browser's protocol.
const ctrl = 2

// shown waits for the page of another filing than before, known by the command
// that is drawn into it, until its scripts run, and returns when its content was
// first painted.
func shown(ctx context.Context, before string) (command string, painted time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	const look = `(() => {
		const command = document.querySelector("#decision [name=command]")?.value ?? "";
		const paint = performance.getEntriesByName("first-contentful-paint")[0];
		return document.readyState === "complete" && location.pathname.startsWith("/staff/reviews/") && command && paint ? command + " " + (performance.timeOrigin + paint.startTime) : "";
	})()`
	for ctx.Err() == nil {
		answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](look))
		if err == nil && len(answer) > 37 && answer[:36] != before {
			milliseconds, err := strconv.ParseFloat(answer[37:], 64)
			return answer[:36], time.UnixMicro(int64(milliseconds * 1000)), err
		}
		select { // a page that is just being left answers nothing
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return "", time.Time{}, errors.New("the next filing was not shown within 20 seconds")
}

// browse opens a window in which the reviewer is logged in.
func (d *reviewersDesk) browse(ctx context.Context) (context.Context, func(), error) {
	path := os.Getenv("UNIREG_TEST_CHROMIUM")
	if path == "" {
		var err error
		if path, err = exec.LookPath("chromium"); err != nil {
			return nil, nil, fmt.Errorf("find Chromium, which `make test` installs: %w", err)
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1440, 900))
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, leave := chromedp.NewContext(ctx)
	end := func() {
		leave()
		stop()
	}
	hidden := true
	if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: staffCookie, Value: d.cookie, URL: d.portal, HTTPOnly: &hidden}); err != nil {
		end()
		return nil, nil, fmt.Errorf("log in in the browser: %w", err)
	}
	return ctx, end, nil
}

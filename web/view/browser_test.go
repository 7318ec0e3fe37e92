package view_test

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"unireg/e2e/chromium"
)

// patience is how long a page may take for anything.
const patience = 30 * time.Second

// looking is what a page is asked in the browser.
//
//go:embed testdata/look.js
var looking string

// browser serves all tests of the package; the first that needs it starts it.
var browser struct {
	once sync.Once
	ctx  context.Context //nolint:containedctx // the browser's life is the package's
	end  func()
	err  error
}

// TestMain ends the browser, if a test started it.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if browser.end != nil {
		browser.end()
	}
	os.Exit(code)
}

// tab is a tab of the browser that looks at one page after the other.
type tab struct {
	ctx    context.Context //nolint:containedctx // a tab lives as long as it is used
	origin string
	close  func()
}

// newTab opens a tab on the gallery that is served at origin.
func newTab(origin string) (*tab, error) {
	browser.once.Do(func() { browser.ctx, browser.end, browser.err = chromium.Start() })
	if browser.err != nil {
		return nil, browser.err
	}
	ctx, leave := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	b := &tab{ctx: ctx, origin: origin, close: leave}
	asked := chromedp.Events(ctx, cdppage.JavascriptDialogOpening)
	go func() { // whoever has typed is asked before the page is left
		for _, err := range asked {
			if err != nil {
				return
			}
			_, _ = chromedp.Call(ctx, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
	err := b.do(
		protocol(cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: looking}),
		protocol(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
	)
	if err != nil {
		leave()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return b, nil
}

// ask evaluates a script in the tab's page.
func ask[T any](b *tab, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		return answer, fmt.Errorf("ask %.60s: %w", script, err)
	}
	return answer, nil
}

// do runs steps in the tab.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// open goes to a shot and waits until its scripts have run.
func (b *tab) open(name string) error {
	if err := b.do(chromedp.Navigate(b.origin + "/gallery/" + name)); err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	return b.until("look.settled()")
}

// run runs a script for what it does.
func (b *tab) run(script string) error {
	return b.do(chromedp.Evaluate[chromedp.Void]("(() => {" + script + "})()"))
}

// until waits for an expression to be true. It is asked by the page itself,
// whose policy forbids the functions that chromedp would make of it.
func (b *tab) until(condition string) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	script := `new Promise((come) => { const ask = () => { (` + condition + `) ? come() : setTimeout(ask, 10); }; ask(); })`
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](script, awaited)); err != nil {
		return fmt.Errorf("wait for %s: %w", condition, err)
	}
	return nil
}

// awaited has a script's promise come true before it counts as run.
func awaited(params *runtime.EvaluateParams) {
	await := true
	params.AwaitPromise = &await
}

// window gives the tab a size in CSS pixels. A page that a person enlarges has
// a window of fewer of them.
func (b *tab) window(width, height int64) error {
	return b.do(chromedp.EmulateViewport(width, height))
}

// system is what a person has told the system about colours and motion.
type system struct{ forcedColours, lessMotion bool }

func (b *tab) system(s system) error {
	features := []*emulation.MediaFeature{{Name: "forced-colors", Value: "none"}, {Name: "prefers-reduced-motion", Value: "no-preference"}}
	if s.forcedColours {
		features[0].Value = "active"
	}
	if s.lessMotion {
		features[1].Value = "reduce"
	}
	return b.do(protocol(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}))
}

// protocol is a command of the DevTools protocol as a step.
func protocol[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// violations are those that axe-core finds in a part of the page, "" for all.
func (b *tab) violations(rules chromium.Rules, part string) ([]string, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromium.Violations(ctx, rules, part)
}

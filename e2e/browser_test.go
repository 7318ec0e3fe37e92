package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// One Chromium serves all tests; each person has cookies of their own in it.
var browser struct {
	once sync.Once
	ctx  context.Context //nolint:containedctx // the browser's life is the package's
	end  func()
	err  error
}

// The windows in which people look at pages.
const (
	deskWidth, deskHeight   = chromium.DeskWidth, chromium.DeskHeight
	phoneWidth, phoneHeight = chromium.PhoneWidth, chromium.PhoneHeight
)

func theBrowser(t testing.TB) context.Context {
	t.Helper()
	browser.once.Do(func() { browser.ctx, browser.end, browser.err = chromium.Start() })
	require.NoError(t, browser.err)
	return browser.ctx
}

// closeBrowser ends Chromium, if a test started it.
func closeBrowser() error {
	if browser.end != nil {
		browser.end()
	}
	return nil
}

var addresses struct {
	sync.Mutex
	last int
}

// ownAddress is an address from which nobody else comes in these tests: the
// limits per address count each person alone.
func ownAddress() string {
	addresses.Lock()
	defer addresses.Unlock()
	addresses.last++
	return fmt.Sprintf("203.0.%d.%d", 113+addresses.last/250, 1+addresses.last%250)
}

// newPerson opens a window with cookies of its own.
func newPerson(t testing.TB, s *system) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(theBrowser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &person{t: t, ctx: ctx, system: s, origin: s.origin}
	dialogs := chromedp.Events(ctx, page.JavascriptDialogOpening)
	go func() {
		for event, err := range dialogs {
			if err != nil {
				return
			}
			_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{
				Accept: event.Type == page.DialogTypeBeforeunload || p.agrees.Load(),
			})
		}
	}()
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": ownAddress()}})
	require.NoError(t, err)
	p.window(deskWidth, deskHeight)
	t.Cleanup(p.picture)
	return p
}

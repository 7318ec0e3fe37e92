package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// One Chromium serves all tests; each person has cookies of their own in it.
var chromium struct {
	once   sync.Once
	ctx    context.Context //nolint:containedctx // the browser's life is the package's
	cancel func()
	err    error
}

// width of the window on a desk, and of a telephone.
const (
	deskWidth, deskHeight   = 1440, 900
	phoneWidth, phoneHeight = 390, 844
)

func theBrowser(t testing.TB) context.Context {
	t.Helper()
	chromium.once.Do(func() { chromium.ctx, chromium.cancel, chromium.err = startBrowser() })
	require.NoError(t, chromium.err)
	return chromium.ctx
}

func startBrowser() (context.Context, func(), error) {
	path := os.Getenv("UNIREG_TEST_CHROMIUM")
	if path == "" {
		var err error
		if path, err = exec.LookPath("chromium"); err != nil {
			return nil, func() {}, fmt.Errorf("find Chromium, which `make test` installs: %w", err)
		}
	}
	profile, err := os.MkdirTemp("", "unireg-chromium-")
	if err != nil {
		return nil, func() {}, fmt.Errorf("start Chromium: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(deskWidth, deskHeight), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, leave := chromedp.NewContext(ctx)
	end := func() {
		leave()
		stop()
		_ = os.RemoveAll(profile) // a temporary folder
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, func() {}, fmt.Errorf("start Chromium: %w", err)
	}
	return ctx, end, nil
}

// closeBrowser ends Chromium, if a test started it.
func closeBrowser() error {
	if chromium.cancel != nil {
		chromium.cancel()
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

// Package chromium starts the browser in which tests look at pages, and asks it
// what axe-core finds on them. Chromium is found in the PATH, or named by
// UNIREG_TEST_CHROMIUM.
package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// The windows in which pages are looked at: of a desk, and of a telephone.
const (
	DeskWidth   = 1440
	DeskHeight  = 900
	PhoneWidth  = 390
	PhoneHeight = 844
)

// Start starts a browser without a window of its own. Its life is not that of a
// test but of a package's tests: end closes it and deletes its profile. A tab is
// a chromedp.NewContext of the context.
func Start() (ctx context.Context, end func(), err error) {
	path := os.Getenv("UNIREG_TEST_CHROMIUM")
	if path == "" {
		if path, err = exec.LookPath("chromium"); err != nil {
			return nil, nil, fmt.Errorf("find Chromium, which `make test` installs: %w", err)
		}
	}
	profile, err := os.MkdirTemp("", "unireg-chromium-")
	if err != nil {
		return nil, nil, fmt.Errorf("start Chromium: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(DeskWidth, DeskHeight), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, leave := chromedp.NewContext(ctx)
	end = func() {
		leave()
		stop()
		_ = os.RemoveAll(profile) // a temporary folder
	}
	if err := chromedp.Do(ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("start Chromium: %w", err)
	}
	return ctx, end, nil
}

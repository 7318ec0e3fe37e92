package chromium

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Rules choose what axe-core looks for. Every choice has 0 violations as its
// aim: what a page is excused from is left out here, with the reason.
type Rules string

const (
	// AllRules are those of WCAG 2.2 at levels A and AA and the good practice that
	// axe-core knows, with two that it keeps off by default: the size of targets
	// (2.5.8) and that what is spoken to a button is what is seen on it (2.5.3).
	AllRules Rules = `{rules: {"target-size": {enabled: true}, "label-content-name-mismatch": {enabled: true}}}`
	// ColourRules are those whose answer changes with the colours, on a page that
	// keeps all others.
	ColourRules Rules = `{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`
)

// axe is the checker's source, read once. Tests run in the folder of their
// package: npm's files are in one of the folders above.
var axe = sync.OnceValues(func() (string, error) {
	for dir := ".."; ; dir = filepath.Join(dir, "..") {
		source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return string(source), err
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return "", errors.New("axe-core is not there: run make build")
		}
	}
})

// violation is what axe-core reports.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Violations has axe-core check the page in the tab, or the part of it that a
// selector names, and returns a text for each element at fault, none if the page
// keeps the rules.
func Violations(ctx context.Context, rules Rules, part string) ([]string, error) {
	source, err := axe()
	if err != nil {
		return nil, fmt.Errorf("read axe-core: %w", err)
	}
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof window.axe === "object"`))
	if err == nil && !there {
		err = chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source+"\n;0"))
	}
	if err != nil {
		return nil, fmt.Errorf("bring axe-core into the page: %w", err)
	}
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`axe.run(`+strconv.Quote(cmp.Or(part, ":root"))+`, {resultTypes: ["violations"], preload: false, selectors: false, ...`+string(rules)+`}).then((r) => JSON.stringify(r.violations))`,
		func(params *runtime.EvaluateParams) { await := true; params.AwaitPromise = &await }))
	if err != nil {
		return nil, fmt.Errorf("run axe-core: %w", err)
	}
	var found []violation
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		return nil, fmt.Errorf("read what axe-core found: %w", err)
	}
	var all []string
	for _, v := range found {
		for _, node := range v.Nodes {
			all = append(all, fmt.Sprintf("%s: %s\n    %s\n    %s", v.ID, v.Help, node.HTML, node.Summary))
		}
	}
	return all, nil
}

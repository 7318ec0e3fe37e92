package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// inspecting may be switched off while a journey is being written.
var inspecting = flag.Bool("inspect", true, "inspect every kind of page for accessibility and width")

// inspected are the kinds of page that were looked at already: a kind is the
// path without ids, the heading, and whether a form was refused.
var inspected sync.Map

// axe is the accessibility checker's source, read once.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
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

// inspect checks a page of a kind that was not met before, as wide as a desk
// and as wide as a telephone: no violation of axe-core's rules, and nothing
// that makes a telephone scroll sideways.
func (p *person) inspect() {
	p.t.Helper()
	if p.plain || !*inspecting {
		return // the checker is a script
	}
	kind := p.find("kind").Value
	if _, met := inspected.LoadOrStore(kind, true); met {
		return
	}
	p.accessible(kind + " on a desk")
	p.window(phoneWidth, phoneHeight)
	f := p.look("wide")
	p.accessible(kind + " on a telephone")
	p.window(deskWidth, deskHeight)
	if !f.OK {
		p.t.Errorf("page %s on a telephone is %s", kind, f.Why)
	}
}

func (p *person) accessible(kind string) {
	p.t.Helper()
	source, err := axe()
	require.NoError(p.t, err, "axe-core, which `make test` installs")
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	if p.eval("typeof window.axe") != "object" {
		require.NoError(p.t, chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source+"\n;0")))
	}
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`,
		func(params *runtime.EvaluateParams) { await := true; params.AwaitPromise = &await }))
	require.NoError(p.t, err, "inspect %s", kind)
	var found []violation
	require.NoError(p.t, json.Unmarshal([]byte(answer), &found))
	if len(found) == 0 {
		return
	}
	var all []string
	for _, v := range found {
		for _, node := range v.Nodes {
			all = append(all, fmt.Sprintf("%s: %s\n    %s\n    %s", v.ID, v.Help, node.HTML, node.Summary))
		}
	}
	p.t.Errorf("page %s is not accessible:\n%s", kind, strings.Join(all, "\n"))
}

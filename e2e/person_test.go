package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a person waits for what is to be seen.
const patience = 30 * time.Second

//go:embed testdata/see.js
var seeing string

// person is somebody at a browser. Every method is a step that a person could
// take, and fails the test if it cannot be taken within patience.
type person struct {
	t      testing.TB
	ctx    context.Context //nolint:containedctx // a window, which lives as long as its test
	system *system
	origin string
	marks  int
	plain  bool // scripts are switched off
	shown  bool // the failure has been pictured
	// agrees is the answer to the browser's own questions, but for the one
	// whether to leave a page with unsaved input: the person leaves.
	agrees atomic.Bool
}

// finding is what testdata/see.js answers.
type finding struct {
	OK    bool    `json:"ok"`
	Why   string  `json:"why"`
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Date  bool    `json:"date"`
	Empty bool    `json:"empty"`
	Done  bool    `json:"done"`
	Value string  `json:"value"`
	Fault string  `json:"fault"`
	ID    string  `json:"id"`
}

// part is a named part of what a test tells. The parts build on each other:
// after one that fails, the others would be no news.
func (p *person) part(name string, tell func()) {
	whole, ok := p.t.(*testing.T)
	require.True(p.t, ok, "parts are of tests")
	if !whole.Run(name, func(t *testing.T) {
		p.t = t
		defer func() { p.t = whole }()
		tell()
	}) {
		p.t.FailNow()
	}
}

// look asks the page once.
func (p *person) look(function string, args ...any) finding {
	encoded, err := json.Marshal(append([]any{}, args...))
	require.NoError(p.t, err)
	script := fmt.Sprintf("JSON.stringify((%s).%s(...%s))", strings.TrimSpace(seeing), function, encoded)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		return finding{Why: err.Error()} // a page that is just being left
	}
	var f finding
	if err := json.Unmarshal([]byte(answer), &f); err != nil {
		return finding{Why: err.Error()}
	}
	return f
}

// find asks the page until the answer is good.
func (p *person) find(function string, args ...any) finding {
	p.t.Helper()
	var f finding
	eventually(p.t, patience, func() string {
		if f = p.look(function, args...); f.OK {
			return ""
		}
		return f.Why
	})
	return f
}

// still is find for a place to press, which must not move: two looks in a row
// find it where it was.
func (p *person) still(function string, args ...any) finding {
	p.t.Helper()
	before := finding{X: -1}
	eventually(p.t, patience, func() string {
		f := p.look(function, args...)
		if !f.OK {
			return f.Why
		}
		moved := f.X != before.X || f.Y != before.Y
		before = f
		if moved {
			return fmt.Sprintf("what to press moves: %v", args)
		}
		return ""
	})
	return before
}

// do runs an action in the window.
func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Do(ctx, steps...))
}

// open goes to a page of the portal by its address.
func (p *person) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.origin + path))
	p.arrive()
	if !p.plain {
		p.titles()
	}
}

// arrive is what happens on each page that a person comes to.
func (p *person) arrive() {
	p.t.Helper()
	p.find("arrived", "")
	p.inspect()
}

// follow presses what bears the text and waits for the page it leads to.
func (p *person) follow(text string) {
	p.t.Helper()
	p.followNth(text, 0)
}

// followNth is follow for the nth of several things with the same text.
func (p *person) followNth(text string, nth int) {
	p.t.Helper()
	p.marks++
	mark := fmt.Sprint(p.marks)
	f := p.still("press", text, nth)
	p.find("here", mark)
	p.clickAt(f)
	p.find("arrived", mark)
	p.inspect()
}

// press presses what bears the text and stays on the page.
func (p *person) press(text string) {
	p.t.Helper()
	p.clickAt(p.still("press", text, 0))
}

func (p *person) clickAt(f finding) {
	p.t.Helper()
	p.do(chromedp.MouseClickXY(f.X, f.Y))
}

// fill types into the field of that label what shall stand there.
func (p *person) fill(label, text string) {
	p.t.Helper()
	f := p.find("focus", label)
	switch {
	case f.Date:
		p.find("setDate", label, text)
	case text == "":
		if !f.Empty {
			p.do(chromedp.KeyEvent("\b"))
		}
	default:
		p.do(command(input.InsertText, input.InsertTextParams{Text: text}))
	}
	if !f.Date {
		require.Equal(p.t, text, p.value(label), "what stands in “%s”", label)
	}
	p.find("leave")
}

// value is what stands in, or is chosen at, the field of that label.
func (p *person) value(label string) string {
	p.t.Helper()
	return p.find("value", label).Value
}

// choose chooses from the list of that label; several options are the levels
// of a list that depends on itself.
func (p *person) choose(label string, options ...string) {
	p.t.Helper()
	for level, option := range options {
		p.find("select", label, option, level)
		if p.plain && level < len(options)-1 {
			p.followNth("更新下级选项", cascades[label])
		}
	}
}

// cascades numbers the buttons that fill the next level without scripts, in
// the order of the page.
var cascades = map[string]int{"行业": 1, "注册地": 2, "所在地": 1, "地区": 1, "资质属性和资质类型": 1}

// tick switches options of the group of that label on.
func (p *person) tick(label string, options ...string) {
	p.t.Helper()
	for _, option := range options {
		if f := p.still("choice", label, option, true); !f.Done {
			p.clickAt(f)
		}
		eventually(p.t, patience, func() string {
			if f := p.look("choice", label, option, true); !f.Done {
				return fmt.Sprintf("“%s” of “%s” is not on: %s", option, label, f.Why)
			}
			return ""
		})
	}
}

// sees waits until all the texts are seen.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.find("sees", text)
	}
}

// seesNot reports that a text is not on the page that has come.
func (p *person) seesNot(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		require.False(p.t, p.look("sees", text).OK, "“%s” is seen", text)
	}
}

// offers reports whether there is something to press that bears the text.
func (p *person) offers(text string) bool { return p.look("offers", text).OK }

// path is where the person is.
func (p *person) path() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	address, err := chromedp.Run(ctx, chromedp.Location())
	require.NoError(p.t, err)
	return strings.TrimPrefix(address, p.origin)
}

// eval asks the page something that no person sees.
func (p *person) eval(script string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	require.NoError(p.t, err)
	return answer
}

// upload chooses a file for an attachment and waits until it is taken in. It
// returns the id of the file.
func (p *person) upload(label, path string) string {
	p.t.Helper()
	f := p.send(label, path)
	require.Empty(p.t, f.Fault, "uploading %s", filepath.Base(path))
	return f.ID
}

// send chooses a file for an attachment and waits for what becomes of it.
func (p *person) send(label, path string) finding {
	p.t.Helper()
	p.puts(label, path)
	return p.find("attached", label, filepath.Base(path))
}

// puts chooses a file for an attachment. With scripts it is on its way at once,
// without them a button sends it.
func (p *person) puts(label, path string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.CSS(fmt.Sprintf(`[data-attachment][data-label="%s"] input[type=file]`, label)), []string{path}, chromedp.NodeReady))
	if p.plain {
		p.follow("上传" + label)
	}
}

// command is a protocol command as a step.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// window gives the window a size.
func (p *person) window(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// withoutScripts switches scripts off for the pages to come.
func (p *person) withoutScripts() {
	p.t.Helper()
	p.do(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.plain = true
}

// slow makes every answer of the portal late for this window.
func (p *person) slow(by time.Duration) {
	p.t.Helper()
	p.do(command(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: float64(by.Milliseconds()), DownloadThroughput: -1, UploadThroughput: -1}},
	}))
}

// back presses the browser's own button.
func (p *person) back() {
	p.t.Helper()
	p.marks++
	mark := fmt.Sprint(p.marks)
	p.find("here", mark)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		history, err := cdp.Call(ctx, t, page.GetNavigationHistory, cdp.Empty{})
		if err != nil || history.CurrentIndex == 0 {
			return fmt.Errorf("there is no page to go back to: %w", err)
		}
		entry := history.Entries[history.CurrentIndex-1].ID
		_, err = cdp.Call(ctx, t, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry})
		return err
	}))
	p.find("arrived", mark)
}

var notInFileNames = regexp.MustCompile(`[^\p{L}\p{N}.-]+`)

// picture keeps what the person saw when the test failed.
func (p *person) picture() {
	if !p.t.Failed() || p.shown {
		return
	}
	p.shown = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), patience)
	defer cancel()
	p.t.Logf("the person was at %s and saw:\n%s", p.eval("location.href"), p.eval(`(document.querySelector("dialog[open]") ?? document.querySelector("main") ?? document.body).innerText.slice(0, 2500)`))
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Logf("no picture: %v", err)
		return
	}
	name := filepath.Join("..", "bin", "e2e", notInFileNames.ReplaceAllString(p.t.Name(), "_")+".png")
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err == nil {
		err = os.WriteFile(name, shot, 0o600)
		p.t.Logf("picture: %s (%v)", name, err)
	}
}

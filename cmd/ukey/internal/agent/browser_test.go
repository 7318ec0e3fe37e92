package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/cmd/ukey/internal/agent"
	"unireg/cmd/ukey/internal/token"
)

// portalPage asks the agent for a signature as the portal's page does.
const portalPage = `<!doctype html><title>portal</title><button>sign</button><p id="outcome"></p><script>
const query = new URLSearchParams(location.search), agent = query.get("agent");
document.querySelector("button").onclick = async () => {
  const outcome = document.querySelector("#outcome");
  try {
    const list = await (await fetch(agent + "/v1/certificates")).json();
    const body = JSON.stringify({ certificate: list.certificates[0].id, statement: query.get("statement") });
    const made = await (await fetch(agent + "/v1/signatures", { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
    window.open(made.window, "ukey", "popup,width=480,height=640");
    let answer;
    do answer = await (await fetch(agent + "/v1/signatures/" + made.id + "?wait=1")).json(); while (answer.state === "waiting");
    outcome.textContent = answer.state + " " + answer.signature;
  } catch (error) { outcome.textContent = "no answer: " + error; }
};
</script>`

// newBrowser starts Chromium.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("UNIREG_TEST_CHROMIUM")
	if path == "" {
		var err error
		path, err = exec.LookPath("chromium")
		require.NoError(t, err, "the tests drive Chromium, which make test installs")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(leave)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx))
	return ctx
}

// until waits for a text in the page.
func until(t *testing.T, ctx context.Context, script, want string) string { //nolint:revive // t comes first, as everywhere in tests
	t.Helper()
	for {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		require.NoError(t, err)
		if strings.Contains(got, want) {
			return got
		}
	}
}

func TestC2ABrowserSignsInTheAgentsWindow(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin") // as the portal does
		_, _ = fmt.Fprint(w, portalPage)
	}))
	defer page.Close()
	world, d := certificatetest.New(t, "", ""), &desk{t: t, dir: t.TempDir(), log: &lines{}, pocket: &pocket{}}
	log := slog.New(slog.NewTextHandler(d.log, nil))
	d.watch = token.NewWatch(log, d.pocket)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	d.address = "http://" + listener.Addr().String()
	server := agent.New(agent.Options{
		Tokens: d.watch, Allowed: func(origin string) bool { return origin == page.URL }, Origins: func() []string { return nil },
		Port: listener.Addr().(*net.TCPAddr).Port, Now: d.now, Log: log,
	}).Server()
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	key := d.plug(world)
	st := d.submit("基本信息")
	st.Origin = page.URL
	statement := encode(t, st)
	quoted, err := json.Marshal(statement)
	require.NoError(t, err)

	browser := newBrowser(t)
	address := page.URL + "/?agent=" + d.address + "&statement=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(strings.Trim(string(quoted), `"`))
	opened := chromedp.WaitNewTarget(browser, func(info *target.Info) bool { return strings.Contains(info.URL, "/authenticate/") })
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate(address), chromedp.Click(chromedp.CSS("button"))))
	window, leave := chromedp.NewContext(browser, chromedp.WithTargetID(<-opened))
	defer leave()
	until(t, window, "document.body?.innerText ?? ''", "签名并提交")
	require.NoError(t, chromedp.Do(window, chromedp.SendKeys(chromedp.CSS("#pin"), "000000\r")))
	until(t, window, "document.body?.innerText ?? ''", "口令不正确")
	if shots := os.Getenv("UKEY_SHOTS"); shots != "" {
		shot, err := chromedp.Run(window, chromedp.CaptureScreenshot())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(shots, shot, 0o600))
	}
	require.NoError(t, chromedp.Do(window, chromedp.SendKeys(chromedp.CSS("#pin"), pin+"\r")))
	outcome := until(t, browser, "document.querySelector('#outcome').textContent", " ")
	encoded, ok := strings.CutPrefix(outcome, "signed ")
	require.True(t, ok, outcome)
	var signature []byte
	require.NoError(t, json.Unmarshal([]byte(`"`+encoded+`"`), &signature))
	require.NoError(t, key.Certificate.CheckSignature(statement, signature))
	for open := true; open; {
		targets, err := chromedp.Targets(browser)
		require.NoError(t, err)
		open = false
		for _, info := range targets {
			open = open || strings.Contains(info.URL, "/authenticate/")
		}
	}
}

// stranger is a site's page that finds the agent and asks to be allowed.
const stranger = `<!doctype html><title>portal</title><button>allow</button><p id="outcome"></p><script>
const agent = new URLSearchParams(location.search).get("agent"), outcome = document.querySelector("#outcome");
document.querySelector("button").onclick = async () => {
  try {
    await fetch(agent + "/v1/status").then(() => { outcome.textContent = "allowed too early"; }, () => {});
    const answer = await fetch(agent + "/v1/status", { mode: "no-cors" });
    outcome.textContent = answer.type + " " + answer.status + " " + await answer.text();
    window.open(agent + "/allow?origin=" + encodeURIComponent(location.origin), "ukey-allow", "popup,width=480,height=640");
    for (;;) {
      const list = await fetch(agent + "/v1/certificates").then((r) => r.json(), () => null);
      if (list) { outcome.textContent += "then " + list.certificates.length; return; }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } catch (error) { outcome.textContent = "no answer: " + error; }
};
</script>`

func TestC2ABrowserAllowsASiteInTheAgentsWindow(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, stranger)
	}))
	defer page.Close()
	d, browser := newDesk(t), newBrowser(t)
	opened := chromedp.WaitNewTarget(browser, func(info *target.Info) bool { return strings.Contains(info.URL, "/allow?") })
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate(page.URL+"/?agent="+d.address), chromedp.Click(chromedp.CSS("button"))))
	window, leave := chromedp.NewContext(browser, chromedp.WithTargetID(<-opened))
	defer leave()
	until(t, window, "document.body?.innerText ?? ''", strings.TrimPrefix(page.URL, "http://"))
	until(t, window, "String(window.opener)", "null")
	until(t, browser, "document.querySelector('#outcome').textContent", "opaque 0 ")
	require.NotContains(t, d.listed(), page.URL)
	until(t, window, "String(document.querySelector('button[value=allow]:enabled') !== null)", "true")
	require.NoError(t, chromedp.Do(window, chromedp.Click(chromedp.CSS("button[value=allow]"))))
	require.Equal(t, "opaque 0 then 0", until(t, browser, "document.querySelector('#outcome').textContent", "then"))
	require.Contains(t, d.listed(), page.URL)
}

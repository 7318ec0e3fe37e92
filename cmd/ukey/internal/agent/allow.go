package agent

import (
	_ "embed" // the template
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"unireg/cmd/ukey/internal/settings"
)

//go:embed allow.html
var allowText string

var allowPage = template.Must(template.New("allow").Parse(allowText))

const (
	// maxOrigins bounds the origins that are allowed in the browser.
	maxOrigins = 32
	// maxQuestions bounds how often a minute the question is drawn.
	maxQuestions = 30
)

// allowModel is the question whether a site may use the keys.
type allowModel struct {
	Origin, Scheme, Host string
	LookAlike            bool // the name is of other letters than it is written in
	CSRF                 string
}

var (
	strange   = closing{"err", "请求被拒绝", "这次操作不是从本窗口发出的，或者页面打开得太久。请刷新后重试。", false}
	notASite  = closing{"err", "网址不正确", "只能允许 https:// 开头的网站，或本机的网站。请回到网站重新操作。", false}
	allowed   = closing{"ok", "已允许", "可以关闭此窗口，返回原页面继续。", true}
	disagreed = closing{"info", "没有允许", "该网站不能使用本机的 CA 锁。可以关闭此窗口。", true}
	full      = closing{"err", "允许的网站过多", "请先打开 CA 驱动的首页，取消不再使用的网站。", false}
	hasty     = closing{"err", "询问过于频繁", "请关闭此窗口，一分钟后再试。", false}
	unsaved   = closing{"err", "没有保存", "CA 驱动的设置文件不能写入。请检查磁盘后重试。", false}
)

// site returns an origin if it is written as browsers write it, and not the
// agent's own.
func (a *Agent) site(text string) (string, bool) {
	origin, err := settings.Origin(text)
	if err != nil || origin != text {
		return "", false
	}
	host, found := strings.CutPrefix(origin, "http://")
	return origin, !found || !a.hosts[host]
}

// askAllow asks the person whether a site may use the keys.
func (a *Agent) askAllow(w http.ResponseWriter, r *http.Request) {
	origin, ok := a.site(r.URL.Query().Get("origin"))
	switch {
	case !ok:
		a.page(w, http.StatusBadRequest, windowModel{Outcome: &notASite})
		return
	case a.Allowed(origin):
		a.page(w, http.StatusOK, windowModel{Outcome: &allowed})
		return
	case !a.questions.take(a.Now()):
		a.page(w, http.StatusTooManyRequests, windowModel{Outcome: &hasty})
		return
	}
	scheme, host, _ := strings.Cut(origin, "://")
	a.render(w, http.StatusOK, allowPage, allowModel{
		Origin: origin, Scheme: scheme + "://", Host: host, CSRF: a.seal.draw(allowing(origin), a.Now()),
		LookAlike: slices.ContainsFunc(strings.Split(host, "."), func(label string) bool { return strings.HasPrefix(label, "xn--") }),
	})
}

// answerAllow takes the person's yes or no.
func (a *Agent) answerAllow(w http.ResponseWriter, r *http.Request) {
	origin, ok := a.site(r.PostForm.Get("origin"))
	if !ok {
		a.page(w, http.StatusBadRequest, windowModel{Outcome: &notASite})
		return
	}
	if r.PostForm.Get("action") != "allow" {
		a.Log.Info("a site was not allowed by the person", "origin", origin)
		http.Redirect(w, r, "/allow/refused", http.StatusSeeOther)
		return
	}
	switch err := a.allow(origin); {
	case errors.Is(err, errTooManyOrigins):
		a.page(w, http.StatusConflict, windowModel{Outcome: &full})
	case err != nil:
		a.Log.Error("allow a site", "error", err)
		a.page(w, http.StatusInternalServerError, windowModel{Outcome: &unsaved})
	default:
		a.Log.Info("a site was allowed by the person", "origin", origin)
		http.Redirect(w, r, "/allow?origin="+url.QueryEscape(origin), http.StatusSeeOther)
	}
}

var errTooManyOrigins = errors.New("too many origins are allowed")

// allow allows an origin for good. One is written after the other.
func (a *Agent) allow(origin string) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if len(a.Origins()) >= maxOrigins {
		return errTooManyOrigins
	}
	return a.Allow(origin)
}

func (a *Agent) showRefused(w http.ResponseWriter, _ *http.Request) {
	a.page(w, http.StatusOK, windowModel{Outcome: &disagreed})
}

// forbid takes back what was allowed.
func (a *Agent) forbid(w http.ResponseWriter, r *http.Request) {
	a.writing.Lock()
	defer a.writing.Unlock()
	if err := a.Forbid(r.PostForm.Get("origin")); err != nil {
		a.Log.Error("forbid a site", "error", err)
		a.page(w, http.StatusInternalServerError, windowModel{Outcome: &unsaved})
		return
	}
	a.Log.Info("a site was forbidden by the person")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// What the secrets of forms are bound to.
func allowing(origin string) string { return "allow " + origin }

func allowingForm(r *http.Request) string { return allowing(r.PostForm.Get("origin")) }

func forbidding(*http.Request) string { return "forbid" }

// meter counts what may happen so often a minute.
type meter struct {
	mu    sync.Mutex
	began time.Time
	taken int
}

func (m *meter) take(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.began) >= time.Minute {
		m.began, m.taken = now, 0
	}
	m.taken++
	return m.taken <= maxQuestions
}

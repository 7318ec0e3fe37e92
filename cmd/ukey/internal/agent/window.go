package agent

import (
	"bytes"
	"crypto/subtle"
	_ "embed" // the templates
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"unireg/certificate"
	"unireg/cmd/ukey/internal/token"
)

//go:embed window.html
var windowText string

//go:embed status.html
var statusText string

var (
	windowPage = template.Must(template.New("window").Parse(windowText))
	statusPage = template.Must(template.New("status").Parse(statusText))
)

// windowModel is what the window shows.
type windowModel struct {
	Origin, Title      string
	Submit             bool
	Time, Digest       string
	CommonName, Issuer string
	Tail, Until        string // end of the serial number, date
	Token              string
	Tries              string // how many are left, in words; "" if nobody knows
	LastTry            bool
	CSRF               string
	Problem            string
	Outcome            *closing // nil while the PIN is awaited
	Seconds            int      // until the request dies
}

// closing is what the window says when all is decided.
type closing struct {
	Tone, Title, Text string
	Close             bool // the window closes itself
}

var closings = map[Reason]closing{
	"":        {"ok", "签名完成", "可以关闭此窗口，返回原页面继续。", true},
	Cancelled: {"info", "已取消", "没有签名。可以关闭此窗口。", true},
	WrongPIN:  {"err", "口令多次不正确", "本次请求已结束，没有签名。请确认口令后，在原页面重新操作。", false},
	Locked:    {"err", "CA 锁已锁定", "口令连续输错，CA 锁已锁定。请联系 CA 公司解锁。", false},
	Removed:   {"err", "CA 锁已拔出", "没有签名。请重新插入 CA 锁，在原页面重新操作。", false},
	Expired:   {"err", "请求已过期", "没有在两分钟内输入口令。请在原页面重新操作。", false},
	Fault:     {"err", "CA 锁没有响应", "没有签名。请重新插入 CA 锁；仍不成功时，请联系 CA 公司。", false},
}

// showWindow shows what is to be signed and asks for the PIN, or what became of
// it.
func (a *Agent) showWindow(w http.ResponseWriter, r *http.Request) {
	now := a.Now()
	wish := a.requests.find(r.PathValue("id"), now)
	if wish == nil {
		a.page(w, http.StatusNotFound, windowModel{Outcome: &closing{"err", "没有这个请求", "请求不存在或已过期。请在原页面重新操作。", false}})
		return
	}
	if _, there := a.Tokens.Find(wish.certificate.ID()); !there {
		wish.end(Failed, Removed)
	}
	a.page(w, http.StatusOK, a.model(wish, wish.at(now), now))
}

// answerWindow takes the PIN, or the person's no.
func (a *Agent) answerWindow(w http.ResponseWriter, r *http.Request) {
	now := a.Now()
	wish := a.requests.find(r.PathValue("id"), now)
	if wish == nil {
		a.page(w, http.StatusNotFound, windowModel{Outcome: &closing{"err", "没有这个请求", "请求不存在或已过期。请在原页面重新操作。", false}})
		return
	}
	form, err := readForm(w, r)
	defer form.wipe()
	if err != nil || !a.fromOwnPage(r, wish, form.token) {
		a.Log.Warn("refused: not sent by the agent's own page", "request", wish.id)
		a.page(w, http.StatusForbidden, windowModel{Outcome: &closing{"err", "请求被拒绝", "这次提交不是从本窗口发出的。", false}})
		return
	}
	if form.cancel {
		wish.end(Refused, Cancelled)
		a.Log.Info("signature refused by the person", "request", wish.id)
		a.seeWindow(w, r, wish)
		return
	}
	if len(form.pin) == 0 {
		m := a.model(wish, wish.at(now), now)
		m.Problem = "请输入 CA 锁口令。"
		a.page(w, http.StatusUnprocessableEntity, m)
		return
	}
	o, err := wish.try(form.pin, now)
	if err != nil {
		a.Log.Error("the token did not sign", "request", wish.id, "error", err)
	}
	a.Tokens.Look()
	if o.State == Waiting {
		a.Log.Info("wrong PIN", "request", wish.id, "attempt", o.Attempts)
		m := a.model(wish, o, now)
		m.Problem = "口令不正确，请重新输入。"
		a.page(w, http.StatusUnprocessableEntity, m)
		return
	}
	a.Log.Info("signature settled", "request", wish.id, "state", o.State, "reason", o.Reason)
	a.seeWindow(w, r, wish)
}

func (a *Agent) seeWindow(w http.ResponseWriter, r *http.Request, wish *request) {
	http.Redirect(w, r, "/authenticate/"+wish.id, http.StatusSeeOther)
}

// fromOwnPage says whether the window's own page sent the form: it carries the
// request's secret, which no other origin can read, and the browser names the
// agent as origin.
func (a *Agent) fromOwnPage(r *http.Request, wish *request, secret []byte) bool {
	return fromAgent(r) && subtle.ConstantTimeCompare(secret, []byte(wish.csrf)) == 1
}

func (a *Agent) model(wish *request, o outcome, now time.Time) windowModel {
	st, c := wish.statement, wish.certificate
	m := windowModel{
		Origin: st.Origin, Submit: st.Purpose == certificate.Submit, Title: st.Title, Digest: st.Digest,
		Time:       st.Time.Local().Format("2006-01-02 15:04:05"),
		CommonName: c.CommonName(), Issuer: issuerName(c.Issuer()), Tail: tail(c.Serial()), Until: c.NotAfter().Local().Format("2006-01-02"), Token: c.Token,
		CSRF: wish.csrf, Seconds: int(wish.ends().Sub(now).Seconds()) + 1,
	}
	m.Tries, m.LastTry = triesInWords(o)
	if o.State != Waiting {
		end := closings[o.Reason]
		m.Outcome = &end
	}
	return m
}

// triesInWords tells how often the PIN may still be wrong, by token and agent.
func triesInWords(o outcome) (string, bool) {
	switch {
	case o.TriesLeft == 1:
		return "只剩最后 1 次机会，再输错 CA 锁将锁定。", true
	case o.TriesLeft == 0:
		return "CA 锁已锁定。", true
	case o.TriesLeft != token.Unknown:
		return "连续输错将锁定 CA 锁，还可尝试 " + strconv.Itoa(o.TriesLeft) + " 次。", false
	case o.Attempts > 0:
		return "CA 锁没有告知剩余次数；本窗口还可尝试 " + strconv.Itoa(maxAttempts-o.Attempts) + " 次。", false
	default:
		return "连续输错将锁定 CA 锁。", false
	}
}

// tail is the last four digits of a serial number.
func tail(serial string) string { return serial[max(0, len(serial)-4):] }

// issuerName is the CN of an issuer's distinguished name, or all of it.
func issuerName(dn string) string {
	for part := range strings.SplitSeq(dn, ",") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok {
			return name
		}
	}
	return dn
}

func (a *Agent) page(w http.ResponseWriter, status int, m windowModel) {
	a.render(w, status, windowPage, m)
}

func (a *Agent) render(w http.ResponseWriter, status int, page *template.Template, model any) {
	var b bytes.Buffer
	if err := page.Execute(&b, model); err != nil {
		a.Log.Error("draw a page", "error", err)
		http.Error(w, "页面暂时无法显示", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := io.Copy(w, &b); err != nil {
		a.Log.Debug("a page was not taken", "error", err)
	}
}

// statusModel is what the start page shows.
type statusModel struct {
	Version string
	Tokens  []token.Token
	Origins []string
	CSRF    string
}

// showStatus tells who opens the agent's address that it runs, and with what.
func (a *Agent) showStatus(w http.ResponseWriter, _ *http.Request) {
	tokens, _ := a.Tokens.Tokens()
	a.render(w, http.StatusOK, statusPage, statusModel{Version: a.Version, Tokens: tokens, Origins: a.Origins(), CSRF: a.seal.draw(forbidding(nil), a.Now())})
}

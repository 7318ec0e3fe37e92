package site

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"unireg/certificate"
	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/setup"
	"unireg/cmd/cacompany/internal/view"
)

// deskRoutes are the operator's pages.
func (s *Site) deskRoutes(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection()
	public := func(pattern string, act http.HandlerFunc) { mux.Handle(pattern, own.Handler(harden(act))) }
	private := func(pattern string, act func(*visit)) { public(pattern, s.private(act)) }

	public("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/desk", http.StatusSeeOther) })
	public("GET /login", s.showLogin)
	public("POST /login", s.login)
	private("POST /logout", s.logout)
	private("GET /desk", s.list)
	private("POST /desk", s.list)
	private("GET /desk/applications/{reference}", s.showDetail)
	private("POST /desk/applications/{reference}/{action}", s.act)
	private("GET /desk/applications/{reference}/token", s.token)
	private("GET /desk/certificates", s.certificates)
	private("GET /desk/certificates/{serial}", s.showCertificate)
	private("POST /desk/certificates/{serial}/{action}", s.actOnCertificate)
	private("GET /desk/deliveries", s.deliveries)
	private("POST /desk/deliveries/{number}/resend", s.resend)
	private("GET /desk/secrets", s.secrets)
	private("POST /desk/secrets/{side}/{action}", s.exchangeOnPage)
	if s.Faults {
		private("GET /desk/faults", s.faults)
		private("POST /desk/faults", s.switchFaults)
	}
}

// harden writes the headers that every page carries.
func harden(act http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		act(w, r)
	}
}

// visit is a request of an operator who is logged in.
type visit struct {
	*http.Request
	w       http.ResponseWriter
	session *session
}

// redirect leads to another page after something was done.
func (v *visit) redirect(path string) { http.Redirect(v.w, v.Request, path, http.StatusSeeOther) }

// private lets in who is logged in; what changes anything must bear the
// session's token.
func (s *Site) private(act func(*visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		one := s.sessions.of(r, now())
		if one == nil {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		v := &visit{r, w, one}
		if r.Method != http.MethodGet && !same(v.PostFormValue("csrf"), one.csrf) {
			s.trouble(v, http.StatusForbidden, "页面已失效", "请返回后重新操作。")
			return
		}
		act(v)
	}
}

// page begins a page and takes up what was left to be said.
func (s *Site) page(v *visit, place, title string) view.Page {
	notice, _ := s.sessions.take(v.session, "")
	return view.Page{
		Title: title, Place: place, CSRF: v.session.csrf, Notice: notice, Faults: s.Faults, FaultsOn: s.Board.Read().Any(),
	}
}

// render draws a page whole before anything is sent.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		s.Log.Error("draw a page", "error", err)
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the other side may be gone
}

func (s *Site) show(v *visit, status int, page templ.Component) {
	s.render(v.w, v.Request, status, page)
}

func (s *Site) trouble(v *visit, status int, title, text string) {
	s.show(v, status, view.Trouble(s.page(v, "", title), text))
}

// fail shows an error: a refusal says why, a fault is logged.
func (s *Site) fail(v *visit, what string, err error) {
	if refusal, ok := errors.AsType[*company.Refusal](err); ok {
		s.trouble(v, refusal.Status, "没有办成", refusal.Detail)
		return
	}
	if errors.Is(err, ledger.ErrUnknown) {
		s.trouble(v, http.StatusNotFound, "没有找到", "没有这条记录。")
		return
	}
	s.Log.Error(what, "error", err)
	s.trouble(v, http.StatusInternalServerError, "系统故障", "请稍后再试。")
}

func (s *Site) showLogin(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, view.Login(view.Page{Title: "登录"}, false))
}

// login compares with a password of 80 random bits: guessing needs no brake.
func (s *Site) login(w http.ResponseWriter, r *http.Request) {
	settings, err := s.settings()
	if err != nil {
		s.Log.Error("read the settings", "error", err)
		http.Error(w, "fault", http.StatusInternalServerError)
		return
	}
	known := same(r.PostFormValue("login"), settings.Operator)
	if !same(strings.TrimSpace(r.PostFormValue("password")), settings.Password) || !known {
		s.render(w, r, http.StatusUnprocessableEntity, view.Login(view.Page{Title: "登录"}, true))
		return
	}
	one := s.sessions.begin(now())
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain HTTP on loopback
		Name: sessionCookie, Value: one.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/desk", http.StatusSeeOther)
}

func (s *Site) logout(v *visit) {
	s.sessions.end(v.session)
	http.SetCookie(v.w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // plain HTTP on loopback
	v.redirect("/login")
}

// pageSize is how many applications a page lists.
const pageSize = 50

// list shows applications. What is searched for comes by POST: it may name a
// person, and addresses are written down in many places.
func (s *Site) list(v *visit) {
	before, _ := strconv.ParseUint(v.FormValue("before"), 10, 64) // absent: 0
	l := view.List{
		Filter: view.Filter{
			Status: ledger.Status(v.FormValue("status")), Business: protocol.Business(v.FormValue("business")),
			Query: strings.TrimSpace(v.PostFormValue("q")), Before: before,
		},
		Counts: map[ledger.Status]int{},
	}
	err := s.Store.View(func(tx *ledger.Tx) error {
		for a, err := range tx.Applications() {
			if err != nil {
				return err
			}
			l.Total++
			l.Counts[a.Status]++
			if !matches(a, l.Filter) {
				continue
			}
			if len(l.Rows) < pageSize {
				l.Rows = append(l.Rows, a)
			} else if l.Next == 0 {
				l.Next = l.Rows[pageSize-1].Number
			}
		}
		return nil
	})
	if err != nil {
		s.fail(v, "list applications", err)
		return
	}
	s.show(v, http.StatusOK, view.Applications(s.page(v, "/desk", "申请"), l))
}

func matches(a *ledger.Application, f view.Filter) bool {
	if f.Status != "" && a.Status != f.Status || f.Business != "" && a.Request.Business != f.Business || f.Before > 0 && a.Number >= f.Before {
		return false
	}
	return f.Query == "" || slices.ContainsFunc([]string{a.OrderNo, a.Request.Subject.Name, a.Request.Subject.Code},
		func(text string) bool { return strings.Contains(strings.ToUpper(text), strings.ToUpper(f.Query)) })
}

// detail reads all of an application.
func (s *Site) detail(reference string) (d view.Detail, err error) {
	err = s.Store.View(func(tx *ledger.Tx) error {
		if d.Application, err = tx.Application(reference); err != nil {
			return err
		}
		for _, serial := range d.Application.Serials {
			c, err := tx.Certificate(serial)
			if err != nil {
				return err
			}
			d.Certificates = append(d.Certificates, c)
		}
		if about := d.Application.Request.Certificate; about != nil {
			if d.Subject, err = tx.Certificate(about.Serial); err != nil {
				return err
			}
		}
		for delivery, err := range tx.Deliveries() {
			if err != nil {
				return err
			}
			if delivery.Reference == reference {
				d.Deliveries = append(d.Deliveries, delivery)
			}
		}
		slices.Reverse(d.Deliveries)
		return nil
	})
	if errors.Is(err, ledger.ErrUnknown) {
		err = &company.Refusal{Status: http.StatusNotFound, Code: "not_found", Detail: "没有这件申请。"}
	}
	return d, err
}

func (s *Site) showDetail(v *visit) {
	d, err := s.detail(v.PathValue("reference"))
	if err != nil {
		s.fail(v, "show an application", err)
		return
	}
	notice, outcome := s.sessions.take(v.session, d.Application.Reference())
	d.Outcome = outcome
	page := s.page(v, "/desk", d.Application.OrderNo)
	page.Notice = notice
	s.show(v, http.StatusOK, view.Application(page, d))
}

// act does what a form of an application's page asks.
func (s *Site) act(v *visit) {
	reference := v.PathValue("reference")
	decision := company.Decision{
		Action: company.Action(v.PathValue("action")), Reason: v.PostFormValue("reason"),
		Algorithm: certificate.Algorithm(v.PostFormValue("algorithm")), CSR: v.PostFormValue("csr"), Token: uploaded(v.Request, "token"),
	}
	if file := uploaded(v.Request, "csr_file"); len(file) > 0 {
		decision.CSR = string(file)
	}
	outcome, err := s.Company.Decide(reference, decision, now())
	if refusal, ok := errors.AsType[*company.Refusal](err); ok && refusal.Status != http.StatusNotFound {
		s.refuse(v, decision, refusal)
		return
	}
	if err != nil {
		s.fail(v, "decide about an application", err)
		return
	}
	notice := "申请" + outcome.Status.Chinese() + "，正在通知注册系统。"
	if decision.Action != company.Issue {
		s.sessions.leave(v.session, notice, nil)
	} else {
		s.sessions.leave(v.session, notice, &outcome)
	}
	v.redirect("/desk/applications/" + reference)
}

// refuse shows the application again, with why and what was typed.
func (s *Site) refuse(v *visit, decision company.Decision, refusal *company.Refusal) {
	d, err := s.detail(v.PathValue("reference"))
	if err != nil {
		s.fail(v, "show an application", err)
		return
	}
	d.Reason, d.CSR = decision.Reason, decision.CSR
	page := s.page(v, "/desk", d.Application.OrderNo)
	page.Problem = refusal.Detail
	s.show(v, refusal.Status, view.Application(page, d))
}

// uploaded is a file of a form, nil if there is none.
func uploaded(r *http.Request, name string) []byte {
	if r.MultipartForm == nil {
		return nil
	}
	file, _, err := r.FormFile(name)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // only read
	content, err := io.ReadAll(file)
	if err != nil {
		return nil
	}
	return content
}

// token hands the token file over.
func (s *Site) token(v *visit) {
	var file []byte
	var name string
	err := s.Store.View(func(tx *ledger.Tx) error {
		a, err := tx.Application(v.PathValue("reference"))
		if err != nil {
			return err
		}
		name = a.TokenName
		file, err = tx.Token(a.Reference())
		return err
	})
	if err != nil {
		s.fail(v, "hand a token over", err)
		return
	}
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = v.w.Write(file) // the other side may be gone
}

func (s *Site) certificates(v *visit) {
	var all []*ledger.Certificate
	err := s.Store.View(func(tx *ledger.Tx) error {
		for c, err := range tx.Certificates() {
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return nil
	})
	if err != nil {
		s.fail(v, "list certificates", err)
		return
	}
	s.show(v, http.StatusOK, view.Certificates(s.page(v, "/desk/certificates", "证书"), all))
}

func (s *Site) showCertificate(v *visit) {
	var c *ledger.Certificate
	err := s.Store.View(func(tx *ledger.Tx) (err error) {
		c, err = tx.Certificate(v.PathValue("serial"))
		return err
	})
	if err != nil {
		s.fail(v, "show a certificate", err)
		return
	}
	s.show(v, http.StatusOK, view.Certificate(s.page(v, "/desk/certificates", "证书"), c))
}

func (s *Site) actOnCertificate(v *visit) {
	serial, action := v.PathValue("serial"), company.CertificateAction(v.PathValue("action"))
	if err := s.Company.Certify(serial, action, v.PostFormValue("reason"), now()); err != nil {
		s.fail(v, "certify", err)
		return
	}
	s.sessions.leave(v.session, "已"+action.Chinese()+"，正在通知注册系统。", nil)
	v.redirect("/desk/certificates/" + serial)
}

// maxDeliveries bounds the page of callbacks.
const maxDeliveries = 200

func (s *Site) deliveries(v *visit) {
	d := view.Deliveries{State: ledger.DeliveryState(v.FormValue("state")), Counts: map[ledger.DeliveryState]int{}}
	err := s.Store.View(func(tx *ledger.Tx) error {
		for one, err := range tx.Deliveries() {
			if err != nil {
				return err
			}
			d.Counts[one.State]++
			if len(d.Rows) < maxDeliveries && (d.State == "" || d.State == one.State) {
				d.Rows = append(d.Rows, one)
			}
		}
		return nil
	})
	if err != nil {
		s.fail(v, "list deliveries", err)
		return
	}
	s.show(v, http.StatusOK, view.DeliveriesPage(s.page(v, "/desk/deliveries", "通知送达"), d))
}

func (s *Site) resend(v *visit) {
	n, err := strconv.ParseUint(v.PathValue("number"), 10, 64)
	if err == nil {
		err = s.Company.Resend(n, now())
	} else {
		err = ledger.ErrUnknown
	}
	if err != nil {
		s.fail(v, "resend a callback", err)
		return
	}
	s.sessions.leave(v.session, "正在重新发送。", nil)
	v.redirect("/desk/deliveries")
}

func (s *Site) secrets(v *visit) {
	settings, err := s.settings()
	if err != nil {
		s.fail(v, "read the settings", err)
		return
	}
	file, err := filepath.Abs(setup.RegistrationFile(s.Directory))
	if err != nil {
		s.fail(v, "find the file of the registration system", err)
		return
	}
	s.show(v, http.StatusOK, view.SecretsPage(s.page(v, "/desk/secrets", "密钥"), view.Secrets{
		Incoming: len(settings.Incoming), Outgoing: len(settings.Secrets), File: file, URL: settings.URL, Portal: settings.Portal,
	}))
}

func (s *Site) exchangeOnPage(v *visit) {
	if err := s.exchangeSecrets(setup.Side(v.PathValue("side")), v.PathValue("action")); err != nil {
		s.fail(v, "exchange secrets", err)
		return
	}
	s.sessions.leave(v.session, "已更新，交接文件已重写。", nil)
	v.redirect("/desk/secrets")
}

func (s *Site) faults(v *visit) {
	s.show(v, http.StatusOK, view.FaultsPage(s.page(v, "/desk/faults", "故障开关"), s.Board.Read()))
}

func (s *Site) switchFaults(v *visit) {
	var switches faults.Switches
	if v.PostFormValue("off") == "" {
		switches = switchesOf(v.Request)
	}
	if err := s.Board.Set(switches); err != nil {
		page := s.page(v, "/desk/faults", "故障开关")
		page.Problem = err.Error()
		s.show(v, http.StatusUnprocessableEntity, view.FaultsPage(page, switches))
		return
	}
	s.sessions.leave(v.session, "故障开关已设定。", nil)
	v.redirect("/desk/faults")
}

// switchesOf reads the form of switches; what is no number is out of range.
func switchesOf(r *http.Request) faults.Switches {
	whole := func(name string) int {
		n, err := strconv.Atoi(r.PostFormValue(name))
		if err != nil {
			return -1
		}
		return n
	}
	slow, err := strconv.ParseFloat(r.PostFormValue("slow_seconds"), 64)
	if err != nil {
		slow = -1
	}
	return faults.Switches{
		SlowSeconds: slow, SilentPercent: whole("silent_percent"), RefusePercent: whole("refuse_percent"), DropPercent: whole("drop_percent"),
		Duplicates: whole("duplicates"), Hang: r.PostFormValue("hang") != "", Reorder: r.PostFormValue("reorder") != "",
		Lie: faults.Lie(r.PostFormValue("lie")), Lists: faults.Lists(r.PostFormValue("lists")),
	}
}

package view

import (
	"context"
	"slices"
	"time"

	"unireg/web/words"
)

// Tone colours a tag, a state or a notice. It never stands alone: words and an
// icon say the same.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Good  Tone = "ok"
	Warn  Tone = "warn"
	Bad   Tone = "err"
	Info  Tone = "info"
)

// Tag is a state in a few words.
type Tag struct {
	Text string
	Tone Tone
}

// Notice is a message at the head of a page. Link and LinkText may be empty.
type Notice struct {
	Tone     Tone
	Title    string // may be empty
	Text     string
	Link     string
	LinkText string
	// Undo is where a button 撤销 posts to, until that instant; "" for none.
	Undo  string
	Until time.Time
}

// Site is what an installation says of itself. Every field but Name may be
// empty; what is empty is not shown.
type Site struct {
	Name    string // of the system, e.g. 湖南省公共资源交易统一注册系统
	Center  string // of the authority that runs it
	Motto   string // below the centre's name on the login page
	Hotline string // e.g. 0731-82210013/82210016
	Hours   string // of the hotline, e.g. 工作日 9:00–17:30
	QQ      string // group for help, with its name
	// Disclosure tells that anybody may search what is in force: 信息公示.
	Disclosure bool
}

// ViewerKind says who is looking.
type ViewerKind string

// The kinds of viewer.
const (
	Organization ViewerKind = "organization"
	Person       ViewerKind = "person"
	Staff        ViewerKind = "staff"
)

// Assurance says how the viewer's session was opened.
type Assurance string

// The assurances.
const (
	ByPassword    Assurance = "password"
	ByCertificate Assurance = "certificate"
)

// Label is the assurance as a person reads it.
func (a Assurance) Label() string {
	if a == ByCertificate {
		return "CA 证书登录"
	}
	return "账号登录"
}

// Viewer is who is logged in.
type Viewer struct {
	Name  string // of the subject, or of the staff member
	Login string
	Kind  ViewerKind
	Role  string // label, e.g. 审核员; of a subject's member, where it may not do everything
	// Supervisor opens the pages on which only supervisors decide.
	Supervisor bool
	Assurance  Assurance
	Unread     int // messages
	// Limited tells that a subject's member does not manage it, and ReadOnly that
	// they change nothing: what they may not do is not offered.
	Limited, ReadOnly bool
}

// how is how a subject's viewer is logged in, and in which role where that may not
// do everything.
func (v *Viewer) how(ctx context.Context) string {
	if v.Role == "" {
		return shown(ctx, v.Assurance.Label())
	}
	return tr(ctx, "%s，%s", shown(ctx, v.Assurance.Label()), shown(ctx, v.Role))
}

// NavItem is one row of the left navigation, which is the task list.
type NavItem struct {
	Label   string
	Href    string
	Icon    Icon
	State   Tag // e.g. 需修改 3 处; empty text shows none
	Current bool
	Live    bool // the state follows what the page saves by itself
}

// Nav is the left navigation. Done of Total tasks are in force or submitted;
// without a Total no progress bar is drawn.
type Nav struct {
	Done, Total int
	Tasks       []NavItem // 基本信息 to 获奖信息
	More        []NavItem // 变更历史总览, 数字证书, 账号安全
}

// Prefs are the viewer's preferences, from cookies. POST /preferences with
// contrast, large, english, keys or stay = on|off, and next, changes them.
type Prefs struct {
	Contrast bool // high contrast
	Large    bool // large text
	English  bool // pages are in English
	NoKeys   bool // staff: no keyboard shortcuts
	Stay     bool // staff: after a decision the filing stays open
}

// Page holds what every page needs beside its own model.
type Page struct {
	Title  string // without the site's name
	Nonce  string // of the Content-Security-Policy
	CSRF   string // posted as _csrf, or sent as X-CSRF-Token
	Path   string // of the request with its query; local, for `next`
	Now    time.Time
	Site   Site
	Viewer *Viewer // nil: nobody is logged in
	Nav    Nav
	Flash  []Notice // shown once
	Prefs  Prefs

	problems int // shown at the front of the title
	reload   int // seconds after which a page without scripts asks again
	scripts  []string
}

// CSRFField is the name of the hidden input that carries Page.CSRF. It is the
// first control of every form that posts.
const CSRFField = "_csrf"

// The ids of the dialogs.
const (
	changeDialog   = "dialog-change"
	withdrawDialog = "dialog-withdraw"
	discardDialog  = "dialog-discard"
	deleteDialog   = "dialog-delete"
	voidDialog     = "dialog-void"
	restoreDialog  = "dialog-restore"
	releaseDialog  = "dialog-release"
	welcomeDialog  = "dialog-welcome"
	assignDialog   = "dialog-assign"
	uploadsDialog  = "dialog-uploads"
	keysDialog     = "dialog-keys"
	reopenDialog   = "dialog-reopen"
)

// other is the language that a person may change to.
func other(ctx context.Context) words.Language {
	if words.LanguageOf(ctx) == words.English {
		return words.Chinese
	}
	return words.English
}

// title is the text of the title element: screen readers say the number of
// problems first.
func (p Page) title(ctx context.Context) string {
	title := shown(ctx, p.Title) + " - " + shown(ctx, p.Site.Name)
	if p.problems > 0 {
		return tr(ctx, "（%d 处错误）%s", p.problems, title)
	}
	return title
}

// htmlClass carries the preferences to the style sheet.
func (p Page) htmlClass() string {
	switch {
	case p.Prefs.Contrast && p.Prefs.Large:
		return "contrast large"
	case p.Prefs.Contrast:
		return "contrast"
	case p.Prefs.Large:
		return "large"
	}
	return ""
}

func (p Page) with(problems int, scripts ...string) Page {
	p.problems = problems
	p.scripts = append([]string{"page.js"}, scripts...)
	return p
}

// and adds scripts to those of a page.
func (p Page) and(scripts ...string) Page {
	p.scripts = append(slices.Clone(p.scripts), scripts...)
	return p
}

func (p Page) reloading(seconds int) Page {
	p.reload = seconds
	return p
}

package view

import (
	"context"
	"net/url"
	"strings"
	"time"

	"unireg/record/form"
)

// timestamp is an instant and how it is written.
type timestamp struct {
	at   time.Time
	text string
}

func atMinute(t time.Time) timestamp { return timestamp{t, stamp(t)} }
func atSecond(t time.Time) timestamp { return timestamp{t, second(t)} }
func atBrief(t time.Time) timestamp  { return timestamp{t, brief(t)} }
func atDay(t time.Time) timestamp    { return timestamp{t, day(t)} }
func atClock(t time.Time) timestamp  { return timestamp{t, clock(t)} }

// atSaved is when something was saved: by the clock today, with the day before.
func atSaved(now, t time.Time) timestamp {
	if day(now) == day(t) {
		return timestamp{t, clock(t)}
	}
	return timestamp{t, brief(t)}
}

// toggled is the value that a switch posts to change its state.
func toggled(on bool) string {
	if on {
		return "off"
	}
	return "on"
}

func pressed(on bool) string {
	if on {
		return "true"
	}
	return "false"
}

func noticeClass(t Tone) string {
	if t == Plain {
		return string(Info)
	}
	return string(t)
}

// noticeRole lets assistive software read out what went wrong at once.
func noticeRole(t Tone) string {
	if t == Bad {
		return "alert"
	}
	return "status"
}

// input is a plain control of the small forms; documents have their own kit.
type input struct {
	Name, Label, Value, Hint, Problem string
	Type                              string // "" means text
	Autocomplete, InputMode           string
	MaxLength                         int
	Code, Required, Focus             bool
}

func (i input) id() string { return "f-" + i.Name }

func (i input) kind() string {
	if i.Type == "" {
		return "text"
	}
	return i.Type
}

func (i input) class() string {
	if i.Code {
		return "form-control code"
	}
	return "form-control"
}

// describedBy names the texts that go with the control of a field.
func describedBy(name, hint, problem string) string {
	ids := ""
	if hint != "" {
		ids = "h-" + name
	}
	if problem != "" {
		if ids != "" {
			ids += " "
		}
		ids += "e-" + name
	}
	return ids
}

// problemLine is a problem as the summary words it.
func problemLine(ctx context.Context, p form.Problem) string {
	if p.Label == "" {
		return shown(ctx, p.Message)
	}
	return tr(ctx, "%s：%s", shown(ctx, p.Label), shown(ctx, p.Message))
}

// nameStart and nameEnd split a system's name where a line may break.
func nameStart(name string) string {
	start, _, _ := strings.Cut(name, nameBreak)
	return start
}

func nameEnd(name string) string { return strings.TrimPrefix(name, nameStart(name)) }

const nameBreak = "统一"

// Quoted lists words between quotation marks that the sentence around brings.
func Quoted(ctx context.Context, names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = shown(ctx, name)
	}
	return strings.Join(all, tr(ctx, "”“"))
}

// inBrackets adds a remark to what stands before it.
func inBrackets(ctx context.Context, text string) string {
	if text == "" {
		return ""
	}
	return tr(ctx, "（%s）", text)
}

// withNext adds the page to go to after the login.
func withNext(path, next string) string {
	if next == "" {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "next=" + url.QueryEscape(next)
}

// brandName is what stands beside the seal where the system's name stands large.
func brandName(s Site) string {
	if s.Center != "" {
		return s.Center
	}
	return s.Name
}

// filer says who filed and how, in one breath.
func filer(ctx context.Context, by string, assurance Assurance) string {
	switch {
	case by == "" && assurance == "":
		return ""
	case by == "":
		return shown(ctx, assurance.Label())
	case assurance == "":
		return tr(ctx, "由 %s 提交", by)
	}
	return tr(ctx, "由 %s 提交，%s", by, shown(ctx, assurance.Label()))
}

// sheets are the style sheets of every page, in their order.
var sheets = []string{"vendor/bootstrap.min.css", "theme.css", "pages.css", "certificates.css", "records.css", "queue.css", "members.css", "rules.css", "statistics.css", "drafts.css", "print.css", "help.css", "disclosure.css", "window.css"}

// onThisPage is the address of a field that the page itself shows.
func onThisPage(field string) string { return "#f-" + field }

func editScripts(m EditModel) []string {
	// search.js brings cascade.js along: named here it would run twice, for an
	// import and a page know a module by different addresses.
	scripts := []string{"search.js", "pick.js", "count.js", "files.js", "drop.js", "unfinished.js", "preview.js"}
	if m.Row == nil {
		scripts = append(scripts, "form.js", "ca.js")
	}
	return scripts
}

// changeExample is a change that the kind often sees.
func changeExample(kind string) string {
	switch kind {
	case "基本信息":
		return "法定代表人变更、注册地址迁移"
	case "单位资质":
		return "资质升级、延续换证"
	case "执业人员":
		return "注册延续、职称变更"
	}
	return "补充材料、更正内容"
}

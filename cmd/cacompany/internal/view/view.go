// Package view draws the operator's pages. They work without scripts.
package view

//go:generate go tool templ generate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
)

// Page is what every page shows.
type Page struct {
	Title    string
	Place    string // path of the entry of the navigation, "" before login
	CSRF     string
	Notice   string // what was done
	Problem  string // why something was not done
	Faults   bool   // whether there are fault switches
	FaultsOn bool   // whether one is on
}

// Filter chooses applications.
type Filter struct {
	Status   ledger.Status
	Business protocol.Business
	Query    string // part of order number, name or code
	Before   uint64 // number of an application; 0 begins with the newest
}

// List is the page of applications.
type List struct {
	Filter Filter
	Rows   []*ledger.Application
	Counts map[ledger.Status]int
	Total  int
	Next   uint64 // Before of the next page, 0 if this is the last
}

// Detail is the page of one application.
type Detail struct {
	Application  *ledger.Application
	Certificates []*ledger.Certificate
	Subject      *ledger.Certificate // which the application is about, nil if none
	Deliveries   []*ledger.Delivery
	Outcome      *company.Outcome // to be shown once
	Reason       string           // as typed in a form that was refused
	CSR          string
}

// Deliveries is the page of callbacks.
type Deliveries struct {
	State  ledger.DeliveryState
	Rows   []*ledger.Delivery
	Counts map[ledger.DeliveryState]int
}

// Secrets is the page of secrets: how many there are, never which.
type Secrets struct {
	Incoming, Outgoing int
	File               string // where the registration system finds them
	URL, Portal        string
}

// place of an entry of the navigation.
type entry struct{ path, name string }

func (p Page) navigation() []entry {
	all := []entry{{"/desk", "申请"}, {"/desk/certificates", "证书"}, {"/desk/deliveries", "通知送达"}, {"/desk/secrets", "密钥"}}
	if p.Faults {
		all = append(all, entry{"/desk/faults", "故障开关"})
	}
	return all
}

// china is the time zone of what people read.
var china = time.FixedZone("CST", 8*60*60)

func moment(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(china).Format("2006-01-02 15:04:05")
}

func day(t time.Time) string { return t.In(china).Format("2006-01-02") }

func count(n int) string { return strconv.Itoa(n) }

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

func pickup(a protocol.Application) string {
	if a.Pickup == "mail" {
		return "邮寄：" + a.MailAddress
	}
	return "窗口领取"
}

func use(c *ledger.Certificate) string {
	if c.Use == "encryption" {
		return "加密"
	}
	return "签名"
}

func subjectType(s protocol.Subject) string {
	if s.Type == "person" {
		return "自然人"
	}
	return "单位"
}

func statusTag(s ledger.Status) string {
	switch s {
	case ledger.Issued:
		return "tag ok"
	case ledger.Supplement, ledger.Payment:
		return "tag warn"
	case ledger.Rejected, ledger.Withdrawn:
		return "tag err"
	case ledger.Received:
		return "tag new"
	default:
		return "tag info"
	}
}

func certificateTag(s ledger.CertificateState) string {
	return map[ledger.CertificateState]string{ledger.Good: "tag ok", ledger.Suspended: "tag warn", ledger.Revoked: "tag err"}[s]
}

func deliveryTag(s ledger.DeliveryState) string {
	return map[ledger.DeliveryState]string{
		ledger.Pending: "tag info", ledger.Delivered: "tag ok", ledger.Parked: "tag err", ledger.Dropped: "tag warn", ledger.Lie: "tag err",
	}[s]
}

func buttonOf(action company.Action) string {
	switch action {
	case company.Accept, company.Producing:
		return "btn btn-primary"
	case company.Reject:
		return "btn btn-bad"
	default:
		return "btn btn-sec"
	}
}

func certificateButton(action company.CertificateAction) string {
	if action == company.RevokeCertificate {
		return "btn btn-bad"
	}
	return "btn btn-sec"
}

func explain(action company.Action) string {
	return map[company.Action]string{
		company.Accept: "材料齐全，开始办理。", company.Supplement: "告诉申请人缺什么。", company.Payment: "等待申请人缴费。",
		company.Producing: "开始制作，此后申请人不能撤销。", company.Reject: "终止办理，并说明原因。",
	}[action]
}

// tab of the list of applications; the empty status is all.
func (f Filter) address(status ledger.Status) string {
	return fmt.Sprintf("/desk?status=%s&business=%s", status, f.Business)
}

func (l List) nextAddress() string {
	return fmt.Sprintf("/desk?status=%s&business=%s&before=%d", l.Filter.Status, l.Filter.Business, l.Next)
}

func current(is bool) string {
	if is {
		return "page"
	}
	return "false"
}

// shortSerial is enough of a serial to tell certificates apart.
func shortSerial(serial string) string {
	if len(serial) <= 12 {
		return serial
	}
	return serial[:6] + "…" + serial[len(serial)-6:]
}

// percentSwitch is a fault switch that takes a percentage.
type percentSwitch struct {
	name, label, hint string
	value             int
}

func percents(s faults.Switches) []percentSwitch {
	return []percentSwitch{
		{"silent_percent", "答复丢失", "写入台账后断开连接，不作答复（占消息的百分比）", s.SilentPercent},
		{"refuse_percent", "拒绝服务", "写入台账之前答复 503（占请求的百分比）", s.RefusePercent},
		{"drop_percent", "通知丢弃", "通知不发送（占通知的百分比）", s.DropPercent},
	}
}

func seconds(s faults.Switches) string { return strconv.FormatFloat(s.SlowSeconds, 'f', -1, 64) }

// joined is the text of several certificates.
func joined(all []protocol.IssuedCertificate) string {
	var b strings.Builder
	for _, c := range all {
		b.WriteString(c.PEM)
	}
	return b.String()
}

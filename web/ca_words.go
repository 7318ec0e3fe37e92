package web

import (
	"slices"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// business is what a page says of one business with the CA company.
type business struct {
	title    string // of the form
	explains []string
	warning  string
	term     bool // a number of years is chosen
	handed   bool // something is handed over
	danger   bool
	// states of a certificate in which it may be applied for; nil for a first one
	states []record.CertificateState
}

var usable = []record.CertificateState{record.CertificateValid, record.CertificateExpiring}

var businesses = map[record.Business]business{
	record.BusinessApply: {
		title: "CA办理申请", term: true, handed: true,
		explains: []string{
			"首次办理 CA 锁，或为法定代表人、经办人另办一把。",
			"提交后本页告知申请是否成功；成功后打印《数字证书申请表》，带齐资料到受理点办理。",
			"证书签发后自动绑定到当前账号，即可用 CA 锁登录，提交电子标所需的信息。",
		},
	},
	record.BusinessRenew: {
		title: "证书续期", term: true, handed: true, states: append(slices.Clone(usable), record.CertificateExpired),
		explains: []string{
			"证书到期前 30 天起请及时办理，到期后不能登录和签名。",
			"续期后启用新证书，原证书在新证书绑定后不再使用。以往的签名仍然有效。",
		},
	},
	record.BusinessReissue: {
		title: "证书补办（挂失）", handed: true,
		states:   append(slices.Clone(usable), record.CertificateSuspended),
		explains: []string{"CA 锁遗失、被盗或损坏时办理。", "CA 公司受理后先将原证书挂失，制成新证书后原证书作废，新证书自动绑定。"},
		warning:  "挂失生效后，原证书不能再登录，正在使用它的会话立即结束。",
	},
	record.BusinessChange: {
		title: "证书变更", handed: true, states: usable,
		explains: []string{"单位名称、法定代表人等信息变化，需要换发载有新信息的证书时办理。", "请先在基本信息中完成变更并生效，申请以生效的内容为准。"},
		warning:  "换发的新证书绑定后，原证书不再使用。",
	},
	record.BusinessUnlock: {
		title: "CA锁解锁", states: usable,
		explains: []string{"口令输错次数用完、CA 锁被锁定时办理。", "受理后带 CA 锁到受理点解锁并重设口令；证书不变，不需要重新绑定。"},
	},
	record.BusinessRevoke: {
		title: "证书注销", danger: true, states: append(slices.Clone(usable), record.CertificateSuspended, record.CertificateNotYet),
		explains: []string{"不再使用这张证书时办理，注销后不能恢复。", "以往用它签名的内容仍然有效，可以查验。"},
		warning:  "注销生效后证书立即失效；没有其他有效证书的，不能再开展电子标业务。",
	},
}

// possible reports whether a business may be applied for on a certificate.
func possible(b record.Business, c storage.Certificate, now time.Time) bool {
	return c.Use == storage.UseSigning && slices.Contains(businesses[b].states, c.State(now))
}

func applicationModel(v *visit, a storage.Application) view.ApplicationModel {
	m := view.ApplicationModel{
		ID: string(a.ID), Title: applicationTitle(v, a), State: applicationTag(a), Reason: a.Reason,
		Papers: a.Papers, Paper: a.Status != record.ApplicationRejected && a.Status != record.ApplicationWithdrawn,
		Resend:   a.Status == record.ApplicationFailed && !a.Withdrawing,
		Withdraw: a.ClosedAt.IsZero() && a.Status.Leads(record.ApplicationWithdrawn) && !a.Withdrawing, Withdrawing: a.Withdrawing,
		Command: string(storage.NewID()), Undo: string(storage.NewID()), Timeline: applicationTimeline(a),
	}
	for _, c := range a.Counters {
		m.Counters = append(m.Counters, view.Counter(c))
	}
	if !a.ClosedAt.IsZero() {
		m.Papers, m.Counters = nil, nil
	}
	sayStatus(a, &m)
	add := func(name, text string) {
		if text != "" {
			m.Fields = append(m.Fields, view.Fact{Name: name, Text: text})
		}
	}
	add("回执号", a.Receipt)
	add("CA 订单号", a.OrderNo)
	add("业务", a.Business.Label())
	add("证书类型", a.Kind.Label())
	if businesses[a.Business].term {
		add("有效期", v.tr("%d 年", a.Years))
	}
	if businesses[a.Business].handed {
		add("领取方式", record.PickupLabel(a.Pickup))
	}
	add("申请时间", a.AcceptedAt.In(record.Shanghai).Format("2006-01-02 15:04"))
	return m
}

// sayStatus says in human words what an application's status means.
func sayStatus(a storage.Application, m *view.ApplicationModel) {
	say := func(tone view.Tone, headline, text string) { m.Tone, m.Headline, m.Text = tone, headline, text }
	switch a.Status {
	case record.ApplicationPending:
		say(view.Info, "申请已受理，正在发送给 CA 公司", "回执号 "+a.Receipt+"。不需要重复提交，可以离开本页，结果会出现在消息里。")
		m.Waiting = !a.Withdrawing
	case record.ApplicationFailed:
		say(view.Bad, "申请没有发送成功", "申请已保存，没有丢失，系统会继续自动重发；也可以点“重新发送”立即再试。同一申请只会送达一次。"+a.Failure)
		m.Hotline = true
	case record.ApplicationSent, record.ApplicationInProgress:
		text := "CA 公司已收到申请。请打印《数字证书申请表》，带齐资料到受理点办理。"
		if !businesses[a.Business].handed {
			text = "CA 公司已收到申请，请按下面的说明办理。"
		}
		say(view.Good, "申请成功", text)
	case record.ApplicationSupplement:
		say(view.Warn, "请补正材料", "CA 公司审核后要求补正，请按说明准备材料交到受理点，补正后继续办理。")
	case record.ApplicationPayment:
		say(view.Warn, "等待支付", "材料已审核，请按 CA 公司的说明支付费用，支付后继续办理。")
	case record.ApplicationProducing:
		say(view.Info, "正在制证", "CA 公司正在制作证书，完成后会自动绑定到当前账号。")
		if !a.Business.Binds() {
			say(view.Info, "正在办理", "CA 公司正在办理"+a.Business.Label()+"，完成后会出现在消息里。")
		}
	case record.ApplicationIssued:
		if !a.Business.Binds() {
			say(view.Good, a.Business.Label()+"已办结", "CA 公司已办理完成。")
			break
		}
		say(view.Info, "证书已签发，正在绑定", "绑定完成后即可用 CA 锁登录。")
		if a.Failure != "" {
			say(view.Bad, "证书已签发，但没有绑定成功", a.Failure+"已提请工作人员处理，您不需要重新申请。")
			m.Hotline = true
		}
	case record.ApplicationBound:
		say(view.Good, "证书已签发并绑定", "现在可以用 CA 锁登录，并以证书提交信息、开展电子标业务。")
	case record.ApplicationRejected:
		say(view.Bad, "CA 公司没有受理这份申请", "申请已结束。请按说明改正后重新申请，有疑问请联系服务热线。")
		m.Hotline = true
	case record.ApplicationWithdrawn:
		say(view.Info, "申请已撤销", "CA 公司已停止办理。需要时可以重新申请。")
	}
	if a.Withdrawing {
		say(view.Info, "撤销正在办理", "已向 CA 公司发出撤销，结果以 CA 公司的答复为准，会出现在消息里。")
		m.Waiting = false
	}
}

// ahead are the stages that an application still goes through, in order.
var ahead = []struct {
	status record.ApplicationStatus
	text   string
}{
	{record.ApplicationSent, "送达 CA 公司"},
	{record.ApplicationInProgress, "到受理点提交资料，CA 公司受理"},
	{record.ApplicationProducing, "审核、支付费用后制证"},
	{record.ApplicationIssued, "CA 公司签发证书"},
	{record.ApplicationBound, "证书绑定到当前账号，可以登录"},
}

// going say what is awaited now.
var going = map[record.ApplicationStatus]string{
	record.ApplicationPending:    "正在发送给 CA 公司",
	record.ApplicationFailed:     "系统自动重新发送",
	record.ApplicationSent:       "等待 CA 公司受理，请带资料到受理点",
	record.ApplicationInProgress: "CA 公司审核",
	record.ApplicationSupplement: "等待您补正材料",
	record.ApplicationPayment:    "等待您支付费用",
	record.ApplicationProducing:  "CA 公司制作证书",
	record.ApplicationIssued:     "绑定证书",
}

// applicationTimeline is what happened, what is awaited and what comes after.
func applicationTimeline(a storage.Application) []view.Event {
	var all []view.Event
	for _, e := range a.Events {
		all = append(all, view.Event{At: e.At, Text: e.Text, Phase: view.Done})
	}
	if !a.ClosedAt.IsZero() || !a.Status.Open() {
		return all
	}
	now := going[a.Status]
	if a.Status == record.ApplicationProducing && !a.Business.Binds() {
		now = "CA 公司办理"
	}
	if a.Withdrawing {
		return append(all, view.Event{Text: "等待 CA 公司确认撤销", Phase: view.Going})
	}
	all = append(all, view.Event{Text: now, Phase: view.Going})
	from := reached(a.Status)
	for i, stage := range ahead {
		if i <= from {
			continue
		}
		if !a.Business.Binds() && (stage.status == record.ApplicationProducing || stage.status == record.ApplicationBound) {
			continue
		}
		text := stage.text
		if !a.Business.Binds() && stage.status == record.ApplicationIssued {
			text = "CA 公司办理完成"
		}
		all = append(all, view.Event{Text: text, Phase: view.Ahead})
	}
	return all
}

// reached is the last stage of ahead that the awaited step itself stands for.
func reached(s record.ApplicationStatus) int {
	switch s {
	case record.ApplicationPending, record.ApplicationFailed:
		return 0
	case record.ApplicationSent:
		return 1
	case record.ApplicationInProgress, record.ApplicationSupplement, record.ApplicationPayment:
		return 1
	case record.ApplicationProducing:
		return 2
	default:
		return 4
	}
}

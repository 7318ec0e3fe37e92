package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// AddressJudge says in words why a subscriber cannot be called at an address, ""
// if it can.
type AddressJudge interface {
	AddressProblem(address string) string
}

// deliveriesShown is how many of the latest messages a subscriber's page shows.
const deliveriesShown = 100

func subscriberPath(id record.ID) string { return "/staff/interfaces/subscribers/" + string(id) }

// subscriberRow is a subscriber as lists show it.
func subscriberRow(v *visit, s storage.Subscriber) view.SubscriberRow {
	row := view.SubscriberRow{ID: string(s.ID), Name: s.Name, URL: s.URL, Delivered: s.DeliveredAt, Waiting: s.Waiting}
	switch {
	case s.State == storage.SubscriberPaused:
		row.State = view.Tag{Text: "已暂停"}
	case s.State == storage.SubscriberSuspended:
		row.State = view.Tag{Text: "系统已暂停", Tone: view.Bad}
		row.Note = v.tr("系统已停止推送：%s。", v.shown(s.Cause.Label()))
	case s.Failures > 0:
		row.State = view.Tag{Text: "未送达，重试中", Tone: view.Warn}
		row.Note = v.tr("连续 %d 次未送达，持续三天后系统停止推送。", s.Failures)
	default:
		row.State = view.Tag{Text: "推送中", Tone: view.Good}
	}
	return row
}

// readSubscriber reads a posted form.
func readSubscriber(values url.Values) storage.NewSubscriber {
	n := storage.NewSubscriber{Name: form.Clean(values.Get("name")), URL: strings.TrimSpace(values.Get("url"))}
	for _, t := range values["types"] {
		n.Types = append(n.Types, record.ChangeType(t))
	}
	return n
}

// subscriberForm is the form with what is kept or was typed.
func subscriberForm(action string, n storage.NewSubscriber) view.SubscriberForm {
	f := view.SubscriberForm{Action: action, Name: n.Name, URL: n.URL}
	for _, t := range record.ChangeTypes() {
		f.Types = append(f.Types, view.ScopeChoice{Option: view.Option{Value: string(t), Label: t.Label()}, On: slices.Contains(n.Types, t)})
	}
	return f
}

var subscriberLabels = map[string]string{"name": "名称", "url": "接收地址", "types": "通知哪些变更"}

// subscriberProblems are what is wrong with what was typed.
func (s *Server) subscriberProblems(n storage.NewSubscriber) []form.Problem {
	field, problem := n.Problem()
	if problem == "" {
		field, problem = "url", "本系统没有开通推送"
		if s.Subscribers != nil {
			problem = s.Subscribers.AddressProblem(n.URL)
		}
	}
	if problem == "" {
		return nil
	}
	return []form.Problem{{Field: field, Label: subscriberLabels[field], Message: problem}}
}

func showNewSubscriber(_ *Server, v *visit) error {
	f := subscriberForm("/staff/interfaces/subscribers", storage.NewSubscriber{Types: record.ChangeTypes()})
	return v.render(http.StatusOK, view.NewSubscriberPage(v.page("新增订阅方"), f))
}

// addSubscriber adds a subscriber. The page that answers shows its secret; it is
// shown nowhere else.
func addSubscriber(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	typed := readSubscriber(values)
	again := func(status int, problems []form.Problem) error {
		f := subscriberForm("/staff/interfaces/subscribers", typed)
		f.Problems = problems
		return v.render(status, view.NewSubscriberPage(v.page("新增订阅方"), f))
	}
	if problems := s.subscriberProblems(typed); len(problems) > 0 {
		return again(http.StatusUnprocessableEntity, problems)
	}
	id, secret, err := s.Store.AddSubscriber(v.ctx, v.actor(), typed)
	if code := record.CodeOf(err); code == record.Taken || code == record.Conflict {
		return again(statuses[code], []form.Problem{{Field: "url", Label: "接收地址", Message: messageOf(err)}})
	}
	if err != nil {
		return err
	}
	v.audit("subscriber added", slog.String("staff", v.staffID()), slog.String("subscriber", string(id)))
	return s.renderSubscriber(v, id, http.StatusOK, subscriberPage{secret: secret, welcome: true})
}

// subscriberPage is what a subscriber's page shows beside what is kept.
type subscriberPage struct {
	typed    *storage.NewSubscriber // nil: what is kept
	problems []form.Problem
	secret   string // drawn just now
	welcome  bool
}

func showSubscriber(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return s.renderSubscriber(v, id, http.StatusOK, subscriberPage{})
}

func (s *Server) renderSubscriber(v *visit, id record.ID, status int, shown subscriberPage) error {
	one, err := s.Store.Subscriber(v.ctx, id)
	if err != nil {
		return err
	}
	deliveries, err := s.Store.Deliveries(v.ctx, id, deliveriesShown)
	if err != nil {
		return err
	}
	typed := storage.NewSubscriber{Name: one.Name, URL: one.URL, Types: one.Types}
	if shown.typed != nil {
		typed = *shown.typed
	}
	m := view.SubscriberModel{
		Row: subscriberRow(v, one), Form: subscriberForm(subscriberPath(id), typed), Active: one.State == storage.SubscriberActive,
		Secret: shown.secret, Welcome: shown.welcome, Added: one.CreatedAt, FormerUntil: one.FormerUntil, Shown: deliveriesShown,
	}
	m.Form.Problems = shown.problems
	if one.Waiting > 0 {
		m.Oldest = one.OldestAt
	}
	if m.Active && one.Failures > 0 {
		m.NextAt = one.NextAt
	}
	for _, d := range deliveries {
		m.Deliveries = append(m.Deliveries, deliveryRow(d))
	}
	return v.render(status, view.SubscriberPage(v.page(v.tr("订阅方：%s", one.Name)), m))
}

// deliveryRow is a message in words.
func deliveryRow(d storage.Delivery) view.DeliveryRow {
	row := view.DeliveryRow{
		ID: string(d.ID), What: d.Type.Label(), Kind: d.Kind.Label(), Code: d.Code, At: d.FirstAt, Status: d.Status, Attempts: d.Attempts,
		Note: d.Failure.Label(), CanResend: !d.Asked && d.Attempts > 0,
	}
	if d.Type == "" {
		row.What = "测试消息"
	}
	if d.Subject != "" {
		row.SubjectHref = staffSubjectPath(d.Subject)
	}
	switch {
	case d.Asked:
		row.State = view.Tag{Text: "等待发送", Tone: view.Info}
	case d.DeliveredAt.IsZero():
		row.State = view.Tag{Text: "未送达", Tone: view.Bad}
	default:
		row.State = view.Tag{Text: "已送达", Tone: view.Good}
	}
	return row
}

// changeSubscriber gives a subscriber another name, address or choice of changes.
func changeSubscriber(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	typed := readSubscriber(values)
	if problems := s.subscriberProblems(typed); len(problems) > 0 {
		return s.renderSubscriber(v, id, http.StatusUnprocessableEntity, subscriberPage{typed: &typed, problems: problems})
	}
	err = s.Store.ChangeSubscriber(v.ctx, v.actor(), id, typed)
	if record.CodeOf(err) == record.Taken {
		problems := []form.Problem{{Field: "url", Label: "接收地址", Message: messageOf(err)}}
		return s.renderSubscriber(v, id, http.StatusConflict, subscriberPage{typed: &typed, problems: problems})
	}
	if err != nil {
		return err
	}
	v.audit("subscriber changed", slog.String("staff", v.staffID()), slog.String("subscriber", string(id)))
	v.flash(view.Good, "已保存，立即生效。")
	return v.see(subscriberPath(id))
}

// onSubscriber makes a handler of something that is done to a subscriber. What can
// no longer be done, since a colleague was faster, is said over the page as it
// stands.
func onSubscriber(event, said string, change func(s *Server, v *visit, id record.ID) error) func(*Server, *visit) error {
	return func(s *Server, v *visit) error {
		id, err := v.id()
		if err != nil {
			return err
		}
		if _, err := s.Store.Subscriber(v.ctx, id); err != nil {
			return err
		}
		err = change(s, v, id)
		if record.CodeOf(err) == record.Conflict {
			v.flash(view.Warn, messageOf(err)+"。")
			return v.see(subscriberPath(id))
		}
		if err != nil {
			return err
		}
		v.audit(event, slog.String("staff", v.staffID()), slog.String("subscriber", string(id)))
		v.flash(view.Good, said)
		return v.see(subscriberPath(id))
	}
}

var (
	pauseSubscriber = onSubscriber("subscriber paused", "已暂停推送，变更保留，恢复后继续。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.PauseSubscriber(v.ctx, v.actor(), id)
	})
	resumeSubscriber = onSubscriber("subscriber resumed", "已恢复推送，从停下的地方继续。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.ResumeSubscriber(v.ctx, v.actor(), id)
	})
	retireSecret = onSubscriber("subscriber secret retired", "旧密钥已停用，消息只用新密钥签名。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.RetireSecret(v.ctx, v.actor(), id)
	})
	testSubscriber = onSubscriber("test message asked", "测试消息即将发出，刷新后在下面查看结果。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.AskTest(v.ctx, v.actor(), id)
	})
	resendDelivery = onSubscriber("message asked again", "即将重新发送，刷新后在下面查看结果。", func(s *Server, v *visit, id record.ID) error {
		delivery, err := v.idOf("delivery")
		if err != nil {
			return err
		}
		return s.Store.AskAgain(v.ctx, v.actor(), id, delivery)
	})
)

// exchangeSecret draws another secret. The page that answers shows it; it is shown
// nowhere else.
func exchangeSecret(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := s.Store.Subscriber(v.ctx, id); err != nil {
		return err
	}
	secret, err := s.Store.ExchangeSecret(v.ctx, v.actor(), id)
	if record.CodeOf(err) == record.Conflict {
		v.flash(view.Warn, messageOf(err)+"。")
		return v.see(subscriberPath(id))
	}
	if err != nil {
		return err
	}
	v.audit("subscriber secret exchanged", slog.String("staff", v.staffID()), slog.String("subscriber", string(id)))
	return s.renderSubscriber(v, id, http.StatusOK, subscriberPage{secret: secret})
}

// removeSubscriber ends a subscription for good.
func removeSubscriber(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.RemoveSubscriber(v.ctx, v.actor(), id); err != nil {
		return err
	}
	v.audit("subscriber removed", slog.String("staff", v.staffID()), slog.String("subscriber", string(id)))
	v.flash(view.Good, "订阅方已移除，不再向它发送消息。")
	return v.see("/staff/interfaces")
}

// suspendedNotice tells supervisors at the queue of subscribers that the system no
// longer calls; nil where there is none, and for who is no supervisor.
func (s *Server) suspendedNotice(v *visit) (*view.Notice, error) {
	if v.staff.Role != record.Supervisor {
		return nil, nil //nolint:nilnil // nothing to tell is the ordinary case
	}
	n, err := s.Store.SuspendedSubscribers(v.ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return &view.Notice{
		Tone: view.Warn, Title: "有订阅方收不到通知", Link: "/staff/interfaces", LinkText: "查看并处理",
		Text: v.tr("%d 个订阅方长时间未送达，系统已停止推送。", n),
	}, nil
}

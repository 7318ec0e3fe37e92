package web

import (
	"net/http"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// showReceipt tells what has become of an accepted command.
func (s *Server) showReceipt(v *visit) error {
	number := v.Params("number")
	if record.ReceiptProblem(number) != "" {
		return errNoPage
	}
	status, err := s.Store.CommandByReceipt(v.ctx, v.subject.ID, number)
	if err != nil {
		return err
	}
	p, err := v.portal(v.tr("回执 %s", number))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.ReceiptPage(p, receiptModel(v.subject, status)))
}

func receiptModel(subject record.Subject, c storage.CommandStatus) view.ReceiptModel {
	m := view.ReceiptModel{
		Number: c.Receipt.Number, Move: c.Move.Label(), Subject: subject.Name, Record: c.Kind.Label(),
		RecordHref: "/records/" + string(c.Record), AcceptedAt: c.Receipt.AcceptedAt, State: view.ReceiptProcessing,
		Content: c.Move == record.Submit,
	}
	if c.Move == storage.MoveRegister {
		m.Move, m.Record, m.RecordHref = "注册", "注册信息", "/profile"
	}
	if storage.CAMove(c.Move) {
		m.Move, m.Record, m.RecordHref = caMoves[c.Move], "CA 申请", applicationPath(c.Record)
	}
	if !c.Done {
		return m
	}
	if !c.Outcome.Applied {
		m.State, m.Reason, m.Next = view.ReceiptRefused, c.Outcome.Refusal.Explain(), "请打开该项查看最新状态，核对后重新办理。"
		return m
	}
	m.State = view.ReceiptApplied
	switch {
	case c.Move == storage.MoveRegister:
		m.Next = "请填写并提交基本信息。"
		return m
	case storage.CAMove(c.Move):
		m.Next = "办理进度在 CA 申请的页面中查看。"
		return m
	}
	m.Result = c.Outcome.State.Label()
	switch c.Outcome.State.Filing {
	case record.UnderReview, record.SecondReview:
		m.Next = "审核结果会出现在消息里，进度可在该项的办理记录中查看。"
	case record.Returned, record.NothingFiled:
	}
	return m
}

// caMoves name the commands on applications to the CA company.
var caMoves = map[record.Move]string{
	storage.MoveCAApply: "申请", storage.MoveCAResend: "重新发送", storage.MoveCAWithdraw: "撤销",
}

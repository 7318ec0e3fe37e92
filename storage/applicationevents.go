package storage

import (
	"context"
	"fmt"

	"unireg/record"
)

// applicationEvents tells an application's life, oldest first. What the CA
// company wrote comes out of the inbox: events hold no free text.
func (s *Store) applicationEvents(ctx context.Context, row *applicationRow) ([]ApplicationEvent, error) {
	var rows []eventRow
	err := s.db.NewSelect().Model(&rows).Where("chain = ?", row.Subject).Where("record = ?", row.ID).Order("no").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read events of application: %w", err)
	}
	reasons, err := s.callbackReasons(ctx, row)
	if err != nil {
		return nil, err
	}
	events := make([]ApplicationEvent, 0, len(rows))
	for i := range rows {
		e := &rows[i]
		text := func(key string) string { v, _ := e.Data[key].(string); return v }
		sequence, _ := e.Data["sequence"].(float64)
		told := ApplicationEvent{At: e.At, Type: e.Type, Text: applicationText(row.Business, e.Type, text)}
		if _, stepped := e.Data["from"]; stepped || e.Type == string(MoveCAApply) {
			told.Status = record.ApplicationStatus(text("status"))
			if reason := reasons[int(sequence)]; reason != "" {
				told.Text += "：" + reason
			}
			if e.Type == topicCA+string(record.ApplicationRejected) && sequence == 0 && row.Reason != "" {
				told.Text += "：" + row.Reason
			}
		}
		events = append(events, told)
	}
	return events, nil
}

// callbackReasons are the reasons that came with the events that took effect, by
// their numbers.
func (s *Store) callbackReasons(ctx context.Context, row *applicationRow) (map[int]string, error) {
	var inbox []callbackRow
	err := s.db.NewSelect().Model(&inbox).Where("application = ?", row.ID).Where("outcome = ?", callbackApplied).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read callbacks: %w", err)
	}
	reasons := map[int]string{}
	for i := range inbox {
		body, err := s.unsealDocument(ctx, s.db, row.Subject, record.ID(inbox[i].ID), callbackPurpose, inbox[i].Sealed)
		if err != nil {
			return nil, err
		}
		e, err := record.ParseCAEvent(body)
		if err != nil {
			return nil, fmt.Errorf("read callback %s: %w", inbox[i].ID, err)
		}
		reasons[inbox[i].Sequence] = e.Reason
	}
	return reasons, nil
}

// applicationTexts say what the events are about for which the status says too
// little.
var applicationTexts = map[string]string{
	string(MoveCAApply):                            "提交申请",
	string(MoveCAResend):                           "重新发送",
	string(MoveCAWithdraw):                         "申请人撤销",
	eventCASilent:                                  "CA 公司超过时限没有答复，已提请工作人员督办",
	eventCAUnknown:                                 "CA 公司的系统中没有找到该申请，已提请工作人员处理",
	topicCA + string(record.ApplicationSent):       "已送达 CA 公司",
	topicCA + string(record.ApplicationInProgress): "CA 公司已受理",
	topicCA + string(record.ApplicationSupplement): "CA 公司要求补正材料",
	topicCA + string(record.ApplicationPayment):    "等待支付费用",
	topicCA + string(record.ApplicationBound):      "证书已绑定，可用于登录",
	topicCA + string(record.ApplicationRejected):   "CA 公司拒绝了申请",
	topicCA + string(record.ApplicationWithdrawn):  "申请已撤销",
}

func applicationText(b record.Business, kind string, data func(string) string) string {
	switch kind {
	case topicCA + string(record.ApplicationIssued):
		return record.ApplicationIssued.LabelFor(b)
	case topicCA + string(record.ApplicationProducing):
		if b.Binds() {
			return "正在制作证书"
		}
		return "CA 公司正在办理"
	case topicCA + string(record.ApplicationFailed):
		return "发送失败：" + failureText(data("failure"))
	case EventCertificateBound:
		if data("use") == UseEncryption {
			return "加密证书已绑定到本主体"
		}
		return "签名证书已绑定到本主体"
	case eventCAUnbound:
		return failureText(failureCertificate + data("failure"))
	case eventCAIllegal:
		return "CA 公司发来的状态「" + record.ApplicationStatus(data("to")).Label() + "」与当前进度不符，未采用"
	case eventCALate:
		return "申请办结后收到 CA 公司的状态「" + record.ApplicationStatus(data("to")).Label() + "」，仅作记录"
	case EventRefused:
		return "撤销未成功：证书已在制作或申请已办结"
	}
	if text, ok := applicationTexts[kind]; ok {
		return text
	}
	return kind
}

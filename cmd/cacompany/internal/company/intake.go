package company

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
)

// Message is a signed message that came in.
type Message struct {
	ID   string // the webhook-id
	Key  string // the Idempotency-Key
	Body []byte
}

// Reply is what is said to a message: one of its three parts.
type Reply struct {
	Status     int
	Acceptance *protocol.Acceptance
	State      *protocol.ApplicationState
	Problem    *protocol.Problem
}

func refused(r *Refusal) Reply { return Reply{Status: r.Status, Problem: r.Problem()} }

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

var (
	errMessageReused = &Refusal{http.StatusConflict, "message_reused", "同一消息编号曾用于另一份内容。"}
	errKeyReused     = &Refusal{http.StatusConflict, "key_reused", "同一幂等键曾用于另一份内容。"}
	errKnown         = &Refusal{http.StatusConflict, "reference_known", "同一申请编号曾用于另一份内容。"}
)

// Take takes an application in. The ledger has it on disk before the reply is
// returned; the same message again gets the same reply, with status 200.
func (c *Company) Take(m Message, at time.Time) (reply Reply, err error) {
	err = c.update("take an application in", func(tx *ledger.Tx) error {
		reply, err = c.once(tx, "apply", m, func() (Reply, error) { return c.take(tx, m, at) })
		return err
	})
	return reply, err
}

// once runs act for a message that has not come before, and otherwise says again
// what was said.
func (c *Company) once(tx *ledger.Tx, operation string, m Message, act func() (Reply, error)) (Reply, error) {
	sum := digest(m.Body)
	fresh, err := tx.Message(m.ID, operation+" "+sum)
	if err != nil {
		return Reply{}, err
	}
	if !fresh {
		return refused(errMessageReused), nil
	}
	said, err := tx.Answer(operation + " " + m.Key)
	if err == nil {
		return c.again(tx, said, sum, m)
	}
	if !errors.Is(err, ledger.ErrUnknown) {
		return Reply{}, err
	}
	reply, err := act()
	if r := refusal(err); r != nil {
		reply = refused(r)
	} else if err != nil {
		return Reply{}, err
	}
	answer := ledger.Answer{Digest: sum, Status: http.StatusOK, Problem: reply.Problem, Acceptance: reply.Acceptance}
	if reply.Problem != nil {
		answer.Status = reply.Status
	}
	return reply, tx.Remember(operation+" "+m.Key, answer)
}

// again is the reply to a message under a key that was used before.
func (c *Company) again(tx *ledger.Tx, said ledger.Answer, sum string, m Message) (Reply, error) {
	if said.Digest != sum {
		return refused(errKeyReused), nil
	}
	if said.Problem != nil || said.Acceptance != nil {
		return Reply{Status: said.Status, Problem: said.Problem, Acceptance: said.Acceptance}, nil
	}
	withdrawal, err := protocol.ParseWithdrawal(m.Body)
	if err != nil {
		return Reply{}, err
	}
	a, err := tx.Application(withdrawal.Reference)
	if err != nil {
		return Reply{}, err
	}
	state := a.State()
	return Reply{Status: said.Status, State: &state}, nil
}

func (c *Company) take(tx *ledger.Tx, m Message, at time.Time) (Reply, error) {
	request, err := protocol.ParseApplication(m.Body)
	if err != nil {
		return Reply{}, &Refusal{http.StatusUnprocessableEntity, "malformed", "申请内容不符合接口约定。"}
	}
	known, err := tx.Application(request.Reference)
	if err == nil {
		if known.Digest != digest(m.Body) {
			return Reply{}, errKnown
		}
		return Reply{Status: http.StatusOK, Acceptance: acceptance(known)}, nil
	}
	if !errors.Is(err, ledger.ErrUnknown) {
		return Reply{}, err
	}
	if err := admit(tx, request, at); err != nil {
		return Reply{}, err
	}
	a := &ledger.Application{ReceivedAt: at, Digest: digest(m.Body), Request: request, Status: ledger.Received}
	if err := tx.Add(a, func(number uint64) string {
		return fmt.Sprintf("CA%s%06d", at.In(china).Format("20060102"), number)
	}); err != nil {
		return Reply{}, err
	}
	return Reply{Status: http.StatusCreated, Acceptance: acceptance(a)}, nil
}

// china is the time zone of order numbers and pages.
var china = time.FixedZone("CST", 8*60*60)

// admit applies the rules of the business.
func admit(tx *ledger.Tx, request protocol.Application, at time.Time) error {
	if tx.OpenApplication(request.Subject.Code, request.Kind, request.Business) != "" {
		return refuse("open_application", "该主体已有一件同类业务正在办理，请等待办结后再申请。")
	}
	if request.Business == protocol.Apply {
		return nil
	}
	if request.Certificate == nil {
		return refuse("certificate_required", "办理此业务须指明证书。")
	}
	certificate, err := tx.Certificate(request.Certificate.Serial)
	if errors.Is(err, ledger.ErrUnknown) || err == nil && certificate.Issuer != request.Certificate.Issuer {
		return refuse("unknown_certificate", "本公司没有签发过这张证书，请核对后重新申请。")
	}
	if err != nil {
		return err
	}
	switch {
	case certificate.Code != request.Subject.Code || certificate.Kind != request.Kind:
		return refuse("foreign_certificate", "这张证书不属于该主体，或者证书类型不符。")
	case certificate.State == ledger.Revoked && request.Business != protocol.Reissue:
		return refuse("certificate_revoked", "这张证书已经吊销，请申请新证书。")
	case !at.Before(certificate.NotAfter) && (request.Business == protocol.Unlock || request.Business == protocol.Revoke):
		return refuse("certificate_expired", "这张证书已经过期，无须办理此业务。")
	}
	return nil
}

func refuse(code, detail string) *Refusal {
	return &Refusal{http.StatusUnprocessableEntity, code, detail}
}

// acceptance answers an application that is in the ledger.
func acceptance(a *ledger.Application) *protocol.Acceptance {
	return &protocol.Acceptance{
		Reference: a.Reference(), OrderNo: a.OrderNo, Papers: papers(a.Request),
		Counters: []protocol.Counter{
			{Name: "长沙受理点", Address: "湖南省长沙市雨花区万家丽南路二段29号公共资源交易中心一楼", Hours: "工作日 9:00–12:00，13:30–17:00", Phone: "0731-82210013"},
			{Name: "株洲受理点", Address: "湖南省株洲市天元区黄河北路231号政务服务中心二楼", Hours: "工作日 9:00–12:00，13:30–17:00", Phone: "0731-82210016"},
		},
	}
}

// papers lists what is to be brought for a business.
func papers(request protocol.Application) []string {
	all := []string{"数字证书申请表（加盖公章）", "营业执照副本复印件（加盖公章）", "法定代表人身份证复印件", "经办人身份证原件及复印件"}
	if request.Subject.Type == "person" {
		all = []string{"数字证书申请表（本人签名）", "身份证件原件及复印件"}
	}
	if request.Business == protocol.Reissue {
		all = append(all, "遗失声明")
	} else if request.Business != protocol.Apply {
		all = append(all, "原 UKey")
	}
	return all
}

// Withdraw takes an application back for its applicant.
func (c *Company) Withdraw(reference string, m Message, at time.Time) (reply Reply, err error) {
	err = c.update("withdraw an application", func(tx *ledger.Tx) error {
		reply, err = c.once(tx, "withdraw "+reference, m, func() (Reply, error) { return withdraw(tx, reference, m, at) })
		return err
	})
	return reply, err
}

func withdraw(tx *ledger.Tx, reference string, m Message, at time.Time) (Reply, error) {
	request, err := protocol.ParseWithdrawal(m.Body)
	if err != nil || request.Reference != reference {
		return Reply{}, refuse("malformed", "撤销请求不符合接口约定。")
	}
	a, err := tx.Application(reference)
	if errors.Is(err, ledger.ErrUnknown) {
		return Reply{}, errNotFound
	}
	if err != nil {
		return Reply{}, err
	}
	if a.Status != ledger.Withdrawn {
		if !a.Status.May(ledger.Withdrawn) {
			return Reply{}, refuse("too_late", "该申请"+a.Status.Chinese()+"，不能再撤销。")
		}
		if err := happen(tx, a, protocol.Event{Type: protocol.Withdrawn}, at); err != nil {
			return Reply{}, err
		}
	}
	state := a.State()
	return Reply{Status: http.StatusOK, State: &state}, nil
}

var errNotFound = &Refusal{http.StatusNotFound, "not_found", "没有这件申请。"}

// State returns where an application stands; a Refusal if there is none.
func (c *Company) State(reference string) (state protocol.ApplicationState, err error) {
	err = c.store.View(func(tx *ledger.Tx) error {
		a, err := tx.Application(reference)
		if errors.Is(err, ledger.ErrUnknown) {
			return errNotFound
		}
		if err != nil {
			return err
		}
		state = a.State()
		return nil
	})
	return state, err
}

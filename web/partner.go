package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"unireg/partner"
	contract "unireg/partner/wire"
	"unireg/record"
	"unireg/storage"
)

// CallbackBell wakes the workflow of an application for which the inbox holds
// something. A ring that fails loses nothing: the relay rings again.
type CallbackBell interface {
	Called(ctx context.Context, id record.ID) error
}

const (
	// maxCallback bounds the body of a callback, in bytes.
	maxCallback = 256 << 10
	// callWait is how long the CA company waits at most for our workflow to be
	// woken, after its message was written down.
	callWait = 2 * time.Second

	// partnerCalls and partnerRefusals bound what one address may ask in a minute,
	// and how often it may fail to prove who it is.
	partnerCalls    = 3000
	partnerRefusals = 60
)

// fault is an error for another system: its code names the reason for programs.
type fault struct {
	status int
	code   string
	text   string
}

func (f *fault) Error() string { return "refused: " + f.code }

// admitPartner lets another system in: within its limits, by the key or the
// signature that the route demands.
func (v *visit) admitPartner() error {
	if err := v.throttlePartner("calls", partnerCalls); err != nil {
		return err
	}
	var err error
	if v.route.signed {
		err = v.checkSignature()
	} else {
		err = v.checkKey()
	}
	var refused *fault
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
		if limit := v.throttlePartner("refusals", partnerRefusals); limit != nil {
			return limit
		}
	}
	return err
}

func (v *visit) throttlePartner(what string, limit int) error {
	allowed, after, err := v.s.Store.Hit(v.ctx, "partner/"+what+"/"+v.from, time.Minute, limit)
	if err != nil || allowed {
		return err
	}
	v.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(after.Seconds())+1))
	return &fault{http.StatusTooManyRequests, "too_many", "请求过于频繁，请稍后再试"}
}

// checkSignature verifies the raw body before anything of it is read.
func (v *visit) checkSignature() error {
	body, err := v.readBody(maxCallback)
	if err != nil {
		return err
	}
	v.signed = body
	header := http.Header{}
	for _, name := range []string{partner.HeaderID, partner.HeaderTimestamp, partner.HeaderSignature} {
		header.Set(name, v.Get(name))
	}
	if v.s.Callbacks == nil {
		return &fault{http.StatusUnauthorized, "unconfigured", "尚未设置验证签名的密钥"}
	}
	switch err := v.s.Callbacks.Verify(header, body, time.Now()); {
	case errors.Is(err, partner.ErrHeaders):
		return &fault{http.StatusUnauthorized, "webhook_headers", "缺少 webhook-id、webhook-timestamp 或 webhook-signature，或格式不正确"}
	case errors.Is(err, partner.ErrTimestamp):
		return &fault{http.StatusUnauthorized, "webhook_timestamp", "webhook-timestamp 与当前时间相差超过五分钟"}
	case err != nil:
		return &fault{http.StatusUnauthorized, "webhook_signature", "签名不正确"}
	}
	v.genuine = true
	return nil
}

// checkKey verifies the bearer key and that it has the route's scope.
func (v *visit) checkKey() error {
	text, ok := strings.CutPrefix(v.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok {
		v.Set(fiber.HeaderWWWAuthenticate, "Bearer")
		return &fault{http.StatusUnauthorized, "key_missing", "请在 Authorization 中提供接口密钥"}
	}
	key, err := v.s.Store.APIKeyOf(v.ctx, text)
	if record.CodeOf(err) == record.Unauthorized {
		v.Set(fiber.HeaderWWWAuthenticate, `Bearer error="invalid_token"`)
		return &fault{http.StatusUnauthorized, "key_invalid", messageOf(err)}
	}
	if err != nil {
		return err
	}
	if !key.May(v.route.scope) {
		return &fault{http.StatusForbidden, "scope", "接口密钥没有权限 " + string(v.route.scope)}
	}
	return nil
}

// takeCallback writes down what the CA company calls back and wakes the
// application's workflow. 204 means that it is written down, whether the
// workflow engine is there or not.
func (s *Server) takeCallback(v *visit) error {
	taken, err := s.Store.TakeCallback(v.ctx, storage.Callback{ID: v.Get(partner.HeaderID), Body: v.signed})
	switch record.CodeOf(err) {
	case record.Invalid:
		return &fault{http.StatusBadRequest, "malformed", messageOf(err)}
	case record.NotFound:
		return &fault{http.StatusNotFound, "unknown_reference", "没有这个编号的申请"}
	case record.Conflict:
		v.auditAt(slog.LevelError, "a callback came under the id of another one")
		return &fault{http.StatusConflict, "id_reused", messageOf(err)}
	default:
	}
	if err != nil {
		return err
	}
	if taken.Application != "" && !taken.Known && s.CallbackBell != nil {
		ctx, cancel := context.WithTimeout(v.ctx, callWait)
		defer cancel()
		if err := s.CallbackBell.Called(ctx, taken.Application); err != nil {
			v.log.Warn("the workflow of an application was not woken; the relay rings again",
				"application", taken.Application, "error", err)
		}
	}
	return v.SendStatus(http.StatusNoContent)
}

// tellApplication says where we believe an application stands.
func (s *Server) tellApplication(v *visit) error {
	reference, err := uuid.Parse(v.Params("reference"))
	if err != nil || !storage.ValidID(v.Params("reference")) {
		return &fault{http.StatusNotFound, "unknown_reference", "没有这个编号的申请"}
	}
	status, err := s.Store.ApplicationStatusOf(v.ctx, record.ID(reference.String()))
	if record.CodeOf(err) == record.NotFound {
		return &fault{http.StatusNotFound, "unknown_reference", "没有这个编号的申请"}
	}
	if err != nil {
		return err
	}
	answer := contract.ApplicationStatus{
		Reference: reference, Status: contract.ApplicationStatusStatus(status.Status), LastSequence: &status.LastSequence,
	}
	if status.OrderNo != "" {
		answer.OrderNo = &status.OrderNo
	}
	return v.json(http.StatusOK, answer)
}

// sendContract gives out the contract of the interface.
func (s *Server) sendContract(v *visit) error {
	v.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	return v.Send(partner.Contract)
}

// serveProblem tells another system what went wrong, after RFC 9457.
func (s *Server) serveProblem(v *visit, err error) error {
	t := troubleOf(err)
	if f, ok := errors.AsType[*fault](err); ok {
		t = trouble{status: f.status, code: f.code, text: f.text}
	}
	v.logTrouble(t, err)
	problem := contract.Problem{Title: http.StatusText(t.status), Status: t.status, Code: &t.code}
	if t.internal {
		t.text = "系统暂时出错，参考编号 " + v.reference
	}
	if t.text != "" {
		problem.Detail = &t.text
	}
	if err := v.json(t.status, problem); err != nil {
		return err
	}
	v.Set(fiber.HeaderContentType, "application/problem+json")
	return nil
}

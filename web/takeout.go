package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// ExportRinger starts the workflow of an export. What it does not start is started
// by the worker.
type ExportRinger interface {
	StartExport(ctx context.Context, id record.ID) (started bool, err error)
}

const (
	// listedTakeouts is how many exports a page lists.
	listedTakeouts = 10
	// freshKey is for how long a login by certificate stands for a password that is
	// typed again.
	freshKey = 15 * time.Minute
)

// keyIsFresh tells that a key logged in a moment ago.
func (v *visit) keyIsFresh() bool { return v.byKey() && time.Since(v.session.CreatedAt) < freshKey }

// showTakeout is 数据导出: what was asked for, and the form that asks again.
func (s *Server) showTakeout(v *visit) error {
	return s.drawTakeout(v, http.StatusOK, nil)
}

func (s *Server) drawTakeout(v *visit, status int, problems []form.Problem) error {
	all, err := s.Store.Exports(v.ctx, v.subject.ID, v.account, listedTakeouts)
	if err != nil {
		return err
	}
	m := view.TakeoutModel{
		ByKey: v.keyIsFresh(), Stale: v.byKey() && !v.keyIsFresh(), Account: v.subject.Name, Problems: problems,
		ADay: storage.ExportsADay, Days: int(storage.ExportAge / (24 * time.Hour)), Minutes: int(freshKey / time.Minute),
	}
	for i, e := range all {
		shown := view.Takeout{
			ID: string(e.ID), State: view.TakeoutState(e.State), Retried: e.Attempts > 1, At: e.RequestedAt, AsOf: e.AsOf, ExpiresAt: e.ExpiresAt,
			Size: e.Size, SHA256: e.SHA256,
		}
		if i == 0 {
			m.Latest = &shown
		} else {
			m.Earlier = append(m.Earlier, shown)
		}
	}
	p, err := v.portal("数据导出")
	if err != nil {
		return err
	}
	return v.render(status, view.TakeoutPage(p, m))
}

// requestTakeout has all that is kept of the subject packed. It is all that it is,
// so that a session that was left open is not enough: the password is asked for
// again, unless a key has just logged in.
func (s *Server) requestTakeout(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	if !v.keyIsFresh() {
		problems, err := v.proveAgain(fields.Get("current_password"))
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return s.drawTakeout(v, http.StatusUnprocessableEntity, problems)
		}
	}
	export, err := s.Store.RequestExport(v.ctx, v.actor(), v.subject.ID)
	switch code := record.CodeOf(err); {
	case code == record.TooMany || code == record.Conflict:
		v.flash(view.Warn, messageOf(err))
		return v.see("/account/export")
	case err != nil:
		return err
	}
	v.audit("export requested", slog.String("account", string(v.account)), slog.String("export", string(export.ID)))
	if s.Exports != nil && export.State == storage.ExportBuilding {
		ctx, cancel := context.WithTimeout(v.ctx, s.RingWait)
		defer cancel()
		if _, err := s.Exports.StartExport(ctx, export.ID); err != nil {
			v.log.WarnContext(v.ctx, "export is left to the worker", "export", string(export.ID), "error", err)
		}
	}
	return v.see("/account/export")
}

// proveAgain asks for the account's password a second time. Guesses are counted
// with those at a change of the password.
func (v *visit) proveAgain(password string) ([]form.Problem, error) {
	allowed, after, err := v.s.Store.Hit(v.ctx, "password/"+string(v.account), 15*time.Minute, passwordTries)
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, v.tooMany(after)
	}
	problem := form.Problem{Field: "current_password", Label: "登录密码", Message: "请填写登录密码"}
	if strings.TrimSpace(password) == "" {
		return []form.Problem{problem}, nil
	}
	ok, _, err := access.Verify(v.ctx, password, v.session.Account.Password)
	if err != nil || ok {
		return nil, err
	}
	problem.Message = "登录密码不正确"
	return []form.Problem{problem}, nil
}

// sendTakeout streams an archive to the account that asked for it. It is noted in
// the subject's history.
func (s *Server) sendTakeout(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	export, content, err := storage.NewExports(s.Store, s.Objects).Open(v.ctx, v.actor(), v.subject.ID, id)
	if err != nil {
		return err
	}
	v.audit("export taken", slog.String("account", string(v.account)), slog.String("export", string(id)))
	name := v.tr("%s 数据导出 %s.zip", v.subject.Name, export.AsOf.In(record.Shanghai).Format(time.DateOnly))
	v.Set(fiber.HeaderContentType, "application/zip")
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(name, false))
	return v.send(content, export.Size)
}

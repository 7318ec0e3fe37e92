package web

import (
	"log/slog"
	"time"
)

// logRequest writes one line for a request. It names the route, not the path,
// and ids, not names: no personal data, and nothing that a browser could word.
func (v *visit) logRequest(status int) {
	v.s.Log.Info("request",
		slog.String("request", v.reference),
		slog.String("method", v.route.method),
		slog.String("route", v.route.path),
		slog.Int("status", status),
		slog.Int64("ms", time.Since(v.began).Milliseconds()),
		slog.String("account", string(v.account)),
		slog.String("staff", v.staffID()),
	)
}

func (v *visit) staffID() string {
	if v.staff == nil {
		return ""
	}
	return string(v.staff.ID)
}

// audit writes an event of logging in or out.
func (v *visit) audit(event string, attributes ...any) {
	v.s.Log.Info(event, append([]any{slog.String("request", v.reference), slog.String("network", v.network())}, attributes...)...)
}

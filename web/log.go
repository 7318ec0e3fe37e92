package web

import (
	"fmt"
	"log/slog"
	"time"
)

// logRequest writes one line for a request. It names the route, not the path,
// and ids, not names: no personal data, and nothing that a browser could word.
func (v *visit) logRequest(status int) {
	took := time.Since(v.began)
	v.s.Watch.Request(v.route.path, v.route.method, status, took)
	v.log.Info("request",
		slog.String("method", v.route.method),
		slog.String("route", v.route.path),
		slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()),
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

// eventKeys are what every event of the log has beside its name and its time,
// in this order, empty where it does not apply: a machine that watches for
// attacks may rely on them. reason is the word of an enumeration that says why
// something was refused.
var eventKeys = []string{"route", "network", "account", "staff", "reason"}

// eventLog marks the lines that are events: of logging in and out, of what was
// denied, and of what staff looked at.
const eventLog = "security"

// audit writes an event. Attributes overwrite eventKeys or name what was acted
// on, by id: record, application, claim and the like.
func (v *visit) audit(event string, attributes ...any) {
	v.auditAt(slog.LevelInfo, event, attributes...)
}

func (v *visit) auditAt(level slog.Level, event string, attributes ...any) {
	v.s.Watch.Event(event)
	values := map[string]string{
		"route": v.route.path, "network": v.network(), "account": string(v.account), "staff": v.staffID(), "reason": "",
	}
	var objects []any
	for i := 0; i < len(attributes); i++ {
		var name string
		var value any
		switch a := attributes[i].(type) {
		case slog.Attr:
			name, value = a.Key, a.Value
		default:
			name = fmt.Sprint(a)
			if i++; i < len(attributes) {
				value = attributes[i]
			}
		}
		if _, own := values[name]; own {
			values[name] = fmt.Sprint(value)
		} else {
			objects = append(objects, slog.Any(name, value))
		}
	}
	line := []any{slog.String("log", eventLog)}
	for _, key := range eventKeys {
		line = append(line, slog.String(key, values[key]))
	}
	v.log.Log(v.ctx, level, event, append(line, objects...)...)
}

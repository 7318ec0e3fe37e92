package web

import (
	"net/http"

	"unireg/record"
)

// accountRoutes are what a subject does with its login, receipts and messages.
var accountRoutes = []route{
	{method: http.MethodPost, path: "/logout", who: anyone, handle: (*Server).logout},
	{method: http.MethodGet, path: "/reset/:token", who: anyone, handle: (*Server).showReset},
	{method: http.MethodPost, path: "/reset/:token", who: anyone, handle: (*Server).useReset},
	{method: http.MethodGet, path: "/account", who: applicant, handle: (*Server).showAccount},
	{method: http.MethodPost, path: "/account/password", who: applicant, takes: record.ToRead, handle: (*Server).changePassword},
	{method: http.MethodPost, path: "/account/sessions/end-others", who: applicant, takes: record.ToRead, handle: (*Server).endOtherSessions},
	{method: http.MethodPost, path: "/account/sessions/:id/end", who: applicant, takes: record.ToRead, handle: (*Server).endSession},
	{method: http.MethodGet, path: "/account/export", who: applicant, takes: record.ToManage, handle: (*Server).showTakeout},
	{method: http.MethodPost, path: "/account/export", who: applicant, takes: record.ToManage, handle: (*Server).requestTakeout},
	{method: http.MethodGet, path: "/account/exports/:id/file", who: applicant, takes: record.ToManage, handle: (*Server).sendTakeout, slow: true},
	{method: http.MethodGet, path: "/receipts/:number", who: applicant, handle: (*Server).showReceipt},
	{method: http.MethodGet, path: "/messages", who: applicant, handle: (*Server).showMessages},
	{method: http.MethodPost, path: "/messages/read", who: applicant, handle: (*Server).readMessages},
}

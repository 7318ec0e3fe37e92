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
	{method: http.MethodGet, path: "/forgot", who: anyone, handle: (*Server).showForgot},
	{method: http.MethodPost, path: "/forgot", who: anyone, handle: (*Server).askReset},
	{method: http.MethodGet, path: "/unsubscribe/:token", who: anyone, handle: (*Server).showUnsubscribe},
	{method: http.MethodPost, path: "/unsubscribe/:token", who: anyone, handle: (*Server).unsubscribe, mailed: true},
	{method: http.MethodGet, path: "/account", who: applicant, handle: (*Server).showAccount},
	{method: http.MethodPost, path: "/account/password", who: applicant, takes: record.ToRead, handle: (*Server).changePassword},
	{method: http.MethodPost, path: "/account/sessions/end-others", who: applicant, takes: record.ToRead, handle: (*Server).endOtherSessions},
	{method: http.MethodPost, path: "/account/sessions/:id/end", who: applicant, takes: record.ToRead, handle: (*Server).endSession},
	{method: http.MethodGet, path: "/account/contacts", who: applicant, handle: (*Server).showContacts},
	{method: http.MethodGet, path: "/account/contacts/:channel", who: applicant, handle: (*Server).showContact},
	{method: http.MethodPost, path: "/account/contacts/:channel", who: applicant, takes: record.ToRead, handle: (*Server).proposeContact},
	{method: http.MethodPost, path: "/account/contacts/:channel/verify", who: applicant, takes: record.ToRead, handle: (*Server).verifyContact},
	{method: http.MethodPost, path: "/account/contacts/:channel/groups", who: applicant, takes: record.ToRead, handle: (*Server).chooseGroups},
	{method: http.MethodPost, path: "/account/contacts/:channel/remove", who: applicant, takes: record.ToRead, handle: (*Server).removeContact},
	{method: http.MethodGet, path: "/account/export", who: applicant, takes: record.ToManage, handle: (*Server).showTakeout},
	{method: http.MethodPost, path: "/account/export", who: applicant, takes: record.ToManage, handle: (*Server).requestTakeout},
	{method: http.MethodGet, path: "/account/exports/:id/file", who: applicant, takes: record.ToManage, handle: (*Server).sendTakeout, slow: true},
	{method: http.MethodGet, path: "/receipts/:number", who: applicant, handle: (*Server).showReceipt},
	{method: http.MethodGet, path: "/messages", who: applicant, handle: (*Server).showMessages},
	{method: http.MethodPost, path: "/messages/read", who: applicant, handle: (*Server).readMessages},
}

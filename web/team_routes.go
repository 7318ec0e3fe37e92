package web

import (
	"net/http"

	"unireg/record"
)

// teamRoutes are an organization's members: how somebody becomes one, and what its
// administrators do.
var teamRoutes = []route{
	{method: http.MethodGet, path: "/invitations/:token", who: anyone, handle: showInvitation},
	{method: http.MethodPost, path: "/invitations/:token", who: anyone, handle: acceptInvitation},
	{method: http.MethodGet, path: "/join", who: anyone, handle: showJoinForm},
	{method: http.MethodPost, path: "/join", who: anyone, handle: askToJoin},
	{method: http.MethodGet, path: "/join/:token", who: anyone, handle: showJoin},
	{method: http.MethodPost, path: "/join/:token", who: anyone, handle: settleJoin},

	{method: http.MethodGet, path: "/account/members", who: applicant, takes: record.ToManage, handle: showTeam},
	{method: http.MethodGet, path: "/account/members/:id", who: applicant, takes: record.ToManage, handle: showTeamMember},
	{method: http.MethodPost, path: "/account/members/:id", who: applicant, takes: record.ToManage, handle: changeTeamMember},
	{method: http.MethodPost, path: "/account/members/:id/revoke", who: applicant, takes: record.ToManage, handle: revokeTeamMember},
	{method: http.MethodPost, path: "/account/members/:id/sessions/end", who: applicant, takes: record.ToManage, handle: endTeamMemberSessions},
	{method: http.MethodPost, path: "/account/invitations", who: applicant, takes: record.ToManage, handle: inviteMember},
	{method: http.MethodPost, path: "/account/invitations/:id/renew", who: applicant, takes: record.ToManage, handle: renewInvitation},
	{method: http.MethodPost, path: "/account/invitations/:id/revoke", who: applicant, takes: record.ToManage, handle: revokeInvitation},
	{method: http.MethodPost, path: "/account/joins/:id/grant", who: applicant, takes: record.ToManage, handle: grantJoin},
	{method: http.MethodPost, path: "/account/joins/:id/refuse", who: applicant, takes: record.ToManage, handle: refuseJoin},
	{method: http.MethodPost, path: "/account/leave", who: applicant, takes: record.ToRead, handle: leaveTeam},
}

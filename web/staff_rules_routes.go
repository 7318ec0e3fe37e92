package web

import "net/http"

// ruleRoutes are the staff's periods and calendar, and the work of who is away.
var ruleRoutes = []route{
	{method: http.MethodGet, path: "/staff/calendar", who: staffMember, handle: showCalendar},
	{method: http.MethodGet, path: "/staff/calendar/days/:date", who: supervisor, handle: showCalendarDay},
	{method: http.MethodPost, path: "/staff/calendar/days/:date", who: supervisor, handle: changeCalendarDay},
	{method: http.MethodPost, path: "/staff/calendar/periods", who: supervisor, handle: changePeriods},
	{method: http.MethodPost, path: "/staff/calendar/sample", who: supervisor, handle: changeSample},
	{method: http.MethodPost, path: "/staff/calendar/confirmation", who: supervisor, handle: changeConfirmation},
	{method: http.MethodGet, path: "/staff/calendar/notice", who: supervisor, handle: showNotice},
	{method: http.MethodPost, path: "/staff/calendar/notice", who: supervisor, handle: takeNotice},

	{method: http.MethodGet, path: "/staff/absences", who: supervisor, handle: listAbsences},
	{method: http.MethodGet, path: "/staff/members/:id/work", who: supervisor, handle: showWork},
	{method: http.MethodPost, path: "/staff/members/:id/work", who: supervisor, handle: handWorkOver},
}

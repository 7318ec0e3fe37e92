package web

import "net/http"

// staffRoutes are the staff's side of the house.
var staffRoutes = []route{
	{method: http.MethodGet, path: "/staff/login", who: anonymousOnly, staff: true, handle: showStaffLogin},
	{method: http.MethodPost, path: "/staff/login", who: anyone, staff: true, handle: staffLogin},
	{method: http.MethodPost, path: "/staff/logout", who: anyone, staff: true, handle: staffLogout},
	{method: http.MethodGet, path: "/staff/totp", who: staffPassword, handle: showTOTP},
	{method: http.MethodPost, path: "/staff/totp", who: staffPassword, handle: giveTOTP},
	{method: http.MethodGet, path: "/staff/totp/enrol", who: staffPassword, handle: showTOTPEnrol},
	{method: http.MethodPost, path: "/staff/totp/enrol", who: staffPassword, handle: enrolTOTP},

	{method: http.MethodGet, path: "/staff", who: staffMember, handle: showQueue},
	{method: http.MethodGet, path: "/staff/reviews/:id", who: staffMember, handle: showReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/claim", who: staffMember, handle: claimReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/release", who: staffMember, handle: releaseReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/reveal", who: staffMember, handle: revealReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/approve", who: staffMember, handle: approveReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/return", who: staffMember, handle: returnReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/confirm", who: staffMember, handle: confirmReview},
	{method: http.MethodPost, path: "/staff/reviews/:id/reject", who: staffMember, handle: rejectReview},
	{method: http.MethodGet, path: "/staff/files/:id", who: staffMember, handle: showStaffFile, slow: true},
	{method: http.MethodGet, path: "/staff/files/:id/preview", who: staffMember, handle: showStaffPreview, slow: true},
	{method: http.MethodGet, path: "/staff/subjects", who: staffMember, handle: searchSubjects},
	{method: http.MethodGet, path: "/staff/statistics", who: staffMember, handle: showStatistics},
	{method: http.MethodGet, path: "/staff/statistics/export", who: staffMember, handle: exportStatistics},
	{method: http.MethodGet, path: "/staff/withdrawals", who: staffMember, handle: listWithdrawals},
	{method: http.MethodGet, path: "/staff/records/:id", who: staffMember, handle: showStaffRecord},
	{method: http.MethodPost, path: "/staff/records/:id/reveal", who: supervisor, handle: revealStaffRecord},
}

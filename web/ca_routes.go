package web

import (
	"net/http"

	"unireg/record"
)

// caRoutes are what surrounds CA certificates: applications to the CA company,
// the certificates themselves, the driver, occupancy claims.
var caRoutes = []route{
	{method: http.MethodPost, path: "/records/:id/ca", who: applicant, handle: applyFromDraft},
	{method: http.MethodGet, path: "/ca/section", who: applicant, handle: showCASection},
	{method: http.MethodGet, path: "/ca/applications/new", who: applicant, takes: record.ToFile, handle: showApply},
	{method: http.MethodPost, path: "/ca/applications", who: applicant, handle: apply},
	{method: http.MethodGet, path: "/ca/applications/:id", who: applicant, handle: showApplication},
	{method: http.MethodPost, path: "/ca/applications/:id/resend", who: applicant, handle: resendApplication},
	{method: http.MethodPost, path: "/ca/applications/:id/withdraw", who: applicant, handle: withdrawApplication},
	{method: http.MethodPost, path: "/ca/applications/:id/paper", who: applicant, handle: printApplication},

	{method: http.MethodGet, path: "/certificates", who: applicant, handle: listCertificates},
	{method: http.MethodGet, path: "/certificates/:id", who: applicant, handle: showCertificate},
	{method: http.MethodGet, path: "/certificates/:id/file", who: applicant, handle: sendCertificate},

	{method: http.MethodGet, path: "/downloads", who: anyone, handle: (*Server).showDownloads},
	{method: http.MethodGet, path: "/downloads/:file", who: anyone, handle: (*Server).sendDownload, slow: true},

	{method: http.MethodGet, path: "/claims", who: anyone, handle: (*Server).findClaim},
	{method: http.MethodPost, path: "/claims", who: anyone, handle: (*Server).openClaim},
	{method: http.MethodGet, path: "/claims/new", who: anyone, handle: (*Server).showClaimForm},
	{method: http.MethodGet, path: "/claims/:number", who: anyone, handle: (*Server).showClaim},
	{method: http.MethodPost, path: "/claims/:number", who: anyone, handle: (*Server).settleClaim},

	{method: http.MethodGet, path: "/staff/applications", who: staffMember, handle: listSilentApplications},
	{method: http.MethodGet, path: "/staff/claims", who: supervisor, handle: listClaims},
	{method: http.MethodGet, path: "/staff/claims/:id", who: supervisor, handle: showStaffClaim},
	{method: http.MethodPost, path: "/staff/claims/:id/reveal", who: supervisor, handle: revealClaim},
	{method: http.MethodPost, path: "/staff/claims/:id/grant", who: supervisor, handle: grantClaim},
	{method: http.MethodPost, path: "/staff/claims/:id/refuse", who: supervisor, handle: refuseClaim},
	{method: http.MethodPost, path: "/staff/claims/:id/code", who: supervisor, handle: renewClaimCode},
}

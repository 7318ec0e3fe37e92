package web

import (
	"net/http"

	"unireg/storage"
)

// partnerRoutes are the interface for other systems, as partner/openapi.yaml has
// it. They know no cookies: a row says which scope a key must have, or that the
// message is signed.
var partnerRoutes = []route{
	{method: http.MethodPost, path: "/api/v1/ca/callbacks", who: partnerSystem, signed: true, handle: (*Server).takeCallback},
	{
		method: http.MethodGet, path: "/api/v1/ca/applications/:reference", who: partnerSystem, scope: storage.ScopeCARead,
		handle: (*Server).tellApplication,
	},
	{
		method: http.MethodGet, path: "/api/v1/subjects/:code", who: partnerSystem, scope: storage.ScopeSubjectsRead,
		handle: (*Server).tellSubject,
	},
	{
		method: http.MethodGet, path: "/api/v1/changes", who: partnerSystem, scope: storage.ScopeChangesRead,
		handle: (*Server).tellChanges,
	},
	{
		method: http.MethodGet, path: "/api/v1/subjects/:code/eligibility", who: partnerSystem, scope: storage.ScopeEligibilityRead,
		handle: (*Server).tellEligibility,
	},
	{
		method: http.MethodGet, path: "/api/v1/eligibility", who: partnerSystem, scope: storage.ScopeEligibilityRead,
		handle: (*Server).tellConsortium,
	},
	{
		method: http.MethodGet, path: "/api/v1/connections", who: partnerSystem, scope: storage.ScopeConnectionsRead,
		handle: (*Server).tellConnections,
	},
	{method: http.MethodGet, path: "/api/openapi.yaml", who: anyone, public: true, handle: (*Server).sendContract},
}

package web

import "net/http"

// disclosureRoutes are what everybody may read of what is in force: 信息公示.
var disclosureRoutes = []route{
	{method: http.MethodGet, path: "/disclosure", who: anyone, open: true, handle: showDisclosure},
	{method: http.MethodGet, path: "/disclosure/recent", who: anyone, open: true, handle: showRecentDisclosure},
	{method: http.MethodGet, path: "/disclosure/export", who: anyone, handle: exportDisclosure},
	{method: http.MethodGet, path: "/disclosure/subjects/:code", who: anyone, open: true, handle: showDisclosedUnit},
}

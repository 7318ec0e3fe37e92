package web

import "net/http"

// publicRoutes need nobody to be logged in.
var publicRoutes = []route{
	{method: http.MethodGet, path: "/", who: anyone, handle: (*Server).start},
	{method: http.MethodPost, path: "/preferences", who: anyone, handle: (*Server).changePreferences},
}

package web

import "net/http"

// publicRoutes need nobody to be logged in. Logging in is open to who is logged
// in already: a form of before may come along with it.
var publicRoutes = []route{
	{method: http.MethodGet, path: "/", who: anyone, handle: (*Server).start},
	{method: http.MethodGet, path: "/help", who: anyone, handle: (*Server).showHelp},
	{method: http.MethodGet, path: "/help/pictures/:name", who: anyone, handle: (*Server).sendHelpPicture, public: true},
	{method: http.MethodGet, path: "/preferences", who: anyone, handle: (*Server).showPreferences},
	{method: http.MethodPost, path: "/preferences", who: anyone, handle: (*Server).changePreferences},
	{method: http.MethodGet, path: "/codes/:table", who: anyone, handle: (*Server).codeTable, public: true},
	{method: http.MethodGet, path: "/challenge", who: anyone, handle: (*Server).challenge},
	{method: http.MethodGet, path: "/login", who: anonymousOnly, handle: (*Server).showLogin},
	{method: http.MethodPost, path: "/login", who: anyone, handle: (*Server).login},
	{method: http.MethodGet, path: "/login/certificate", who: anyone, handle: (*Server).showKeyLogin},
	{method: http.MethodPost, path: "/login/certificate", who: anyone, handle: (*Server).loginByCertificate},
	{method: http.MethodPost, path: "/login/certificate/challenge", who: anyone, handle: (*Server).loginChallenge},
	{method: http.MethodGet, path: "/register", who: anonymousOnly, handle: (*Server).showRegister},
	{method: http.MethodPost, path: "/register", who: anonymousOnly, handle: (*Server).askRegistered},
	{method: http.MethodGet, path: "/register/details", who: anonymousOnly, handle: (*Server).showDetails},
	{method: http.MethodPost, path: "/register/details", who: anyone, handle: (*Server).register},
}

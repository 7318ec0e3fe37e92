package web

import "net/http"

// interfaceRoutes are the supervisors' keys and subscribers: who may ask the
// interface, and who is called on changes.
var interfaceRoutes = []route{
	{method: http.MethodGet, path: "/staff/interfaces", who: supervisor, handle: showInterfaces},
	{method: http.MethodGet, path: "/staff/interfaces/keys/new", who: supervisor, handle: showNewKey},
	{method: http.MethodPost, path: "/staff/interfaces/keys", who: supervisor, handle: addKey},
	{method: http.MethodPost, path: "/staff/interfaces/keys/:id/revoke", who: supervisor, handle: revokeKey},
	{method: http.MethodGet, path: "/staff/interfaces/subscribers/new", who: supervisor, handle: showNewSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers", who: supervisor, handle: addSubscriber},
	{method: http.MethodGet, path: "/staff/interfaces/subscribers/:id", who: supervisor, handle: showSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id", who: supervisor, handle: changeSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/pause", who: supervisor, handle: pauseSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/resume", who: supervisor, handle: resumeSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/exchange", who: supervisor, handle: exchangeSecret},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/retire", who: supervisor, handle: retireSecret},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/test", who: supervisor, handle: testSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/remove", who: supervisor, handle: removeSubscriber},
	{method: http.MethodPost, path: "/staff/interfaces/subscribers/:id/deliveries/:delivery/resend", who: supervisor, handle: resendDelivery},
}

package web

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/valyala/fasthttp"

	"unireg/web/view"
)

// nonceValue is the key under which a request keeps the nonce of its policy.
const nonceValue = "nonce"

// harden writes the headers that every answer carries, also that of a request
// which never reaches a handler, and draws the nonce for the page's scripts.
func (s *Server) harden(ctx *fasthttp.RequestCtx) {
	if _, done := ctx.UserValue(nonceValue).(string); done {
		return
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails: the program ends where there is no randomness
	nonce := base64.RawStdEncoding.EncodeToString(random)
	ctx.SetUserValue(nonceValue, nonce)
	h := &ctx.Response.Header
	h.Set("Content-Security-Policy", view.Policy(nonce, ""))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

package view

import "strings"

// Policy is the Content-Security-Policy that pages are made for. nonce is that
// of their scripts; agent is a further origin that a script may reach, the
// USB-key agent's, "" for none.
func Policy(nonce, agent string) string {
	return "default-src 'self'; script-src 'nonce-" + nonce + "'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self'; " +
		"font-src 'self'; connect-src " + strings.TrimSpace("'self' "+agent) + "; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

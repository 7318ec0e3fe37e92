package config

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// CASigners lists the secrets that sign what goes to the CA company.
func (c Config) CASigners() []string { return split(c.CASecrets) }

// CAVerifiers lists the keys that verify what the CA company calls back.
func (c Config) CAVerifiers() []string { return split(c.CACallbackKeys) }

func split(s Secret) []string {
	var all []string
	for part := range strings.SplitSeq(s.Reveal(), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// checkCA checks what concerns CA company, issuers and agent. Which file the
// issuers stand in is read where the rooms are joined.
func (c Config) checkCA(f faults) {
	if c.CAURL != "" {
		u, err := url.Parse(c.CAURL)
		switch {
		case err != nil || !validURL(c.CAURL, "http", "https"):
			f.add("UNIREG_CA_URL", "is not an http or https address: %q", c.CAURL)
		case c.Mode == Production && u.Scheme != "https":
			f.add("UNIREG_CA_URL", "is not https, which production mode demands: personal data passes there")
		}
		for name, given := range map[string]bool{
			"UNIREG_CA_TOKEN": c.CAToken != "", "UNIREG_CA_SECRETS": c.CASecrets != "", "UNIREG_CA_CALLBACK_KEYS": c.CACallbackKeys != "",
		} {
			if !given && !f.has(name) {
				f.add(name, "is required (or %s_FILE) where UNIREG_CA_URL is set", name)
			}
		}
	}
	for _, secret := range c.CASigners() {
		if !webhookKey(secret, "whsec_") {
			f.add("UNIREG_CA_SECRETS", "holds something that is no whsec_ secret of 24 to 64 bytes in base64")
		}
	}
	for _, key := range c.CAVerifiers() {
		if !webhookKey(key, "whsec_") && !webhookKey(key, "whpk_") {
			f.add("UNIREG_CA_CALLBACK_KEYS", "holds something that is neither a whsec_ secret nor a whpk_ key in base64")
		}
	}
	if u, err := url.Parse(c.AgentOrigin); err != nil || !validOrigin(c.AgentOrigin) || u.Scheme != "http" || !loopback(u.Hostname()) {
		f.add("UNIREG_AGENT_ORIGIN", "is not http on a loopback address with a port: %q", c.AgentOrigin)
	}
	for _, d := range []struct {
		name       string
		value      time.Duration
		least, top time.Duration
	}{
		{"UNIREG_CA_POLL_EVERY", c.CAPollEvery, time.Second, 7 * 24 * time.Hour},
		{"UNIREG_CRL_REFRESH", c.CRLRefresh, time.Second, 24 * time.Hour},
		{"UNIREG_CRL_MAX_AGE", c.CRLMaxAge, time.Minute, 90 * 24 * time.Hour},
	} {
		if d.value < d.least || d.value > d.top {
			f.add(d.name, "is not between %s and %s: %s", d.least, d.top, d.value)
		}
	}
}

// webhookKey reports whether the text is a key as Standard Webhooks writes it.
func webhookKey(text, prefix string) bool {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && len(key) >= 24 && len(key) <= 64
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

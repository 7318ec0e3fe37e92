package config

import (
	"net/url"
	"slices"

	"unireg/smtp"
)

// SMSSigners lists the secrets that sign what goes to the gateway for short
// messages.
func (c Config) SMSSigners() []string { return split(c.SMSSecrets) }

// SMTP is how the mail server is reached. Without an address nothing is sent.
func (c Config) SMTP() smtp.Config {
	return smtp.Config{
		Address: c.SMTPAddress, Security: c.SMTPSecurity, User: c.SMTPUser, Password: c.SMTPPassword.Reveal(), From: c.SMTPFrom,
	}
}

// checkOutgoing checks what concerns mail and short messages.
func (c Config) checkOutgoing(f faults, parts []Part) {
	if c.SMTPSecurity != smtp.StartTLS && c.SMTPSecurity != smtp.TLS && c.SMTPSecurity != smtp.Plain {
		f.add("UNIREG_SMTP_TLS", "is none of %s, %s, %s: %q", smtp.StartTLS, smtp.TLS, smtp.Plain, string(c.SMTPSecurity))
	}
	if c.SMTPAddress != "" {
		c.checkSMTP(f)
	}
	if (c.SMTPAddress != "" || c.SMSURL != "") && slices.Contains(parts, Worker) && c.Origin == "" && !f.has("UNIREG_ORIGIN") {
		f.add("UNIREG_ORIGIN", "is required where UNIREG_SMTP_ADDRESS or UNIREG_SMS_URL is set: what is sent links to the portal")
	}
	if c.SMSURL == "" {
		return
	}
	u, err := url.Parse(c.SMSURL)
	switch {
	case err != nil || !validURL(c.SMSURL, "http", "https"):
		f.add("UNIREG_SMS_URL", "is not an http or https address: %q", c.SMSURL)
	case c.Mode == Production && u.Scheme != "https":
		f.add("UNIREG_SMS_URL", "is not https, which production mode demands: telephone numbers pass there")
	}
	if c.SMSSecrets == "" && !f.has("UNIREG_SMS_SECRETS") {
		f.add("UNIREG_SMS_SECRETS", "is required (or UNIREG_SMS_SECRETS_FILE) where UNIREG_SMS_URL is set")
	}
	for _, secret := range c.SMSSigners() {
		if !webhookKey(secret, "whsec_") {
			f.add("UNIREG_SMS_SECRETS", "holds something that is no whsec_ secret of 24 to 64 bytes in base64")
		}
	}
}

// checkSMTP checks how the mail server is named.
func (c Config) checkSMTP(f faults) {
	settings := c.SMTP()
	if c.SMTPFrom == "" {
		f.add("UNIREG_SMTP_FROM", "is required where UNIREG_SMTP_ADDRESS is set: it is the sender of all mail")
	} else if _, err := smtp.New(smtp.Config{Address: "localhost:25", Security: smtp.Plain, From: c.SMTPFrom}); err != nil {
		f.add("UNIREG_SMTP_FROM", "is no mail address such as noreply@reg.example.cn: %q", c.SMTPFrom)
	}
	if (c.SMTPUser == "") != (c.SMTPPassword == "") && !f.has("UNIREG_SMTP_PASSWORD") {
		f.add("UNIREG_SMTP_PASSWORD", "and UNIREG_SMTP_USER go together: give both, or neither")
	}
	settings.From, settings.User, settings.Password, settings.Security = "a@b.cn", "", "", smtp.Plain
	if _, err := smtp.New(settings); err != nil {
		f.add("UNIREG_SMTP_ADDRESS", "is not host:port: %q", c.SMTPAddress)
	}
	if c.Mode == Production && c.SMTPSecurity == smtp.Plain {
		f.add("UNIREG_SMTP_TLS", "is %s, which production mode refuses: addresses and links would go over the wire in the clear", smtp.Plain)
	}
}

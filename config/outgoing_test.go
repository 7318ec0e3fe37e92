package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/config"
	"unireg/smtp"
)

func TestMailAndShortMessagesAreNamedWhole(t *testing.T) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("drawn at random ", 2)))
	mail := []string{"UNIREG_SMTP_ADDRESS=smtp.example.cn:587", "UNIREG_SMTP_FROM=统一注册系统 <noreply@reg.example.cn>"}
	sms := []string{"UNIREG_SMS_URL=https://sms.example.cn/send", "UNIREG_SMS_SECRETS=" + secret}
	for _, row := range []struct {
		name    string
		changes []string
		want    string // "" for none
	}{
		{"nothing is sent", nil, ""},
		{"mail", mail, ""},
		{"mail with a login", append(mail, "UNIREG_SMTP_USER=unireg", "UNIREG_SMTP_PASSWORD=hJ2kd93jfk"), ""},
		{"short messages", sms, ""},
		{"no port", append(mail, "UNIREG_SMTP_ADDRESS=smtp.example.cn"), `UNIREG_SMTP_ADDRESS is not host:port: "smtp.example.cn"`},
		{"no sender", mail[:1], "UNIREG_SMTP_FROM is required"},
		{"a sender that is none", append(mail, "UNIREG_SMTP_FROM=noreply"), "UNIREG_SMTP_FROM is no mail address"},
		{"half of a login", append(mail, "UNIREG_SMTP_USER=unireg"), "UNIREG_SMTP_PASSWORD and UNIREG_SMTP_USER go together"},
		{"a way that is none", append(mail, "UNIREG_SMTP_TLS=ssl"), `UNIREG_SMTP_TLS is none of starttls, tls, none: "ssl"`},
		{"a gateway that is none", append(sms, "UNIREG_SMS_URL=sms.example.cn"), "UNIREG_SMS_URL is not an http or https address"},
		{"a gateway without a secret", sms[:1], "UNIREG_SMS_SECRETS is required"},
		{"a secret that is none", append(sms, "UNIREG_SMS_SECRETS=4711"), "UNIREG_SMS_SECRETS holds something that is no whsec_ secret"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := config.Load(production(row.changes...), everyPart...)
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.want)
		})
	}
	t.Run("W37 production sends nothing in the clear", func(t *testing.T) {
		for change, want := range map[string]string{
			"UNIREG_SMTP_TLS=none": "UNIREG_SMTP_TLS is none, which production mode refuses", "UNIREG_SMS_URL=http://sms.example.cn": "UNIREG_SMS_URL is not https",
		} {
			changes := append(append([]string{}, mail...), sms...)
			_, err := config.Load(production(append(changes, change)...), everyPart...)
			require.ErrorContains(t, err, want)
			_, err = config.Load(production(append(changes, change, "UNIREG_MODE=development")...), everyPart...)
			require.NoError(t, err)
		}
	})
	t.Run("whoever writes letters knows where the portal is", func(t *testing.T) {
		_, err := config.Load(production(append(mail, "UNIREG_ORIGIN")...), config.Worker)
		require.ErrorContains(t, err, "UNIREG_ORIGIN is required where")
		_, err = config.Load(production(append(mail, "UNIREG_ORIGIN")...), config.Verify)
		require.NoError(t, err)
	})
	c, err := config.Load(production(append(mail, "UNIREG_SMTP_USER=unireg", "UNIREG_SMTP_PASSWORD=hJ2kd93jfk")...), config.Worker)
	require.NoError(t, err)
	require.Equal(t, smtp.Config{
		Address: "smtp.example.cn:587", Security: smtp.StartTLS, User: "unireg", Password: "hJ2kd93jfk", From: "统一注册系统 <noreply@reg.example.cn>",
	}, c.SMTP())
	require.NotContains(t, c.String(), "hJ2kd93jfk")
}

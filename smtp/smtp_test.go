package smtp_test

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/smtp"
	"unireg/smtp/mailbox"
)

func server(t *testing.T) *mailbox.Mailbox {
	t.Helper()
	m, err := mailbox.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Stop()) })
	return m
}

func sender(t *testing.T, address string, change func(*smtp.Config)) *smtp.Sender {
	t.Helper()
	c := smtp.Config{Address: address, Security: smtp.Plain, From: "统一注册系统 <noreply@reg.example.cn>", Timeout: 10 * time.Second}
	if change != nil {
		change(&c)
	}
	s, err := smtp.New(c)
	require.NoError(t, err)
	return s
}

var letter = smtp.Message{
	ID: "0199f5a0-0000-7000-8000-000000000001", To: "li@example.cn", Subject: "退回补正：基本信息 - 统一注册系统", Text: "审核人员退回了提交的内容。\n",
	HTML: "<p>审核人员退回了提交的内容。</p>", Language: "zh-CN", Unsubscribe: "https://reg.example.cn/unsubscribe/token",
}

func TestB15_ALetterArrivesAsItWasWritten(t *testing.T) {
	m := server(t)
	s := sender(t, m.Address, nil)
	require.NoError(t, s.Probe(t.Context()))
	require.NoError(t, s.Send(t.Context(), letter))
	require.NoError(t, s.Send(t.Context(), letter))
	all, err := m.Letters()
	require.NoError(t, err)
	require.Len(t, all, 2)
	var ids []string
	for _, taken := range all {
		read, err := mail.ReadMessage(strings.NewReader(taken.Raw))
		require.NoError(t, err)
		header := func(name string) string {
			value, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get(name))
			require.NoError(t, err)
			return value
		}
		require.Equal(t, letter.Subject, header("Subject"))
		require.Contains(t, header("From"), "noreply@reg.example.cn")
		require.Equal(t, "<li@example.cn>", header("To"))
		require.Equal(t, "reg.example.cn", header("X-Envelope-Greeting"), "many servers refuse who greets without a domain")
		require.Equal(t, "auto-generated", header("Auto-Submitted"))
		require.Equal(t, "zh-CN", header("Content-Language"))
		require.Equal(t, "<https://reg.example.cn/unsubscribe/token>", header("List-Unsubscribe"))
		require.Equal(t, "List-Unsubscribe=One-Click", header("List-Unsubscribe-Post"))
		require.Empty(t, header("User-Agent"))
		require.Equal(t, strings.TrimSpace(letter.Text), strings.TrimSpace(taken.Text))
		require.Equal(t, letter.HTML, strings.TrimSpace(taken.HTML))
		ids = append(ids, taken.ID)
	}
	require.Equal(t, "<0199f5a0-0000-7000-8000-000000000001@reg.example.cn>", ids[0])
	require.Equal(t, ids[0], ids[1], "sent twice it is seen to be the same")
}

func TestB15_WhatTheServerAnswersIsToldByStepAndNumber(t *testing.T) {
	for _, row := range []struct {
		what      string
		moods     mailbox.Moods
		step      smtp.Step
		code      int
		permanent bool
	}{
		{"there is no such mailbox", mailbox.Moods{Recipient: "550 5.1.1 <li@example.cn> no such user"}, smtp.StepRecipient, 550, true},
		{"the same without an enhanced code", mailbox.Moods{Recipient: "550 no such user li@example.cn"}, smtp.StepRecipient, 550, true},
		{"the server serves no strangers", mailbox.Moods{Recipient: "554 5.7.1 relaying denied"}, smtp.StepRecipient, 554, false},
		{"come again later", mailbox.Moods{Recipient: "450 4.7.1 greylisted"}, smtp.StepRecipient, 450, false},
		{"the content is refused", mailbox.Moods{Content: "554 5.7.1 spam"}, smtp.StepSend, 554, false},
		{"no room", mailbox.Moods{Content: "452 4.3.1 disk full"}, smtp.StepSend, 452, false},
		{"no answer after the content", mailbox.Moods{Silent: true}, smtp.StepSend, 0, false},
	} {
		t.Run(row.what, func(t *testing.T) {
			m := server(t)
			m.Feel(row.moods)
			err := sender(t, m.Address, nil).Send(t.Context(), letter)
			fault, ok := errors.AsType[*smtp.Fault](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, row.step, fault.Step, err)
			require.Equal(t, row.code, fault.Code, err)
			require.Equal(t, row.permanent, fault.Permanent(), err)
			require.NotContains(t, err.Error(), "li@example.cn")
			all, err := m.Letters()
			require.NoError(t, err)
			require.Len(t, all, map[bool]int{true: 1}[row.moods.Silent], "a server that answers nothing may have kept it")
		})
	}
}

func TestB15_WhatKeepsAConversationFromBeginning(t *testing.T) {
	m := server(t)
	for _, row := range []struct {
		what   string
		change func(*smtp.Config)
		step   smtp.Step
	}{
		{"nobody is there", func(c *smtp.Config) { c.Address = closed(t) }, smtp.StepConnect},
		{"no TLS is offered", func(c *smtp.Config) { c.Security = smtp.StartTLS }, smtp.StepTLS},
		{"no TLS is spoken", func(c *smtp.Config) { c.Security = smtp.TLS }, smtp.StepTLS},
		{"no login is offered", func(c *smtp.Config) { c.User, c.Password = "unireg", "secret-4711" }, smtp.StepAuth},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := sender(t, m.Address, row.change)
			for _, err := range []error{s.Probe(t.Context()), s.Send(t.Context(), letter)} {
				fault, ok := errors.AsType[*smtp.Fault](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, row.step, fault.Step, err)
				require.False(t, fault.Permanent())
				require.NotContains(t, err.Error(), "secret-4711")
			}
		})
	}
	all, err := m.Letters()
	require.NoError(t, err)
	require.Empty(t, all, "nothing went in the clear")
}

func TestB15_ASlowServerIsNotWaitedForForEver(t *testing.T) {
	m := server(t)
	m.Feel(mailbox.Moods{Delay: time.Second})
	began := time.Now()
	err := sender(t, m.Address, func(c *smtp.Config) { c.Timeout = 300 * time.Millisecond }).Send(t.Context(), letter)
	require.Error(t, err)
	require.Less(t, time.Since(began), 10*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, sender(t, m.Address, nil).Send(ctx, letter))
}

func TestB15_NothingIsSmuggledIntoTheHeaders(t *testing.T) {
	m := server(t)
	smuggled := letter
	smuggled.Subject = "退回补正\r\nBcc: everybody@example.cn"
	require.NoError(t, sender(t, m.Address, nil).Send(t.Context(), smuggled))
	all, err := m.Letters()
	require.NoError(t, err)
	read, err := mail.ReadMessage(strings.NewReader(all[0].Raw))
	require.NoError(t, err)
	require.Empty(t, read.Header.Get("Bcc"))
	smuggled.To = "li@example.cn>\r\nRCPT TO:<everybody@example.cn"
	fault, ok := errors.AsType[*smtp.Fault](sender(t, m.Address, nil).Send(t.Context(), smuggled))
	require.True(t, ok)
	require.True(t, fault.Permanent())
}

func TestSettingsOfTheServer(t *testing.T) {
	for what, change := range map[string]func(*smtp.Config){
		"no port":        func(c *smtp.Config) { c.Address = "smtp.example.cn" },
		"a wrong port":   func(c *smtp.Config) { c.Address = "smtp.example.cn:smtp" },
		"no sender":      func(c *smtp.Config) { c.From = "" },
		"no security":    func(c *smtp.Config) { c.Security = "" },
		"half of a user": func(c *smtp.Config) { c.User = "unireg" },
	} {
		c := smtp.Config{Address: "smtp.example.cn:587", Security: smtp.StartTLS, From: "noreply@reg.example.cn"}
		_, err := smtp.New(c)
		require.NoError(t, err)
		change(&c)
		_, err = smtp.New(c)
		require.Error(t, err, what)
	}
}

// closed is an address on which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

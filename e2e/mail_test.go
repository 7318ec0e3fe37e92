package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/smtp/mailbox"
)

// letterTo waits for a letter to an address whose subject has those words.
func (s *system) letterTo(t testing.TB, address, words string) mailbox.Letter {
	t.Helper()
	var found mailbox.Letter
	eventually(t, time.Minute, func() string {
		all, err := s.mail.Letters()
		require.NoError(t, err)
		for _, l := range all {
			if strings.Contains(l.To, address) && strings.Contains(l.Subject, words) {
				found = l
				return ""
			}
		}
		return fmt.Sprintf("no letter about %s", words)
	})
	return found
}

// A bidder proves an address, is told by mail that a filing was returned, leaves
// what it does not want, and sets a forgotten password by a link.
func TestB15_MessagesAndResetsByMail(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员寅", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("鸿雁%d咨询有限公司", nextNumber())).complete(t)
	address := fmt.Sprintf("li%d@example.cn", nextNumber())
	p := b.sit(t)
	p.part("B15 an address proves itself by the code that was sent there", func() {
		p.open("/account")
		p.sees("通知方式", "未设置，消息只在系统中显示")
		p.follow("更改通知方式")
		p.follow("设置")
		p.fill("邮箱", address)
		p.fill("当前密码", "错误的密码-1234")
		p.follow("发送验证码")
		p.sees("当前密码不正确")
		p.fill("当前密码", password)
		p.follow("发送验证码")
		p.sees("验证码已发送到", "15 分钟内有效")
		code := regexp.MustCompile(`(?m)^ +(\d{6})$`).FindStringSubmatch(s.letterTo(t, address, "验证码").Text)
		require.NotNil(t, code)
		p.fill("验证码", "000000")
		p.follow("验证")
		p.sees("验证码不正确")
		p.fill("验证码", code[1])
		p.follow("验证")
		p.sees("已验证", "重要通知", "办理进度")
		p.seesNot(address)
	})
	p.part("B15 a filing that is returned is told by mail, with a link and no content", func() {
		b.submitted(t).decided(t, reviewer, record.Return, "请补充张三的身份证扫描件").reaches(t, record.Returned)
		l := s.letterTo(t, address, "退回补正")
		require.Contains(t, l.Text, b.subject.Name)
		require.Contains(t, l.Text, "基本信息")
		require.NotContains(t, l.Raw+l.Text, "张三")
		link := regexp.MustCompile(s.origin + `(/records/\S+)`).FindStringSubmatch(l.Text)
		require.NotNil(t, link)
		p.open(link[1])
		p.sees("请补充张三的身份证扫描件")
	})
	path := ""
	stranger := newPerson(t, s)
	stranger.part("B09 a forgotten password is reset by a link that was mailed", func() {
		stranger.open("/login")
		stranger.follow("忘记密码？")
		stranger.sees("CA 证书登录", "服务柜台")
		stranger.fill("账号", b.subject.Name)
		stranger.follow("发送链接")
		stranger.sees("几分钟内会收到")
		link := regexp.MustCompile(s.origin + `(/reset/[A-Za-z0-9_-]{43})`).FindStringSubmatch(s.letterTo(t, address, "重新设置密码").Text)
		require.NotNil(t, link)
		path = link[1]
		stranger.open(path)
		stranger.sees("设置新密码", b.subject.Name)
		stranger.fill("新密码", otherPassword)
		stranger.fill("再次输入密码", otherPassword)
		stranger.follow("设置密码")
		stranger.sees("密码已设置")
		stranger.fill("账号", b.subject.Code)
		stranger.fill("密码", otherPassword)
		stranger.follow("登录")
		stranger.sees("首页")
		stranger.open("/messages")
		stranger.sees("密码已通过邮箱重置")
		s.letterTo(t, address, "密码已通过邮箱重置")
	})
	p.part("B09 whoever was logged in is out, and the link serves once", func() {
		p.open("/home")
		require.Regexp(t, `^/login`, p.path())
		p.open(path)
		p.sees("链接无效或已失效")
	})
	require.NotContains(t, s.worker.said()+s.portal.said(), address)
}

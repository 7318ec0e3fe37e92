package e2e

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

const otherPassword = "爱晚亭-赤枫-1792"

func TestB09_PasswordAndSessions(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("橘子洲%d建材有限公司", nextNumber()))
	p, other, third := newPerson(t, s), newPerson(t, s), newPerson(t, s)
	for _, window := range []*person{p, other, third} {
		window.logsIn(b.subject.Code)
		window.sees("首页")
	}
	p.open("/account")
	p.part("B09 sessions are listed, and one is ended", func() {
		p.sees("登录会话", "当前会话")
		require.Equal(t, "4", p.eval(`String(document.querySelectorAll(".sessions li").length)`), "three windows and one that this test began")
		p.followNth("结束会话", 1)
		p.sees("该会话已结束")
		require.Equal(t, "3", p.eval(`String(document.querySelectorAll(".sessions li").length)`))
	})
	p.part("B09 a wrong present password is refused", func() {
		p.fill("当前密码", "错误的密码-1234")
		p.fill("新密码", otherPassword)
		p.fill("再次输入新密码", otherPassword)
		p.follow("修改密码")
		p.sees("当前密码不正确")
	})
	p.part("B09 changing the password ends every other session", func() {
		p.fill("当前密码", password)
		p.fill("新密码", otherPassword)
		p.fill("再次输入新密码", otherPassword)
		p.follow("修改密码")
		p.sees("密码已修改，其他登录会话已全部结束")
		require.Equal(t, "1", p.eval(`String(document.querySelectorAll(".sessions li").length)`))
		for _, window := range []*person{other, third} {
			window.open("/home")
			require.Regexp(t, `^/login`, window.path(), "the session ended")
		}
	})
	p.part("B09 the new password is the one that counts", func() {
		other.logsIn(b.subject.Code)
		other.sees("账号或密码不正确")
		require.Equal(t, b.subject.Code, other.value("账号"), "what was typed is kept")
		other.fill("账号", b.subject.Code)
		other.fill("密码", otherPassword)
		other.follow("登录")
		other.sees("首页")
	})
}

func TestB07_WithdrawAndDiscard(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员丁", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("麓山%d监理有限公司", nextNumber())).complete(t).submitted(t)
	p := b.sit(t)
	p.part("B07 a submission that nobody has taken can be withdrawn", func() {
		p.open("/profile")
		p.sees("审核中")
		p.press("撤回")
		p.sees("撤回后审核停止")
		p.followNth("撤回", 1)
		b.reaches(t, record.NothingFiled)
		p.open("/profile")
		require.Regexp(t, "/edit$", p.path(), "the content is a draft again")
		require.Equal(t, "示范大道 100 号 6 层", p.value("注册地址"))
	})
	p.part("B07 one that a reviewer has taken cannot", func() {
		p.open(p.path())
		p.checksAndSubmits()
		p.sees("审核中")
		task, err := s.store.ReviewOf(t.Context(), b.profile)
		require.NoError(t, err)
		claimed, err := s.store.Claim(t.Context(), reviewer.ID, task)
		require.NoError(t, err)
		require.True(t, claimed)
		p.press("撤回") // the page of before offers it still
		p.followNth("撤回", 1)
		p.sees("撤回未生效", "现有的内容和状态没有改变")
		p.open("/profile")
		p.sees("撤回：审核人员已领取，不能撤回")
		require.False(t, p.offers("撤回"))
	})
	p.part("B07 a returned filing can be given up", func() {
		b.decided(t, reviewer, record.Return, "营业执照已过期").reaches(t, record.Returned)
		p.open("/profile")
		p.sees("审核退回，请补正后重新提交", "营业执照已过期")
		p.press("放弃修改")
		p.sees("不能恢复")
		p.followNth("放弃修改", 1)
		b.reaches(t, record.NothingFiled)
		p.open("/home")
		p.sees("填写基本信息")
	})
}

func TestB18_SecondFactor(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	m := newMember(t, s, "新任审核员", record.Reviewer, false)
	p := newPerson(t, s)
	p.open("/staff")
	p.part("B18 a staff member's first login sets up the second factor", func() {
		p.fill("账号", m.Login)
		p.fill("密码", password)
		p.follow("登录")
		p.sees("设置动态口令", "不能扫码")
		shown := regexp.MustCompile(`[^A-Z2-7]`).ReplaceAllString(p.eval(`document.querySelector(".secret").textContent`), "")
		require.Equal(t, m.secret, shown)
		p.fill("6 位动态口令", "000000")
		p.follow("完成设置")
		p.sees("设置动态口令")
		p.fill("6 位动态口令", m.code(t))
		p.follow("完成设置")
		p.sees("审核队列")
	})
	p.part("W8 a one-time code serves once", func() {
		code := m.code(t)
		for _, want := range []string{"审核队列", "动态口令"} {
			again := newPerson(t, s)
			again.open("/staff/login")
			again.fill("账号", m.Login)
			again.fill("密码", password)
			again.follow("登录")
			again.fill("6 位动态口令", code)
			again.follow("验证")
			again.sees(want)
		}
	})
	p.part("B18 one who is disabled is out at once", func() {
		require.NoError(t, s.store.DisableStaff(t.Context(), record.Actor{Role: record.Supervisor}, m.ID))
		p.open("/staff")
		require.Equal(t, "/staff/login", p.path()[:len("/staff/login")])
	})
}

// TestB05_NobodyDecidesTheirOwnFiling shows that nobody decides a filing in which they appear.
func TestB05_NobodyDecidesTheirOwnFiling(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	m := newMember(t, s, "审核员戊", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("银盆岭%d设备有限公司", nextNumber())).complete(t)
	document := b.document()
	document.Agent.Name, document.Agent.IDNumber = "审核员戊", m.identity
	b.save(t, document)
	b.submitted(t)
	desk := m.sit(t, s)
	desk.takes(b.subject.Name)
	desk.sees("审核人员与该申报有关联，须由其他人员办理")
	require.False(t, desk.offers("领取办理"))
}

// TestN06_DeadlinesAreSeen shows the deadlines of a return, which are working
// days after the calendar.
func TestN06_DeadlinesAreSeen(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	m := newMember(t, s, "审核员己", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("浏阳河%d园林有限公司", nextNumber())).complete(t).submitted(t)
	p := b.sit(t)
	p.part("N06 a filing under review says by when", func() {
		p.open("/profile")
		p.sees("等待审核", "截止"+b.due(t))
		p.open("/home")
		p.sees("等待审核", "截止"+b.due(t))
	})
	p.part("N06 a returned one says by when to correct it", func() {
		b.decided(t, m, record.Return, "请补充", record.Remark{Field: "address", Text: "门牌号"}).reaches(t, record.Returned)
		p.open("/home")
		p.sees("等待您补正后重新提交", "逾期未提交的，本次申报自动失效", "截止"+b.due(t))
	})
}

// due is the deadline that is stored for the profile, as pages write it.
func (b *bidder) due(t testing.TB) string {
	t.Helper()
	r, err := b.system.store.Record(t.Context(), b.subject.ID, b.profile)
	require.NoError(t, err)
	require.True(t, r.DueAt.After(time.Now()), "the deadline is ahead")
	return r.DueAt.In(record.Shanghai).Format("2006-01-02 15:04")
}

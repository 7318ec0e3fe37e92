package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// processes are the links of the page that lead to Temporal Web.
func (p *person) processes() []string {
	p.t.Helper()
	links := p.eval(fmt.Sprintf(`[...document.querySelectorAll("a[href^='%s']")].map((a) => a.href).join(" ")`, os.Getenv("UNIREG_TEMPORAL_UI_URL")))
	return strings.Fields(links)
}

// resolves asks Temporal Web for the page of a link, and its server for what the
// page shows: the workflow is there, and nothing of it names anybody.
func (s *system) resolves(t *testing.T, link string, secrets ...string) {
	t.Helper()
	address, err := url.Parse(link)
	require.NoError(t, err)
	workflow := regexp.MustCompile(`^/namespaces/[^/]+/workflows/((?:record|registration)/[0-9a-f-]{36})/([0-9a-f-]{36})/history$`).FindStringSubmatch(address.Path)
	require.NotNil(t, workflow, link)
	page := fetched(t, link)
	require.Contains(t, page, "<html")
	api := fmt.Sprintf("%s://%s/api/v1/namespaces/%s/workflows/%s", address.Scheme, address.Host, s.name, url.PathEscape(workflow[1]))
	for _, asked := range []string{api + "?execution.runId=" + workflow[2], api + "/history?execution.runId=" + workflow[2]} {
		said := fetched(t, asked)
		for _, secret := range secrets {
			require.NotContains(t, said, secret)
		}
	}
}

func fetched(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", address, body)
	return string(body)
}

// findsSubject goes by 单位库 to the page of a subject.
func (p *person) findsSubject(name string) {
	p.t.Helper()
	p.open("/staff/subjects")
	p.fill("搜索名称、代码", name)
	p.follow("搜索")
	p.follow(name)
	p.sees(name, "交易资格", "敏感信息")
}

func TestB09_AtTheCounterInTwoBrowsers(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	boss := newMember(t, s, "柜台主管", record.Supervisor, true)
	b := newBidder(t, s, fmt.Sprintf("橘洲柜台%d有限公司", nextNumber())).complete(t).submitted(t)
	b.decided(t, boss, record.Approve, "").reaches(t, record.NothingFiled)
	clerk, phone, office := newMember(t, s, "柜台甲", record.Reviewer, true).sit(t, s), newPerson(t, s), b.sit(t)
	office.open("/home")
	office.sees("首页")

	link := ""
	clerk.part("B09 staff open a link for who stands before them, with reason and paper", func() {
		clerk.findsSubject(b.subject.Name)
		clerk.follow("柜台重置密码")
		clerk.sees("当面核验办理人身份", "30 分钟内有效")
		clerk.choose("重置原因", "忘记密码")
		clerk.choose("现场核验的证件", "营业执照和法定代表人（负责人）身份证")
		clerk.follow("开具一次性链接")
		clerk.sees("只显示这一次", "等待办理人设置")
		clerk.accessible("with an opened link")
		link = clerk.eval(`document.querySelector("#reset-link").textContent`)
		require.Regexp(t, `^`+s.origin+`/reset/[A-Za-z0-9_-]{43}$`, link)
		clerk.open(clerk.path())
		clerk.seesNot("/reset/")
	})
	path := strings.TrimPrefix(link, s.origin)
	phone.part("B09 the person sets a new password on their own device", func() {
		phone.open(path)
		phone.sees("设置新密码", b.subject.Name)
		phone.fill("新密码", "12345678")
		phone.fill("再次输入密码", "12345678")
		phone.follow("设置密码")
		phone.sees("需要修改")
		phone.fill("新密码", otherPassword)
		phone.fill("再次输入密码", otherPassword)
		phone.follow("设置密码")
		phone.sees("密码已设置")
		phone.fill("账号", b.subject.Code)
		phone.fill("密码", otherPassword)
		phone.follow("登录")
		phone.sees("首页")
		phone.open("/messages")
		phone.sees("密码已由柜台重置")
	})
	office.part("B09 whoever was logged in before is out", func() {
		office.open("/home")
		require.Regexp(t, `^/login`, office.path())
	})
	office.part("B09 the link serves once", func() {
		office.open(path)
		office.sees("链接无效或已失效")
	})
	clerk.part("B09 what was done is in the subject's history", func() {
		clerk.open(clerk.path())
		clerk.sees("已使用")
		clerk.follow("操作记录")
		clerk.sees("柜台开具密码重置链接", "柜台甲", "忘记密码")
	})
}

func TestN09_FromSubjectAndRecordToTemporalWeb(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("流程在线%d有限公司", nextNumber())).complete(t).submitted(t)
	secrets := []string{b.subject.Name, b.subject.Code, b.document().Representative.Name, b.document().Agent.Mobile}
	desk := newMember(t, s, "审核员网", record.Reviewer, true).sit(t, s)
	desk.part("N09 each running process of a subject is a link", func() {
		desk.findsSubject(b.subject.Name)
		address := desk.path()
		eventually(t, patience, func() string {
			desk.open(address)
			if n := len(desk.processes()); n < 2 {
				return fmt.Sprintf("%d processes are seen", n)
			}
			return ""
		})
		desk.sees("基本信息：审核中", "注册：等待基本信息生效")
		for _, link := range desk.processes() {
			s.resolves(t, link, secrets...)
		}
	})
	desk.part("N09 each page of the subject can be read by everybody", func() {
		for _, tab := range []string{"申报记录", "变更历史", "数字证书", "CA 申请", "登录会话", "消息", "占用申诉", "操作记录"} {
			desk.follow(tab)
			desk.sees(b.subject.Name)
		}
	})
	desk.part("N09 so is the one of a record, and at rest there is none", func() {
		desk.follow("申报记录")
		desk.followNth(b.subject.Name, desk.last(b.subject.Name)) // 基本信息 bears the subject's name
		desk.sees("办理记录", "在 Temporal Web 中查看后台流程")
		links := desk.processes()
		require.Len(t, links, 1)
		s.resolves(t, links[0], secrets...)
	})
}

func TestASupervisorReopensWhatCounts(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	boss := newMember(t, s, "主管重", record.Supervisor, true)
	b := newBidder(t, s, fmt.Sprintf("重新审核%d有限公司", nextNumber())).complete(t).submitted(t)
	b.decided(t, newMember(t, s, "审核员初", record.Reviewer, true), record.Approve, "").reaches(t, record.NothingFiled)
	desk := boss.sit(t, s)
	desk.part("a supervisor asks for another review, with a reason", func() {
		desk.open("/staff/records/" + string(b.profile))
		desk.press("重新审核")
		desk.sees("办结前继续有效")
		desk.fill("原因", "举报核查，请复核营业执照")
		desk.followNth("重新审核", desk.last("重新审核"))
		desk.sees("已重新进入审核队列", "变更审核中", "举报核查，请复核营业执照")
	})
	p := b.sit(t)
	p.part("the subject is told, and what counts goes on counting", func() {
		p.open("/messages")
		p.sees("重新审核", "原内容在此期间继续有效")
		p.open("/home")
		p.sees("纸质标可以参加")
	})
	desk.part("it is in the queue and is approved", func() {
		desk.open("/staff")
		desk.takes(b.subject.Name)
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		b.reaches(t, record.NothingFiled)
	})
	desk.part("W29 a look at what is masked takes a reason", func() {
		desk.findsSubject(b.subject.Name)
		desk.seesNot(b.document().Representative.IDNumber)
		desk.press("显示完整敏感信息（查看会留痕）")
		desk.choose("查看原因", "核对办理人身份")
		desk.follow("查看")
		desk.sees("查看已留痕", b.document().Representative.IDNumber)
		desk.follow("操作记录")
		desk.sees("查看完整敏感信息", "核对办理人身份")
	})
}

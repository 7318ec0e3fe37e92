package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
)

// The people of the organizations that are filled by hand.
const (
	representative = "欧阳𬀩"
	agent          = "周予安"
)

// fillsOrganization fills the form of an organization, field by field, after
// the data dictionary. It leaves out the attachments.
func (p *person) fillsOrganization(name string) {
	p.t.Helper()
	p.tick("机构类别", "企业")
	p.tick("主体角色", "投标人", "供应商")
	p.choose("经济性质", "国有企业")
	p.fill("成立日期", "2009-06-18")
	p.choose("行业", "建筑业", "房屋建筑业")
	p.choose("注册地", "湖南省", "长沙市", "岳麓区")
	p.fill("注册地址", "湘江中路 100 号 6 层")
	p.fill("注册资本", "12000.5")
	p.choose("币种", "元")
	p.tick("长期有效", "")
	p.fill("经营范围", "房屋建筑工程、市政公用工程施工总承包；\n建筑材料销售。")
	p.fill("网站", "https://example.com")
	p.fill("邮编", "410006")

	p.fill("姓名", representative)
	p.choose("证件类型", "居民身份证")
	p.fill("证件号码", sample.ResidentID(nextNumber()))
	p.fill("电话", "0731-82210013")
	p.fill("职务", "董事长")

	p.fill("经办人姓名", agent)
	p.fill("经办人身份证号码", sample.ResidentID(nextNumber()))
	p.fill("经办人手机", "13900007788")
	p.fill("电子邮箱", "agent@example.com")
	p.fill("联系地址", "湘江中路 100 号")

	p.fill("开户银行", "示范银行")
	p.fill("开户支行", "示范银行岳麓支行")
	p.fill("账户名称", name)
	p.fill("账号", "6200 0000 0000 4471")
}

// organizationPapers are the attachments of an organization.
var organizationPapers = []string{"营业执照", "法定代表人身份证正反面", "经办人授权委托书", "开户许可证/基本存款账户信息"}

// attaches uploads a paper for each attachment, pictures and documents in turn.
func (p *person) attaches(d papers, labels ...string) {
	p.t.Helper()
	for i, label := range labels {
		name := strings.ReplaceAll(label, "/", "-")
		if i%2 == 0 {
			p.upload(label, d.scan(name+"（扫描件）.png"))
		} else {
			p.upload(label, d.pdf(name+".pdf"))
		}
	}
}

// registersOrganization registers and comes to the empty form.
func (p *person) registersOrganization(name string) {
	p.t.Helper()
	p.registers("单位", sample.CreditCode(nextNumber()), "单位全称", name)
	p.sees("注册成功")
	p.press("开始填写基本信息")
}

// checksAndSubmits goes by the page of answers.
func (p *person) checksAndSubmits() {
	p.t.Helper()
	p.follow("核对并提交")
	p.sees("以下就是将要提交的全部内容")
	p.follow("提交")
}

// TestOrganizationFromRegistrationToChange is the whole way of an organization.
func TestOrganizationFromRegistrationToChange(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p, d := newPerson(t, s), newPapers(t)
	name := fmt.Sprintf("岳麓建工集团%d有限公司", nextNumber())
	p.registersOrganization(name)

	p.part("S19 the navigation is the list of tasks", func() {
		p.sees("基本信息", "单位资质", "单位业绩", "执业人员", "获奖信息", "变更历史总览", "数字证书")
		for _, task := range []string{"单位资质", "单位业绩", "执业人员", "获奖信息"} {
			p.follow(task + "未填报")
			p.sees("还没有填报" + task)
		}
		p.follow("数字证书")
		p.sees("还没有绑定数字证书")
		p.follow("变更历史总览")
		p.sees("还没有变更记录")
		p.follow("基本信息草稿")
	})
	p.part("S10 without the required fields no submit, and a summary of what is missing", func() {
		p.sees("带 * 为必填项", "与营业执照一致", "单个不超过 20 MB")
		p.follow("核对并提交")
		p.sees("处需要修改，修改后即可提交", "注册地址", "营业执照", "经办人姓名")
		require.Equal(t, "true", p.eval(`String(document.activeElement === document.querySelector(".errsum"))`), "the summary has the focus")
		p.press("注册地址：" + "请填写注册地址")
		eventually(t, patience, func() string {
			if at := p.eval(`document.activeElement.name ?? ""`); at != "address" {
				return "the link of the summary leads to " + at
			}
			return ""
		})
	})
	p.part("S10 every field is filled and every paper attached", func() {
		p.fillsOrganization(name)
		p.attaches(d, organizationPapers...)
		p.follow("保存草稿")
		p.sees("草稿已保存")
		require.Regexp(t, `必填(\d+)/(\d+)项`, p.find("bar").Value)
		done, total, _ := strings.Cut(strings.Trim(p.find("bar").Value, "必填项"), "/")
		require.Equal(t, total, done, "required fields filled")
	})
	p.part("S12 says before the submit that it is for 纸质标 only", func() {
		p.sees("当前为账号登录，提交后仅可开展纸质标业务")
		p.follow("核对并提交")
		p.sees("核对基本信息", "当前为账号登录，提交后仅可开展纸质标业务", "湘江中路 100 号 6 层", representative, "湖南省", "岳麓区", "房屋建筑业", "12,000.5 万元", "6200000000004471")
	})
	p.part("S11 after the submit every field is read-only", func() {
		p.follow("提交")
		p.sees("审核中", "湘江中路 100 号 6 层")
		p.readsOnly()
		record := p.path()
		p.open(record + "/edit")
		require.Equal(t, record, p.path(), "the form is closed")
	})
	p.part("S12 says so after the submit", func() {
		p.sees("本次以账号登录提交，仅可开展纸质标业务")
	})
	p.part("N06 the time line tells what is awaited and until when", func() {
		p.sees("我的申报到哪一步了", "等待审核", "截止", "审核通过后生效")
	})

	first, second := newMember(t, s, "初审员甲", record.Confirmer, true), newMember(t, s, "复核员乙", record.Supervisor, true)
	desk := first.sit(t, s)
	p.part("B02 a reviewer returns it with a remark on a field", func() {
		desk.takes(name)
		desk.sees("首次登记，全部为新填", representative, "系统核验")
		desk.follow("领取办理")
		desk.sees("由我办理")
		desk.press("写意见：注册地址")
		desk.fill("对“注册地址”的意见", "与营业执照不一致，请核对门牌号")
		desk.press("退回补正")
		desk.fill("意见", "请按字段意见修改")
		desk.decides("退回")
		desk.sees("已退回补正：")
	})
	p.part("N01 the bidder sees the remark and corrects the field", func() {
		p.open("/home")
		p.sees("补正基本信息", "退回待补正", "审核退回")
		p.follow("去补正")
		p.sees("审核退回，请补正后重新提交", "请按字段意见修改", "与营业执照不一致，请核对门牌号", "补正截止")
		p.fill("注册地址", "湘江中路 102 号 6 层")
		p.checksAndSubmits()
		p.sees("审核中", "重新提交")
	})
	p.part("B02 the reviewer approves what was corrected", func() {
		desk.open("/staff")
		desk.takes(name)
		desk.sees("上次退回的意见", "已修改")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		desk.sees("已通过：")
		p.open("/profile")
		p.sees("已生效", "审核通过，已生效")
		p.open("/home")
		p.sees("纸质标可以参加", "电子标暂不能参加")
	})
	p.part("S18 B06 a change takes a reason and opens the form", func() {
		p.open("/profile")
		p.press("变更")
		p.sees("变更期间，已生效的内容继续有效")
		p.press("开始变更")
		p.sees("变更期间，已生效的内容继续有效") // without a reason nothing begins
		p.fill("变更原因", "法定代表人变更")
		p.follow("开始变更")
		p.sees("变更原因：法定代表人变更")
		p.fill("姓名", "陈明远")
		p.follow("核对并提交")
		p.sees("本次改动 1 处", representative, "陈明远")
		p.follow("提交")
		p.sees("变更审核中", "查看现行有效的内容")
	})
	p.part("B05 a key change takes two reviewers", func() {
		desk.open("/staff")
		desk.takes(name)
		desk.sees("法定代表人变更", "含 1 个关键项")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		desk.open("/staff")
		desk.takes(name)
		desk.sees("初审与复核须由两名不同人员办理")
		other := second.sit(t, s)
		other.takes(name)
		other.sees("复核", "初审员甲", "初审通过")
		other.follow("领取办理")
		other.press("复核通过")
		other.decides("复核通过")
		other.sees("已复核通过：")
	})
	p.part("S30 B06 the history has a row for each version, with reason, and shows each", func() {
		p.open("/history")
		p.sees("第 1 版", "首次登记", "第 2 版", "第 3 版", "法定代表人变更", "现行有效", "账号登录", name)
		p.follow("查看第 3 版")
		p.sees("变更原因：法定代表人变更", "与第 2 版相比，改动 1 处", representative, "陈明远", "内容指纹")
		p.readsOnly()
		p.open("/history")
		p.follow("查看第 2 版")
		p.sees(representative, "湘江中路 102 号 6 层")
		p.seesNot("陈明远")
	})
	p.part("the decisions are among the messages", func() {
		p.open("/messages")
		p.sees("消息", "通过", "退回")
	})
}

// readsOnly reports that nothing on the page can be filled.
func (p *person) readsOnly() {
	p.t.Helper()
	require.Equal(p.t, "0", p.eval(`String([...document.querySelectorAll("main input, main select, main textarea")]
		.filter((e) => e.type !== "hidden" && !e.closest("dialog:not([open]), form[method=get]")).length)`), "fields that can be filled")
}

// takes opens a filing from the reviewers' queue, found by its name.
func (p *person) takes(name string) {
	p.t.Helper()
	p.fill("搜索单位名称或代码", name)
	p.follow("搜索")
	p.follow("打开：" + name)
	p.sees(name, "审核")
}

// decides presses the button of a decision, which also says whether the next
// filing is opened, and comes back to the queue.
func (p *person) decides(word string) {
	p.t.Helper()
	button := word
	if p.offers(word + "并打开下一件") {
		button += "并打开下一件"
	}
	p.followNth(button, p.last(button))
}

// last is the place of the last of several things that bear the same text.
func (p *person) last(text string) int {
	nth := 1
	for p.look("press", text, nth+1).OK {
		nth++
	}
	return nth
}

// TestB23_PersonFromRegistrationToApproval is the shorter way of a person.
func TestB23_PersonFromRegistrationToApproval(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p, d := newPerson(t, s), newPapers(t)
	number, name := sample.ResidentID(nextNumber()), "谭𬀩安"
	p.registers("自然人", number, "姓名", name)
	p.press("开始填写基本信息")
	p.part("B23 what the number tells is filled in", func() {
		require.Equal(t, name, p.value("姓名"))
		born, _ := record.ResidentIDBirthDate(number)
		require.Equal(t, born.Format(time.DateOnly), p.value("出生日期"))
		require.NotContains(t, p.value("证件号码"), number, "masked")
	})
	p.part("B23 fills, attaches and submits", func() {
		p.choose("学历", "大学")
		p.tick("主体角色", "供应商", "竞得人")
		p.choose("所在地", "湖南省", "长沙市", "岳麓区")
		p.fill("联系地址", "示范路 1 号")
		p.fill("手机", "１３７０００１２３４５")
		p.attaches(d, "身份证正反面")
		p.checksAndSubmits()
		p.sees("审核中", "本次以账号登录提交")
		p.readsOnly()
	})
	p.part("B23 is approved", func() {
		desk := newMember(t, s, "审核员丙", record.Reviewer, true).sit(t, s)
		desk.takes(name)
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		p.open("/home")
		p.sees("已生效", "纸质标可以参加")
	})
}

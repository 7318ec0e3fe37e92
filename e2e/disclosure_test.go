package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// TestB12_ACitizenLooksUpWhatIsInForce has a unit and its qualification approved,
// looks them up as anybody may, at a desk and on a phone, with and without scripts,
// and sees at once what is voided.
func TestB12_ACitizenLooksUpWhatIsInForce(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员公", record.Reviewer, true)
	part := fmt.Sprintf("公示%d工程", nextNumber())
	name := "麓山" + part + "有限公司"
	h := newHolder(t, s, name)
	h.bidder.submitted(t).decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)
	number := fmt.Sprintf("D343%06d", nextNumber()%1_000_000)
	f := h.begins(t, record.Qualification, func(file form.File) record.Document { return sample.Qualification(number, file) }).submitted(t)
	p := newPerson(t, s)
	p.part("B12 nothing is public of what is under review", func() {
		p.open("/disclosure?kind=qualification&q=" + number)
		p.sees("没有符合条件的公示信息")
	})
	f.approved(t, reviewer)
	p.part("B12 the start page leads to the search, which finds a unit by a part of its name", func() {
		p.open("/")
		p.followNth("信息公示", 1)
		p.sees("信息公示", "不含个人信息、附件和账户")
		p.fill("查询公示信息", part)
		p.follow("查询")
		p.sees(name, h.subject.Code, "有效")
	})
	p.part("B12 its page shows what it holds, and nobody", func() {
		p.follow(name)
		p.sees(name, "基本信息第 1 版", number, "可承担高度 200 米以下的建筑工程。", "近期变更")
		p.seesNot("陈明远", "周予安", "13900007788", "示范银行")
	})
	p.part("B12 further conditions narrow the search level by level", func() {
		p.open("/disclosure?kind=qualification&q=" + number)
		p.press("更多条件")
		p.choose("注册地", "湖南省", "长沙市")
		p.choose("资质等级", "壹级")
		p.follow("查询")
		p.sees(number, name)
	})
	phone := newPerson(t, s)
	phone.window(390, 844)
	phone.withoutScripts()
	got := h.at(s.origin).post(t, f.path("/void"), url.Values{"command": {string(storage.NewID())}, "reason": {"证书已注销"}})
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	eventually(t, patience, func() string {
		r, err := s.store.Record(t.Context(), h.subject.ID, f.id)
		if err != nil {
			return err.Error()
		}
		if r.State.Standing != record.Voided {
			return "the qualification is not voided yet"
		}
		return ""
	})
	phone.part("B12 on a phone without scripts what was voided is told as such", func() {
		phone.open("/disclosure")
		phone.fill("查询公示信息", h.subject.Code)
		phone.follow("查询")
		phone.follow(name)
		phone.sees(number, "已作废", "作废")
		phone.open("/disclosure/recent?kind=qualification")
		phone.sees("近期公示", name)
	})
}

package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// firm is a bidder that holds a key and is logged in with it.
type firm struct {
	*bidder
	key certificatetest.Key
}

func (p *portal) firm(w *certificatetest.World) *firm {
	p.t.Helper()
	who := p.newOrganization()
	f := &firm{bidder: p.enter(who), key: w.Issue(p.t, certificate.RSA, who.subject.Code)}
	require.Equal(p.t, http.StatusSeeOther, f.byKey(f.key).Status)
	return f
}

func (f *firm) actor() record.Actor {
	return record.Actor{Role: record.Applicant, ID: f.who.account, Assurance: record.ByCertificate, Certificate: f.key.Certificate.SHA256()}
}

// scan is a stored attachment of the draft that the firm is about.
func (f *firm) scan() form.File {
	f.p.t.Helper()
	return f.stored(f.upload(firstFile(f.draft().Document), "扫描件.png", picture(f.p.t, 8)))
}

// write puts a document into the draft that the firm is about.
func (f *firm) write(document record.Document) {
	f.p.t.Helper()
	_, err := f.p.Store.SaveDraft(f.p.t.Context(), f.who.subject.ID, f.id, f.draft().Version, document)
	require.NoError(f.p.t, err)
}

// submitDraft submits it, signed, straight in the store.
func (f *firm) submitDraft() {
	f.p.t.Helper()
	version := f.draft().Version
	digest, _, err := f.p.Store.DraftDigest(f.p.t.Context(), f.who.subject.ID, f.id, version)
	require.NoError(f.p.t, err)
	f.command(record.Command{Move: record.Submit, Draft: version, Digest: digest, Signature: []byte("signature")})
}

// move makes a move of the firm's own, with a reason.
func (f *firm) move(move record.Move, reason string) {
	f.p.t.Helper()
	f.command(record.Command{Move: move, Reason: reason})
}

func (f *firm) command(c record.Command) {
	f.p.t.Helper()
	c.ID, c.Record, c.Subject, c.Actor = storage.NewID(), f.id, f.who.subject.ID, f.actor()
	_, err := f.p.Store.Accept(f.p.t.Context(), c)
	require.NoError(f.p.t, err)
	applied, err := f.p.Store.Apply(f.p.t.Context(), f.id, []record.ID{c.ID})
	require.NoError(f.p.t, err)
	require.Len(f.p.t, applied.Outcomes, 1)
	require.True(f.p.t, applied.Outcomes[0].Applied, applied.Outcomes[0].Refusal)
}

// submitted begins a record of a kind and submits a document
// that refers to a stored attachment.
func (f *firm) submitted(kind record.Kind, document func(scan form.File) record.Document) record.ID {
	f.p.t.Helper()
	f.start(kind)
	f.write(document(f.scan()))
	f.submitDraft()
	return f.id
}

func majorOf(code string) form.Choice {
	return form.Choice{Code: code, Name: codes.QualificationMajors.FullName(code)}
}

func TestB17_TheReviewerIsToldOfDuplicatesAndTheBidderIsNot(t *testing.T) {
	p, w := keyPortal(t)
	a, b := p.firm(w), p.firm(w)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	number, name := newResidentID(), "同一人"+suffix()
	person := func(scan form.File) record.Document { return sample.Practitioner(number, name, scan) }
	first := a.submitted(record.Practitioner, person)
	second := b.submitted(record.Practitioner, person)

	page := reviewer.get(b.review())
	require.Contains(t, page.text(), "该人员在其他单位的登记正在办理")
	require.Contains(t, page.text(), a.who.subject.Name)
	require.Contains(t, page.Body, staffRecordPath(first))
	require.Contains(t, page.text(), "注册编号与其他记录相同")
	require.Contains(t, page.text(), "安全生产考核证编号与其他记录相同")
	require.NotContains(t, page.Body, number, "W29 the evidence is masked")

	a.decide(staff, record.Approve, "")
	page = reviewer.get(b.review())
	require.Contains(t, page.text(), "该人员在其他单位已有有效登记，通过时会被拒绝")
	refused := reviewer.submit(page, b.review()+"/approve", page.nonce())
	require.Equal(t, http.StatusConflict, refused.Status)
	require.Contains(t, refused.text(), record.RefusedEmployed.Explain())
	b.decide(staff, record.Return, "请核实该人员的聘用关系")
	for _, path := range []string{b.path(""), b.path("/edit"), b.path("/check"), listPath(record.Practitioner), "/messages", "/home", staffRecordPath(first)} {
		answer := b.get(path)
		for _, secret := range []string{a.who.subject.Name, a.who.subject.Code, string(first)} {
			if path != staffRecordPath(first) {
				require.NotContains(t, answer.Body, secret, path)
			}
		}
	}
	require.Equal(t, http.StatusSeeOther, b.get(staffRecordPath(first)).Status, "a page of staff")
	require.NotEqual(t, first, second)

	t.Run("the same contract of another subject", func(t *testing.T) {
		project := "示范家园" + suffix()
		contract := func(scan form.File) record.Document {
			d := sample.Performance(project, form.Reference{}, scan)
			d.ContractClass = form.Choice{Code: "goods", Name: "货物"}
			return d
		}
		a.submitted(record.Performance, contract)
		b.submitted(record.Performance, contract)
		page := reviewer.get(b.review())
		require.Contains(t, page.text(), "项目名称、建设单位和合同金额与其他主体的业绩相同")
		require.Contains(t, page.text(), a.who.subject.Name)
		require.Contains(t, page.text(), "另有", "the same file under two subjects")
	})
	t.Run("nothing found is said, too", func(t *testing.T) {
		b.submitted(record.Qualification, func(scan form.File) record.Document { return sample.Qualification("D"+strings.ToUpper(suffix()), scan) })
		require.Contains(t, reviewer.get(b.review()).text(), "没有与其他记录重复的登记")
	})
}

func TestN01_ARemarkOnARowLandsInItsDialog(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	document := sample.Qualification("D"+strings.ToUpper(suffix()), form.File{})
	f.submitted(record.Qualification, func(scan form.File) record.Document {
		document.Certificate = []form.File{scan}
		return document
	})
	page := reviewer.get(f.review())
	for _, want := range []string{"资质列表：“" + document.Lines[0].Major.Name + "”", "资质列表：“" + document.Lines[1].Major.Name + "”"} {
		require.Contains(t, page.text(), want, "each row stands for itself")
	}
	require.Contains(t, page.Body, `name="remark.lines.line1.scope"`)
	values := page.nonce()
	values.Set("remark.lines.line1.scope", "与证书副本不一致")
	values.Set("remark.lines.line2.grade", "证书上为一级")
	values.Set("remark.lines.line9.scope", "没有这一行")
	require.Equal(t, "/staff", reviewer.submit(page, f.review()+"/return", values).location())

	field := f.path("/rows/lines/line1") + "#f-lines.line1.scope"
	shown := f.get(f.path(""))
	require.Contains(t, shown.Body, `href="`+field+`"`, "the bidder lands on that field")
	require.Contains(t, shown.text(), "资质类型第 1 项“可承担业务”")
	require.NotContains(t, shown.text(), "没有这一行")
	edit := f.get(f.path("/edit"))
	require.Contains(t, edit.Body, `href="`+field+`"`)
	require.Contains(t, edit.text(), "与证书副本不一致")
	dialog := f.get(f.path("/rows/lines/line1"))
	require.Contains(t, dialog.Body, `id="f-lines.line1.scope"`)
	require.Contains(t, dialog.text(), "与证书副本不一致")

	t.Run("what was corrected is ticked off, a row that was deleted too", func(t *testing.T) {
		document.Lines[0].Scope = "可承担高度 100 米以下的建筑工程。"
		document.Lines = document.Lines[:1]
		f.write(document)
		edit := f.get(f.path("/edit"))
		require.Contains(t, edit.text(), "资质类型第 2 项“等级”", "the label is that of what was returned")
		require.Equal(t, 2, strings.Count(edit.Body, `class="resolved"`))
		f.submitDraft()
		again := reviewer.get(f.review())
		require.Equal(t, 2, strings.Count(again.text(), "已修改"), again.text())
	})
}

func TestB04_RowsAreComparedAsRows(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	document := sample.Qualification("D"+strings.ToUpper(suffix()), form.File{})
	f.submitted(record.Qualification, func(scan form.File) record.Document {
		document.Certificate = []form.File{scan}
		return document
	})
	f.decide(staff, record.Approve, "")
	require.NoError(t, p.Store.StartChange(t.Context(), f.who.account, f.who.subject.ID, f.id, "增项"))
	gone := document.Lines[1].Major.Name
	document.Lines[0].Scope = "可承担高度 300 米以下的建筑工程。"
	document.Lines = []record.QualificationLine{
		{Key: form.Key{ID: "line3"}, Major: majorOf("1040A030"), Grade: document.Lines[1].Grade, Scope: "新增的一项"}, document.Lines[0],
	}
	f.write(document)
	f.submitDraft()
	page := reviewer.get(f.review())
	for _, want := range []string{
		"资质列表：新增“" + majorOf("1040A030").Name + "”", "资质列表：删除“" + gone + "”", "资质列表：修改“" + document.Lines[1].Major.Name + "”",
	} {
		require.Contains(t, page.text(), want)
	}
	require.Contains(t, page.Body, `name="remark.lines.line3.scope"`)
	require.NotContains(t, page.Body, `name="remark.lines.line2.grade"`, "what was deleted is nowhere to be corrected")
}

func TestStaffReadWhatSubjectsTakeBack(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	number, name := newResidentID(), "周予安"+suffix()
	person := sample.Practitioner(number, name, form.File{})
	id := f.submitted(record.Practitioner, func(scan form.File) record.Document {
		person = sample.Practitioner(number, name, scan)
		return person
	})
	f.decide(staff, record.Approve, "资料齐全")
	require.NoError(t, p.Store.StartChange(t.Context(), f.who.account, f.who.subject.ID, id, "升任"))
	person.Position = "总工程师"
	f.write(person)
	f.submitDraft()
	f.decide(staff, record.Approve, "")
	f.move(record.Release, "合同到期")
	f.move(record.Restore, "")
	f.move(record.Void, "填报有误")

	list := reviewer.get("/staff/withdrawals?kind=practitioner")
	require.Equal(t, http.StatusOK, list.Status)
	for _, want := range []string{name, f.who.subject.Name, f.who.subject.Code, "合同到期", "填报有误", "解除聘用", "取消作废", "已作废"} {
		require.Contains(t, list.text(), want)
	}
	require.Less(t, strings.Index(list.Body, "填报有误"), strings.Index(list.Body, "合同到期"), "newest first")
	require.Contains(t, list.Body, `href="`+staffRecordPath(id)+`"`)
	require.NotContains(t, reviewer.get("/staff/withdrawals?kind=award").Body, string(id))
	require.Contains(t, reviewer.get("/staff/withdrawals?kind=nonsense&after=x&before=y").Body, string(id))

	page := reviewer.get(staffRecordPath(id))
	require.Equal(t, http.StatusOK, page.Status)
	for _, want := range []string{name, "总工程师", "历次版本", "第 1 版", "解除聘用", "资料齐全", "合同到期", "一级注册建造师"} {
		require.Contains(t, page.text(), want)
	}
	require.Contains(t, page.Body, "/staff/files/"+person.Card[0].ID)
	require.NotContains(t, page.Body, `action="`+staffRecordPath(id)+`/reveal"`, "a reviewer reveals what they hold")
	require.NotContains(t, page.Body, number, "W29")

	t.Run("any version is compared with any other", func(t *testing.T) {
		diff := reviewer.get(staffRecordPath(id) + "?version=2&against=1").text()
		require.Contains(t, diff, "与第 1 版相比，改动 1 处")
		require.Contains(t, diff, "项目经理")
		require.Contains(t, reviewer.get(staffRecordPath(id)+"?version=1&against=2").text(), "与第 2 版相比")
		require.NotContains(t, reviewer.get(staffRecordPath(id)+"?version=2&against=2").text(), "相比，改动")
		for _, query := range []string{"?version=9", "?version=1&against=9"} {
			require.Equal(t, http.StatusNotFound, reviewer.get(staffRecordPath(id)+query).Status, query)
		}
		require.Equal(t, http.StatusNotFound, reviewer.get(staffRecordPath(storage.NewID())).Status)
		require.Equal(t, http.StatusNotFound, reviewer.get(staffRecordPath("x")).Status)
	})
	t.Run("W29 supervisors reveal, and the look is noted", func(t *testing.T) {
		page := boss.get(staffRecordPath(id) + "?version=1")
		require.NotContains(t, page.Body, number)
		require.Equal(t, http.StatusForbidden, reviewer.submit(reviewer.get("/staff"), staffRecordPath(id)+"/reveal", url.Values{"version": {"1"}}).Status)
		mute := boss.submit(page, staffRecordPath(id)+"/reveal", url.Values{"version": {"1"}, "reason": {"other"}})
		require.Equal(t, http.StatusUnprocessableEntity, mute.Status)
		require.Contains(t, mute.text(), "请写明原因")
		require.NotContains(t, mute.Body, number)
		require.Zero(t, count(t, "SELECT count(*) FROM events WHERE record = ? AND type = 'revealed'", id))
		revealed := boss.submit(page, staffRecordPath(id)+"/reveal", url.Values{"version": {"1"}, "against": {"0"}, "reason": {"inquiry"}, "note": {"协查函 2026-7"}})
		require.Contains(t, revealed.Body, number)
		require.Contains(t, revealed.text(), "查看完整敏感信息")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE record = ? AND type = 'revealed' AND data->>'version' = '1'", id))
		require.Equal(t, http.StatusNotFound, boss.submit(page, staffRecordPath(id)+"/reveal", url.Values{"version": {"9"}, "reason": {"inquiry"}}).Status)
		require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE record = ? AND type = 'revealed'", id), "what was not shown is not noted")
	})
}

// A change was begun in one tab while the record was voided in another.
func TestS24_ARecordThatWasVoidedOverAnOpenChangeIsRestored(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	_, staff := p.newStaff(record.Reviewer, true)
	f.submitted(record.Award, func(scan form.File) record.Document { return sample.Award("芙蓉奖"+suffix(), scan) })
	f.decide(staff, record.Approve, "")
	page := f.get(f.path(""))
	require.NoError(t, p.Store.StartChange(t.Context(), f.who.account, f.who.subject.ID, f.id, "更正"))
	voided := f.submit(page, f.path("/void"), url.Values{"command": {page.input("command")}, "reason": {"误报"}})
	require.Equal(t, f.path(""), voided.location(), voided.text())
	require.Contains(t, f.get(listPath(record.Award)).text(), "取消作废")
	page = f.get(f.path(""))
	restored := f.submit(page, f.path("/restore"), url.Values{"command": {page.input("command")}})
	require.Equal(t, f.path(""), restored.location(), restored.text())
	require.Equal(t, settled, f.state())
	require.Contains(t, f.get(f.path("")).text(), "有一份尚未提交的变更草稿")
}

func TestB07_ADraftThatWasWithdrawnAndDeletedLeavesTheList(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	f.submitted(record.Award, func(scan form.File) record.Document { return sample.Award("芙蓉奖"+suffix(), scan) })
	f.move(record.Withdraw, "")
	page := f.get(f.path("/edit"))
	gone := f.submit(page, f.path("/discard"), url.Values{"command": {page.input("command")}})
	require.Equal(t, listPath(record.Award), gone.location(), gone.text())
	require.Contains(t, f.get(listPath(record.Award)).text(), "还没有填报")
}

package web

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/view"
)

// bidder is a subject in a browser, with the draft of its profile open.
type bidder struct {
	*browser
	who person
	id  record.ID // of the profile
}

// bidder registers an organization and logs it in.
func (p *portal) bidder() *bidder {
	p.t.Helper()
	return p.enter(p.newOrganization())
}

// enter logs a subject in and opens its profile.
func (p *portal) enter(who person) *bidder {
	p.t.Helper()
	b := &bidder{browser: p.browser(), who: who}
	b.login(who)
	opened := b.get("/profile")
	if opened.Status == http.StatusOK {
		opened = b.submit(opened, "/profile", nil)
	}
	require.Equal(p.t, http.StatusSeeOther, opened.Status, opened.Body)
	id, _ := strings.CutPrefix(opened.location(), "/records/")
	id, _, _ = strings.Cut(id, "/")
	require.True(p.t, storage.ValidID(id), opened.location())
	b.id = record.ID(id)
	return b
}

func (b *bidder) path(rest string) string { return "/records/" + string(b.id) + rest }

// fields are what a browser posts of a document.
func fields(d record.Document) url.Values {
	values := url.Values{}
	for _, f := range d.Form(today()).Fields() {
		if f.Fixed || f.Empty() {
			continue
		}
		values[f.Name] = f.Input()
	}
	return values
}

// document is a complete 基本信息, with one file uploaded for all attachments.
func (b *bidder) document() record.Document {
	b.p.t.Helper()
	field := "licence"
	if b.who.subject.Type == record.Person {
		field = "card"
	}
	uploaded := b.upload(field, "营业执照.png", picture(b.p.t, 8))
	require.Equal(b.p.t, http.StatusCreated, uploaded.Status, uploaded.Body)
	file := b.stored(uploaded)
	if b.who.subject.Type == record.Person {
		return sample.Person(b.who.subject.Code, b.who.subject.Name, file)
	}
	return sample.Organization(b.who.subject.Code, b.who.subject.Name, file)
}

// stored is the file that an upload answered with.
func (b *bidder) stored(uploaded *answer) form.File {
	b.p.t.Helper()
	var id string
	for part := range strings.SplitSeq(uploaded.Body, `"`) {
		if storage.ValidID(part) {
			id = part
		}
	}
	file, err := b.p.Store.File(b.p.t.Context(), b.who.subject.ID, record.ID(id))
	require.NoError(b.p.t, err)
	return file.Form()
}

// picture is a PNG with sides of that many pixels.
func picture(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))))
	return b.Bytes()
}

// part is one part of a multipart body; name is that of a file, or "".
type part struct {
	field, name string
	content     []byte
}

func multipartBody(t *testing.T, parts ...part) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, p.field)
		if p.name != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, p.name)
			header.Set("Content-Type", "application/octet-stream")
		}
		header.Set("Content-Disposition", disposition)
		out, err := w.CreatePart(header)
		require.NoError(t, err)
		_, err = out.Write(p.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return body, w.FormDataContentType()
}

// upload sends a file as the script does.
func (b *bidder) upload(field, name string, content []byte) *answer {
	b.p.t.Helper()
	body, contentType := multipartBody(b.p.t, part{"file", name, content})
	r := httptest.NewRequest(http.MethodPost, "/files?record="+string(b.id)+"&field="+field, body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json")
	r.Header.Set(csrfHeader, b.get("/account").token())
	return b.send(r)
}

// fill saves a complete document and checks it: what is left is to submit.
func (b *bidder) fill() *answer {
	b.p.t.Helper()
	return b.check(b.document())
}

// check posts a document from the page of the draft and follows to the answers.
func (b *bidder) check(d record.Document) *answer {
	b.p.t.Helper()
	page := b.get(b.path("/edit"))
	values := fields(d)
	values.Set("draft_version", page.input("draft_version"))
	checked := b.submit(page, b.path("/check"), values)
	require.Equal(b.p.t, http.StatusSeeOther, checked.Status, checked.text())
	require.Equal(b.p.t, b.path("/check"), checked.location())
	return b.follow(checked)
}

// nonce are the fields by which a page's command is known.
func (a *answer) nonce() url.Values {
	values := url.Values{"command": {a.input("command")}}
	for _, name := range []string{"draft_version", "version"} {
		if value := a.input(name); value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// file fills and submits.
func (b *bidder) file() *answer {
	b.p.t.Helper()
	page := b.fill()
	return b.submit(page, b.path("/submit"), page.nonce())
}

func (b *bidder) state() record.State {
	b.p.t.Helper()
	found, err := b.p.Store.Record(b.p.t.Context(), b.who.subject.ID, b.id)
	require.NoError(b.p.t, err)
	return found.State
}

// decide makes a reviewer's move straight in the store.
func (b *bidder) decide(staff record.ID, move record.Move, reason string, remarks ...record.Remark) {
	b.p.t.Helper()
	c := record.Command{
		ID: storage.NewID(), Record: b.id, Move: move, Actor: record.Actor{Role: record.Reviewer, ID: staff}, Reason: reason, Remarks: remarks,
	}
	_, err := b.p.Store.Accept(b.p.t.Context(), c)
	require.NoError(b.p.t, err)
	applied, err := b.p.Store.Apply(b.p.t.Context(), b.id, []record.ID{c.ID})
	require.NoError(b.p.t, err)
	require.Len(b.p.t, applied.Outcomes, 1)
	require.True(b.p.t, applied.Outcomes[0].Applied, applied.Outcomes[0].Refusal)
}

func TestAProfileIsFiledFromThePages(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()

	t.Run("S10 the page of the draft guides", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		require.Equal(t, http.StatusOK, page.Status)
		require.Contains(t, page.Body, "统一社会信用代码")
		require.Contains(t, page.Body, `name="licence_long_term"`)
		require.Contains(t, page.text(), "仅可开展纸质标") // S12: said before
	})
	t.Run("S10 an incomplete draft is saved, and the summary says what is missing", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		checked := b.submit(page, b.path("/check"), url.Values{
			"draft_version": {page.input("draft_version")}, "legal_name": {"只填了名称的单位"}, "founded_on": {"二〇〇九年"},
		})
		require.Equal(t, http.StatusUnprocessableEntity, checked.Status)
		require.Contains(t, checked.Body, "只填了名称的单位")
		require.Contains(t, checked.Body, "二〇〇九年", "what was typed is kept as it was typed")
		require.Contains(t, checked.text(), "请上传营业执照")
		draft, err := p.Store.Draft(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		require.Equal(t, "只填了名称的单位", draft.Document.Title())
		require.Equal(t, http.StatusSeeOther, b.get(b.path("/check")).Status, "there are no answers to check yet")
	})

	t.Run("S05 the first visit names the login account", func(t *testing.T) {
		page := b.follow(b.get("/profile?welcome=1"))
		require.Contains(t, page.text(), "您的登录账号是")
		require.Contains(t, page.Body, `<p class="account">`+b.who.subject.Name+`</p>`)
		require.NotContains(t, b.get(b.path("/edit")).text(), "您的登录账号是")
	})
	t.Run("full-width digits and stray spaces are brought to their form", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		saved := b.submit(page, b.path("/draft"), url.Values{
			"draft_version": {page.input("draft_version")}, "representative_phone": {" １３８０００００００１　"}, "address": {"  𬀩路 1 号 "},
		})
		require.Equal(t, http.StatusSeeOther, saved.Status)
		draft, err := p.Store.Draft(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		fields := draft.Document.Form(today())
		require.Equal(t, "13800000001", fields.Field("representative_phone").Text())
		require.Equal(t, "𬀩路 1 号", fields.Field("address").Text())
	})

	page := b.fill()
	require.Contains(t, page.text(), "仅可开展纸质标")
	require.Contains(t, page.text(), "2 个工作日")
	submitted := b.submit(page, b.path("/submit"), page.nonce())

	t.Run("S11 after the submit every field is read-only", func(t *testing.T) {
		require.Equal(t, http.StatusSeeOther, submitted.Status, submitted.Body)
		require.Equal(t, b.path(""), submitted.location())
		shown := b.follow(submitted)
		require.Equal(t, http.StatusOK, shown.Status)
		require.NotContains(t, shown.Body, `name="legal_name"`)
		require.Contains(t, shown.text(), "审核中")
		require.Equal(t, http.StatusSeeOther, b.get(b.path("/edit")).Status)
	})
	t.Run("S12 the record says that it counts on paper only", func(t *testing.T) {
		require.Contains(t, b.get(b.path("")).text(), "本次以账号登录提交，仅可开展纸质标")
	})
	t.Run("N06 the time line says what is awaited and by when", func(t *testing.T) {
		text := b.get(b.path("")).text()
		require.Contains(t, text, "等待审核")
		require.Contains(t, text, "审核通过后生效")
		found, err := p.Store.Record(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		require.Contains(t, text, found.DueAt.In(record.Shanghai).Format("2006-01-02 15:04"))
	})
	t.Run("the sensitive numbers are masked", func(t *testing.T) {
		require.NotContains(t, b.get(b.path("")).Body, sample.ResidentID(1001))
	})
	t.Run("the button back, and again", func(t *testing.T) {
		again := b.submit(page, b.path("/submit"), page.nonce())
		require.Equal(t, http.StatusSeeOther, again.Status)
		require.Equal(t, b.path(""), again.location())
		other := b.submit(page, b.path("/submit"), url.Values{"command": {string(storage.NewID())}, "draft_version": {page.input("draft_version")}})
		require.Equal(t, http.StatusConflict, other.Status)
		require.Contains(t, other.text(), "没有重复提交")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM versions WHERE record = ?", b.id))
	})
	t.Run("W18 a late draft of another tab changes nothing and is kept on the page", func(t *testing.T) {
		late := b.submit(page, b.path("/draft"), url.Values{"draft_version": {"1"}, "legal_name": {"迟到的修改"}})
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.Body, "迟到的修改")
		require.Equal(t, 0, count(t, "SELECT count(*) FROM drafts WHERE record = ?", b.id))
	})
	t.Run("B07 withdrawn before the review starts, it is a draft again", func(t *testing.T) {
		shown := b.get(b.path(""))
		withdrawn := b.submit(shown, b.path("/withdraw"), shown.nonce())
		require.Equal(t, http.StatusSeeOther, withdrawn.Status, withdrawn.text())
		require.Equal(t, neverFiled, b.state())
		again := b.submit(shown, b.path("/withdraw"), shown.nonce())
		require.Equal(t, http.StatusSeeOther, again.Status, "a double click is the same command")
		require.Contains(t, b.get(b.path("/edit")).Body, "示范大道")
		require.Contains(t, b.get(b.path("")).text(), "撤回，内容回到草稿")
	})
}

func TestTheProfileOfAPersonIsFiledTheSameWay(t *testing.T) {
	p := newPortal(t, nil)
	b := p.enter(p.newSubject(record.Person, "111", newResidentID(), "𬀩"+suffix()))
	submitted := b.file()
	require.Equal(t, b.path(""), submitted.location(), submitted.text())
	page := b.get(b.path(""))
	require.Contains(t, page.Body, "𬀩", "B23 rare characters are kept")
	require.NotContains(t, page.Body, b.who.subject.Code, "the document number is masked")
	for _, organizations := range []string{"单位资质", "单位业绩", "执业人员", "获奖信息"} {
		require.NotContains(t, page.Body, organizations)
	}
	require.Equal(t, http.StatusNotFound, b.get("/records?kind=qualification").Status)
}

func TestS19_TheNavigationIsTheListOfTasks(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	home := b.get("/home")
	require.Equal(t, http.StatusOK, home.Status)
	at := 0
	for _, label := range []string{"基本信息", "单位资质", "单位业绩", "执业人员", "获奖信息", "变更历史总览", "数字证书"} {
		next := strings.Index(home.Body[at:], label)
		require.GreaterOrEqual(t, next, 0, label)
		at += next
	}
	for _, k := range record.KindsOf(record.Organization) {
		page := b.get(listPath(k.Kind))
		require.Equal(t, http.StatusOK, page.Status)
		require.Contains(t, page.text(), k.Add)
	}
	require.Equal(t, "/profile", b.get("/records?kind=organization").location())
	require.Equal(t, http.StatusNotFound, b.get("/records?kind=nonsense").Status)
	require.Equal(t, http.StatusOK, b.get("/certificates").Status)
	require.Contains(t, b.get("/history").text(), "还没有变更记录")
	require.Contains(t, home.text(), "暂不能参加")
}

func TestT2_N02_ASubmitWithoutTheEngineGivesAReceiptAndIsAppliedLater(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.fill()
	p.rings.leave(true)
	submitted := b.submit(page, b.path("/submit"), page.nonce())
	require.Equal(t, http.StatusSeeOther, submitted.Status, submitted.text())
	require.Contains(t, submitted.location(), "/receipts/")
	receipt := b.follow(submitted)
	require.Contains(t, receipt.text(), "已受理，正在处理")

	t.Run("T3 every page works meanwhile", func(t *testing.T) {
		for _, path := range []string{"/home", b.path(""), "/history", "/messages", "/certificates", "/account"} {
			require.Equal(t, http.StatusOK, b.get(path).Status, path)
		}
		require.Contains(t, b.get(b.path("")).text(), "正在处理")
		require.Equal(t, b.path(""), b.get("/profile").location())
	})
	t.Run("the draft is locked and what is typed now is kept on the page", func(t *testing.T) {
		late := b.submit(page, b.path("/draft"), url.Values{"draft_version": {page.input("draft_version")}, "legal_name": {"改了名"}})
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.Body, "改了名")
		refused := b.upload("licence", "a.png", picture(t, 4))
		require.Equal(t, http.StatusConflict, refused.Status, refused.Body)
	})
	t.Run("T5 a double click has the same receipt", func(t *testing.T) {
		again := b.submit(page, b.path("/submit"), page.nonce())
		require.Equal(t, submitted.location(), again.location())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE record = ?", b.id))
	})

	_, err := p.Store.Apply(t.Context(), b.id, nil) // what the relay's ring leads to
	require.NoError(t, err)
	require.Contains(t, b.get(submitted.location()).text(), "提交成功")
	require.Equal(t, record.UnderReview, b.state().Filing)
}

func TestTwoTabsDoNotOverwriteOneAnother(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	first, second := b.get(b.path("/edit")), b.get(b.path("/edit"))
	values := func(page *answer, address string) url.Values {
		return url.Values{"draft_version": {page.input("draft_version")}, "address": {address}, "legal_name": {b.who.subject.Name}}
	}
	require.Equal(t, http.StatusSeeOther, b.submit(first, b.path("/draft"), values(first, "甲路 1 号")).Status)

	conflict := b.submit(second, b.path("/draft"), values(second, "乙路 2 号"))
	require.Equal(t, http.StatusConflict, conflict.Status)
	require.Contains(t, conflict.Body, "乙路 2 号", "what was typed is kept")
	require.Contains(t, conflict.text(), "在别处修改", "also where the page does not say what it had shown")
	require.Contains(t, b.get(b.path("/edit")).Body, "甲路 1 号", "nothing was overwritten")

	choice := values(conflict, "乙路 2 号")
	choice.Set("seen", conflict.input("seen"))
	choice.Set("choose.address", "mine")
	chosen := b.submit(conflict, b.path("/draft"), choice)
	require.Equal(t, http.StatusSeeOther, chosen.Status)
	require.Contains(t, b.get(b.path("/edit")).Body, "乙路 2 号")

	t.Run("the script that saves by itself hears of it", func(t *testing.T) {
		b.header.Set("Accept", "application/json")
		defer b.header.Del("Accept")
		late := b.submit(first, b.path("/draft"), values(first, "丙路 3 号"))
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.Body, `"error":"这份草稿已在别处修改"`)
	})
	t.Run("and of the new version when it was saved", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		b.header.Set("Accept", "application/json")
		defer b.header.Del("Accept")
		saved := b.submit(page, b.path("/draft"), values(page, "丁路 4 号"))
		require.Equal(t, http.StatusOK, saved.Status)
		require.Contains(t, saved.Body, `"draft_version":`+fmt.Sprint(number(page.input("draft_version"))+1))
		require.Contains(t, saved.Body, `"saved_at":`)
	})
	t.Run("a submit of an older check is checked again", func(t *testing.T) {
		page := b.fill()
		edit := b.get(b.path("/edit"))
		newer := fields(b.document())
		newer.Set("draft_version", edit.input("draft_version"))
		newer.Set("address", "核对之后改的地址")
		require.Equal(t, http.StatusSeeOther, b.submit(edit, b.path("/draft"), newer).Status)
		submitted := b.submit(page, b.path("/submit"), page.nonce())
		require.Equal(t, http.StatusConflict, submitted.Status)
		require.Contains(t, submitted.text(), "请重新核对后提交")
		require.Contains(t, submitted.text(), "核对之后改的地址")
		again := b.submit(submitted, b.path("/submit"), submitted.nonce())
		require.Equal(t, b.path(""), again.location(), again.text())
	})
}

func TestW17_ARecordOfSomebodyElseIsAsUnknownAsNone(t *testing.T) {
	p := newPortal(t, nil)
	mine, other := p.bidder(), p.bidder()
	require.Equal(t, mine.path(""), mine.file().location())
	file := mine.stored(mine.uploaded(t))
	page := other.get("/account")
	for _, test := range []struct{ method, path string }{
		{http.MethodGet, mine.path("")},
		{http.MethodGet, mine.path("/edit")},
		{http.MethodGet, mine.path("/check")},
		{http.MethodGet, mine.path("/versions/1")},
		{http.MethodGet, "/files/" + file.ID},
		{http.MethodGet, "/files/" + file.ID + "?inline=1"},
		{http.MethodPost, mine.path("/draft")},
		{http.MethodPost, mine.path("/check")},
		{http.MethodPost, mine.path("/submit")},
		{http.MethodPost, mine.path("/change")},
		{http.MethodPost, mine.path("/withdraw")},
		{http.MethodPost, mine.path("/discard")},
		{http.MethodPost, "/files/" + file.ID + "/delete"},
		{http.MethodPost, "/files?record=" + string(mine.id) + "&field=licence"},
		{http.MethodPost, mine.path("/attach?field=licence")},
		{http.MethodGet, "/records/" + string(storage.NewID())},
		{http.MethodGet, "/records/1"},
		{http.MethodGet, "/files/none"},
		{http.MethodGet, mine.path("/versions/x")},
	} {
		t.Run(test.method+" "+test.path[:8], func(t *testing.T) {
			var a *answer
			if test.method == http.MethodGet {
				a = other.get(test.path)
			} else {
				a = other.submit(page, test.path, url.Values{"command": {string(storage.NewID())}, "reason": {"x"}, "draft_version": {"1"}})
			}
			require.Equal(t, http.StatusNotFound, a.Status, a.text())
			require.NotContains(t, a.Body, mine.who.subject.Name)
		})
	}
	require.Equal(t, record.UnderReview, mine.state().Filing)
}

// uploaded is a file of the bidder's that was submitted.
func (b *bidder) uploaded(t *testing.T) *answer {
	t.Helper()
	files, err := b.p.Store.FilesOf(t.Context(), b.who.subject.ID, b.id)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return &answer{t: t, Body: `"` + string(files[0].ID) + `"`}
}

func TestW18_OnlyTheFieldsOfTheFormAreBound(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.get(b.path("/edit"))
	foreign := p.bidder()
	file := foreign.stored(foreign.upload("licence", "别人的.png", picture(t, 4)))
	saved := b.submit(page, b.path("/draft"), url.Values{
		"draft_version": {page.input("draft_version")}, "legal_code": {newCreditCode()}, "subject": {string(foreign.who.subject.ID)},
		"standing": {"in_force"}, "account": {"x"}, "licence": {file.ID, "not an id", string(storage.NewID())}, "address": {"本单位的地址"},
	})
	require.Equal(t, http.StatusSeeOther, saved.Status, saved.text())
	draft, err := p.Store.Draft(t.Context(), b.who.subject.ID, b.id)
	require.NoError(t, err)
	document, ok := draft.Document.(*record.OrganizationDocument)
	require.True(t, ok)
	require.Equal(t, b.who.subject.Code, document.LegalCode, "fixed at registration")
	require.Empty(t, document.Licence, "files of others are not taken")
	require.Equal(t, "本单位的地址", document.Address)
}

func TestB06_AChangeHasAReasonAndAHistory(t *testing.T) {
	p := newPortal(t, nil)
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	document := b.document()
	page := b.check(document)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	b.decide(staff, record.Approve, "")

	shown := b.get(b.path(""))
	require.Contains(t, shown.text(), "已生效")
	require.Contains(t, shown.Body, b.path("/change"), "S18")
	require.Contains(t, b.get("/home").text(), "可以参加")

	t.Run("B06 without a reason nothing begins", func(t *testing.T) {
		refused := b.submit(shown, b.path("/change"), url.Values{"command": {shown.input("command")}, "reason": {"  "}})
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), "请填写原因")
		long := b.submit(shown, b.path("/change"), url.Values{"reason": {strings.Repeat("长", 501)}})
		require.Equal(t, http.StatusUnprocessableEntity, long.Status)
		require.Equal(t, 0, count(t, "SELECT count(*) FROM drafts WHERE record = ?", b.id))
	})
	t.Run("B07 a change that was not submitted is discarded", func(t *testing.T) {
		require.Equal(t, b.path("/edit"), b.submit(shown, b.path("/change"), url.Values{"reason": {"误点"}}).location())
		require.Contains(t, b.get(b.path("")).text(), "尚未提交的变更草稿")
		edit := b.get(b.path("/edit"))
		require.Equal(t, b.path(""), b.submit(edit, b.path("/discard"), edit.nonce()).location())
		require.Equal(t, b.path(""), b.submit(edit, b.path("/discard"), edit.nonce()).location(), "twice is once")
		require.Equal(t, 0, count(t, "SELECT count(*) FROM drafts WHERE record = ?", b.id))
		require.Equal(t, settled, b.state())
	})

	require.Equal(t, b.path("/edit"), b.submit(shown, b.path("/change"), url.Values{"reason": {"注册地址迁移"}}).location())
	require.Equal(t, b.path("/edit"), b.submit(shown, b.path("/change"), url.Values{"reason": {"再点一次"}}).location())
	organization, ok := document.(*record.OrganizationDocument)
	require.True(t, ok)
	organization.Address = "新址路 9 号"
	page = b.check(organization)
	require.Contains(t, page.text(), "本次改动 1 处")
	require.Contains(t, page.text(), "变更原因：注册地址迁移")
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	t.Run("the version in force stays visible until the change is approved", func(t *testing.T) {
		under := b.get(b.path(""))
		require.Contains(t, under.text(), "变更审核中")
		require.Contains(t, under.Body, "新址路 9 号")
		require.Contains(t, b.get(b.path("?version=in_force")).Body, "示范大道 100 号 6 层")
		require.Contains(t, b.get("/home").text(), "可以参加")
		require.NotContains(t, under.Body, b.path("/change\""), "no change while one is reviewed")
	})
	b.decide(staff, record.Approve, "")

	t.Run("S30 one row for each change, and the content after it", func(t *testing.T) {
		history := b.get("/history").text()
		require.Contains(t, history, "注册地址迁移")
		require.Contains(t, history, "现行有效")
		require.Contains(t, history, "已被替代")
		second := b.get(b.path("/versions/2"))
		require.Contains(t, second.text(), "与第 1 版相比，改动 1 处")
		require.Contains(t, second.Body, "新址路 9 号")
		first := b.get(b.path("/versions/1"))
		require.Contains(t, first.Body, "示范大道 100 号 6 层")
		require.NotContains(t, first.Body, "新址路 9 号")
		require.Equal(t, http.StatusNotFound, b.get(b.path("/versions/3")).Status)
	})
}

func TestN01_AReturnLeadsToTheFieldsAndTicksThemOff(t *testing.T) {
	p := newPortal(t, nil)
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	document := b.document()
	page := b.check(document)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	b.decide(staff, record.Return, "附件不清晰", record.Remark{Field: "address", Text: "请填写门牌号"}, record.Remark{Field: "bank", Text: "请写全称"})

	shown := b.get(b.path("")).text()
	require.Contains(t, shown, "退回待补正")
	require.Contains(t, shown, "附件不清晰")
	require.Contains(t, shown, "逾期未提交的")
	edit := b.get(b.path("/edit"))
	require.Contains(t, edit.text(), "请填写门牌号")
	require.Contains(t, edit.Body, `href="#f-address"`)
	require.NotContains(t, edit.text(), "已修改")
	require.Contains(t, b.get("/home").text(), "补正基本信息")

	organization, ok := document.(*record.OrganizationDocument)
	require.True(t, ok)
	organization.Address = "示范大道 100 号 6 层 601"
	values := fields(organization)
	values.Set("draft_version", edit.input("draft_version"))
	require.Equal(t, http.StatusSeeOther, b.submit(edit, b.path("/draft?stay=1"), values).Status)
	require.Equal(t, 1, strings.Count(b.get(b.path("/edit")).Body, `class="resolved"`), "one of two remarks is resolved")

	page = b.check(organization)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	require.Contains(t, b.get(b.path("")).text(), "重新提交")
	require.Contains(t, b.get("/history").text(), "补正后重新提交")

	t.Run("B07 a returned filing is given up", func(t *testing.T) {
		b.decide(staff, record.Return, "仍不清晰")
		edit := b.get(b.path("/edit"))
		require.Contains(t, edit.Body, b.path("/discard"))
		require.Equal(t, b.path(""), b.submit(edit, b.path("/discard"), edit.nonce()).location())
		require.Equal(t, neverFiled, b.state())
	})
}

func TestAWithdrawThatCameTooLateSaysSo(t *testing.T) {
	p := newPortal(t, nil)
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	b.file()
	shown := b.get(b.path(""))
	review, err := p.Store.ReviewOf(t.Context(), b.id)
	require.NoError(t, err)
	claimed, err := p.Store.Claim(t.Context(), staff, review)
	require.NoError(t, err)
	require.True(t, claimed)
	late := b.submit(shown, b.path("/withdraw"), shown.nonce())
	require.Equal(t, http.StatusSeeOther, late.Status, late.text())
	require.Contains(t, late.location(), "/receipts/")
	require.Contains(t, b.follow(late).text(), "撤回未生效")
	require.Contains(t, b.get(b.path("")).text(), "审核人员正在审核")
	require.Contains(t, b.get(b.path("")).text(), "撤回未生效")
	b.decide(staff, record.Approve, "")
	stale := b.submit(shown, b.path("/withdraw"), url.Values{"command": {string(storage.NewID())}})
	require.Equal(t, http.StatusConflict, stale.Status)
	require.Contains(t, stale.text(), "撤回没有进行")
	require.Equal(t, settled, b.state())
}

func TestACommandWithoutItsNonceIsNoCommand(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.fill()
	for _, nonce := range []string{"", "x", "00000000-0000-0000-0000-00000000000Z"} {
		a := b.submit(page, b.path("/submit"), url.Values{"command": {nonce}, "draft_version": {page.input("draft_version")}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	}
	require.Equal(t, 0, count(t, "SELECT count(*) FROM commands WHERE record = ?", b.id))
}

func TestW27_TheNonceOfAnotherActorIsRefused(t *testing.T) {
	p := newPortal(t, nil)
	mine, other := p.bidder(), p.bidder()
	page := mine.fill()
	require.Equal(t, mine.path(""), mine.submit(page, mine.path("/submit"), page.nonce()).location())
	theirs := other.fill()
	values := theirs.nonce()
	values.Set("command", page.input("command"))
	a := other.submit(theirs, other.path("/submit"), values)
	require.Equal(t, http.StatusConflict, a.Status, a.text())
	require.NotContains(t, a.Body, mine.who.subject.Name)
}

func TestT5_ManySubmitsOfOneFormAtOnceAreOne(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.fill()
	values := page.nonce()
	values.Set(view.CSRFField, page.token())
	locations := make([]string, 20)
	var all sync.WaitGroup
	for i := range locations {
		all.Go(func() {
			r := httptest.NewRequest(http.MethodPost, b.path("/submit"), strings.NewReader(values.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookies[sessionCookie].Value})
			response, err := p.App().Test(r, 30_000)
			if err == nil {
				locations[i] = response.Header.Get("Location")
				if locations[i] == "" {
					locations[i] = response.Status
				}
				err = response.Body.Close()
			}
			if err != nil {
				locations[i] = err.Error()
			}
		})
	}
	all.Wait()
	for _, location := range locations {
		require.Equal(t, b.path(""), location)
	}
	require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE record = ?", b.id))
	require.Equal(t, 1, count(t, "SELECT count(*) FROM versions WHERE record = ?", b.id))
	require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE record = ?", b.id))
}

package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/view"
)

// start opens a draft of a kind, which the bidder is about from here on.
func (b *bidder) start(kind record.Kind) *answer {
	b.p.t.Helper()
	list := b.get(listPath(kind))
	opened := b.submit(list, "/records", url.Values{"kind": {string(kind)}})
	require.Equal(b.p.t, http.StatusSeeOther, opened.Status, opened.text())
	id, _ := strings.CutPrefix(opened.location(), "/records/")
	id, _, _ = strings.Cut(id, "/")
	b.id = record.ID(id)
	return b.follow(opened)
}

// draft is the draft as it is kept.
func (b *bidder) draft() storage.Draft {
	b.p.t.Helper()
	d, err := b.p.Store.Draft(b.p.t.Context(), b.who.subject.ID, b.id)
	require.NoError(b.p.t, err)
	return d
}

func TestS20_S25_S26_S29_EveryKindHasItsListAndBeginsWithOneDraft(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	for _, k := range record.KindsOf(record.Organization) {
		t.Run(string(k.Kind), func(t *testing.T) {
			empty := b.get(listPath(k.Kind))
			require.Contains(t, empty.text(), "还没有填报"+k.Label)
			require.Contains(t, empty.text(), "提交、作废须用 CA 证书登录", "told before anything is filled")
			b.start(k.Kind)
			first := b.id
			b.start(k.Kind)
			require.Equal(t, first, b.id, "pressed twice, the button opens one draft")
			require.Contains(t, b.get(listPath(k.Kind)).text(), "继续填写")
			require.Contains(t, b.get("/home").text(), "1 项")
		})
	}
	for _, tab := range listTabs {
		require.NotEmpty(t, tab.Label, "a list can be narrowed to %q", tab.Value)
	}
	person := p.enter(p.newSubject(record.Person, "111", newResidentID(), "周予安"))
	require.Equal(t, http.StatusNotFound, person.get(listPath(record.Award)).Status, "these kinds are for organizations")
	require.Equal(t, http.StatusNotFound, person.submit(person.get("/home"), "/records", url.Values{"kind": {"award"}}).Status)
}

func TestS21_RowsAreSavedOneByOne(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.start(record.Qualification)
	line := string(storage.NewID())
	opened := b.submit(page, b.path("/draft?open=lines/"+line), url.Values{"certificate_no": {"D243000001"}, "draft_version": {page.value("draft_version")}})
	require.Equal(t, b.path("/rows/lines/"+line), opened.location(), "the dialog opens when the page has been saved")
	dialog := b.follow(opened)
	require.Contains(t, dialog.text(), "添加资质类型")
	require.Contains(t, dialog.Body, `value="D243000001"`, "what was typed stands behind the dialog")

	name := "lines." + line + "."
	wanting := b.submit(dialog, b.path("/rows/lines/"+line), url.Values{name + "major": {"04", "1040A0"}, name + "scope": {"可承担 𬀩 路工程"}})
	require.Equal(t, http.StatusUnprocessableEntity, wanting.Status)
	require.Contains(t, wanting.text(), "请选择到最后一级")
	require.Contains(t, wanting.Body, "可承担 𬀩 路工程", "nothing typed is lost")
	require.Empty(t, b.draft().Document.(*record.QualificationDocument).Lines)

	whole := url.Values{name + "major": {"04", "1040A0", "1040A010"}, name + "grade": {"11"}, name + "primary": {"true"}}
	saved := b.submit(wanting, b.path("/rows/lines/"+line), whole)
	require.Equal(t, http.StatusSeeOther, saved.Status, saved.text())
	require.True(t, strings.HasSuffix(saved.location(), "/edit#f-lines"))
	again := b.submit(wanting, b.path("/rows/lines/"+line), whole)
	require.Equal(t, http.StatusSeeOther, again.Status, "a double click saves the same row")
	document := b.draft().Document.(*record.QualificationDocument)
	require.Len(t, document.Lines, 1)
	require.Equal(t, "D243000001", document.CertificateNo)

	t.Run("a row that breaks the group stays in its dialog", func(t *testing.T) {
		second := string(storage.NewID())
		name := "lines." + second + "."
		refused := b.submit(b.get(b.path("/rows/lines/"+second)), b.path("/rows/lines/"+second), url.Values{
			name + "major": {"04", "1040A0", "1040A020"}, name + "grade": {"12"}, name + "primary": {"true"},
		})
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), "主项资质最多一个")
		require.Len(t, b.draft().Document.(*record.QualificationDocument).Lines, 1)
	})
	t.Run("W18 the page's own form changes no row", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		posted := b.submit(page, b.path("/draft"), url.Values{
			"certificate_no": {"D243000002"}, "draft_version": {page.value("draft_version")}, "lines": {"x"}, name + "grade": {"12"}, "class": {"05"},
		})
		require.Equal(t, http.StatusSeeOther, posted.Status)
		d := b.draft().Document.(*record.QualificationDocument)
		require.Equal(t, "D243000002", d.CertificateNo)
		require.Len(t, d.Lines, 1)
		require.Equal(t, "11", d.Lines[0].Grade.Code)
		require.Equal(t, "04", d.Class.Code, "the class follows from the lines")
	})
	t.Run("a row is deleted, and what was typed beside it is saved", func(t *testing.T) {
		page := b.get(b.path("/edit"))
		gone := b.submit(page, b.path("/rows/lines/"+line+"/delete"), url.Values{"certificate_no": {"D243000003"}, "draft_version": {page.value("draft_version")}})
		require.Equal(t, http.StatusSeeOther, gone.Status, gone.text())
		d := b.draft().Document.(*record.QualificationDocument)
		require.Empty(t, d.Lines)
		require.Equal(t, "D243000003", d.CertificateNo)
	})
	for _, path := range []string{"/rows/nonsense/" + line, "/rows/certificate_no/" + line, "/rows/lines/A.b", "/rows/lines/" + strings.Repeat("a", 99)} {
		require.Equal(t, http.StatusNotFound, b.get(b.path(path)).Status, path)
	}
}

func TestS27_TabsAreSavedAlone(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.start(record.Practitioner)
	require.NotContains(t, page.text(), "安全生产考核证", "the other tabs open when the first has been saved")
	basic := url.Values{"name": {"周予安"}, "id_type": {"111"}, "id_number": {sample.ResidentID(77)}, "draft_version": {page.value("draft_version")}}
	saved := b.follow(b.submit(page, b.path("/draft"), basic))
	require.Contains(t, saved.text(), "安全生产考核证")
	require.Contains(t, saved.Body, `value="1970-`, "the birth date follows from the number")

	turned := b.submit(saved, b.path("/draft?tab=awards"), url.Values{"section": {"basic"}, "name": {"周予宁"}, "draft_version": {saved.value("draft_version")}})
	require.Equal(t, b.path("/edit?tab=awards"), turned.location(), "turning to another tab saves this one")
	require.Equal(t, "周予宁", b.draft().Document.Title())
	awards := b.follow(turned)
	b.submit(awards, b.path("/draft"), url.Values{"section": {"awards"}, "name": {"不是这一页的"}, "draft_version": {awards.value("draft_version")}})
	require.Equal(t, "周予宁", b.draft().Document.Title(), "a tab saves its own fields only")

	checked := b.submit(b.get(b.path("/edit?tab=safety")), b.path("/check"), url.Values{"section": {"safety"}, "draft_version": {b.get(b.path("/edit")).value("draft_version")}})
	require.Equal(t, http.StatusUnprocessableEntity, checked.Status)
	require.Contains(t, checked.text(), "请填写手机", "the tab with the problem is shown")
	require.Equal(t, http.StatusOK, b.get(b.path("/edit?tab=nonsense")).Status)
}

func TestB22_AFileOfARowIsUploadedWithoutScripts(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.start(record.Practitioner)
	b.submit(page, b.path("/draft"), url.Values{"name": {"周予安"}, "draft_version": {page.value("draft_version")}})
	row := "safety/" + string(storage.NewID())
	field := strings.ReplaceAll(row, "/", ".") + ".scan"
	dialog := b.get(b.path("/rows/" + row))
	require.Equal(t, http.StatusOK, dialog.Status)
	body, contentType := multipartBody(t, part{view.CSRFField, "", []byte(dialog.token())}, part{"row", "", []byte(row)},
		part{strings.ReplaceAll(row, "/", ".") + ".no", "", []byte("湘建安B00001")}, part{filePrefix + field, "证书.png", picture(t, 8)})
	r := httptest.NewRequest(http.MethodPost, b.path("/attach?field="+field), body)
	r.Header.Set("Content-Type", contentType)
	attached := b.send(r)
	require.Equal(t, http.StatusSeeOther, attached.Status, attached.text())
	require.Equal(t, b.path("/rows/"+row)+"?stay=1#f-"+field, attached.location())
	d := b.draft().Document.(*record.PractitionerDocument)
	require.Equal(t, "周予安", d.Name, "the page behind keeps its fields")
	require.Len(t, d.Safety, 1)
	require.Equal(t, "湘建安B00001", d.Safety[0].No)
	require.Len(t, d.Safety[0].Scan, 1)

	again := b.get(b.path("/rows/" + row))
	removed := b.submit(again, "/files/"+d.Safety[0].Scan[0].ID+"/delete", url.Values{"row": {row}, field: {d.Safety[0].Scan[0].ID}})
	require.Equal(t, http.StatusSeeOther, removed.Status, removed.text())
	require.Empty(t, b.draft().Document.(*record.PractitionerDocument).Safety[0].Scan)
}

func TestS22_C9_TheseKindsAreNotSubmittedUnderAPassword(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	for i, k := range record.KindsOf(record.Organization) {
		t.Run(string(k.Kind), func(t *testing.T) {
			b.start(k.Kind)
			uploaded := b.stored(b.upload(firstFile(k.New()), "证书.png", picture(t, 8)))
			d := b.draft()
			saved, err := p.Store.SaveDraft(t.Context(), b.who.subject.ID, b.id, d.Version, sample.Document(k.Kind, b.who.subject, 700+i, uploaded))
			require.NoError(t, err)
			check := b.get(b.path("/check"))
			require.Contains(t, check.text(), "须用 CA 证书登录后提交")
			require.Contains(t, check.Body, "/login/certificate?next=")
			forged := b.submit(check, b.path("/submit"), url.Values{"command": {string(storage.NewID())}, "draft_version": {check.value("draft_version")}})
			require.Equal(t, http.StatusForbidden, forged.Status)
			require.Zero(t, count(t, "SELECT count(*) FROM commands WHERE record = ?", b.id))
			require.Equal(t, saved.Version, b.draft().Version, "the draft is kept as it was")
			kept := b.submit(b.get(b.path("/edit")), b.path("/draft?key=1"), url.Values{"draft_version": {"1"}})
			require.Equal(t, http.StatusConflict, kept.Status, "a page that is older than the draft saves nothing")
		})
	}
}

func TestS23_S24_NothingIsVoidedOrRestoredUnderAPassword(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	b.start(record.Award)
	for _, move := range []string{"/void", "/restore", "/release"} {
		refused := b.submit(b.get(b.path("/edit")), b.path(move), url.Values{"command": {string(storage.NewID())}, "reason": {"误报"}})
		require.Equal(t, http.StatusForbidden, refused.Status, move)
		require.Contains(t, refused.text(), "CA 证书登录")
	}
	require.Zero(t, count(t, "SELECT count(*) FROM commands WHERE record = ?", b.id))
}

func TestADraftThatWasNeverFiledCanBeDeleted(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.start(record.Award)
	require.Contains(t, page.text(), "删除草稿")
	gone := b.submit(page, b.path("/discard"), url.Values{"command": {string(storage.NewID())}})
	require.Equal(t, listPath(record.Award), gone.location())
	require.Contains(t, b.get(listPath(record.Award)).text(), "还没有填报")
	require.Equal(t, http.StatusNotFound, b.get(b.path("/edit")).Status)
}

// firstFile is the first attachment field of a document.
func firstFile(d record.Document) string {
	for _, f := range d.Form(today()).Fields() {
		if f.Widget == form.WidgetFiles {
			return f.Name
		}
	}
	return ""
}

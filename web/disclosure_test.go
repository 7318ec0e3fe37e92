package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// publicFirm is a firm whose profile is in force, and the staff member who approved
// it.
func publicFirm(t *testing.T) (*firm, record.ID) {
	t.Helper()
	p, w := keyPortal(t)
	f := p.firm(w)
	_, staff := p.newStaff(record.Reviewer, true)
	f.write(sample.Organization(f.who.subject.Code, f.who.subject.Name, f.scan()))
	f.submitDraft()
	f.decide(staff, record.Approve, "")
	return f, staff
}

func (f *firm) publicPage() string { return disclosedPath(f.who.subject.Code) }

func TestB12_ACitizenFindsAUnitAndWhatItHolds(t *testing.T) {
	f, staff := publicFirm(t)
	b := f.p.browser()
	number := "D3" + suffix()
	f.submitted(record.Qualification, func(scan form.File) record.Document { return sample.Qualification(number, scan) })
	require.NotContains(t, b.get(f.publicPage()).text(), number, "what is under review is not public")
	f.decide(staff, record.Approve, "")

	found := b.get("/disclosure?" + url.Values{"q": {f.who.subject.Name}}.Encode())
	require.Equal(t, http.StatusOK, found.Status)
	require.Contains(t, found.text(), f.who.subject.Code)
	require.Contains(t, found.Body, `href="`+f.publicPage()+`"`)
	page := b.get(f.publicPage())
	for _, text := range []string{f.who.subject.Name, f.who.subject.Code, number, "壹级", "可承担高度 200 米以下的建筑工程。", "房屋建筑工程、市政公用工程施工总承包", "投标人、供应商", "12,000 万元", "近期变更"} {
		require.Contains(t, page.text(), text)
	}
	for _, secret := range append(theSensitive, "陈明远", "周予安", "13800006021", "13900007788", "agent@example.com", "示范银行", "扫描件.png") {
		require.NotContains(t, page.Body, secret)
	}
	listed := b.get("/disclosure?kind=qualification&unit=" + f.who.subject.Code)
	require.Contains(t, listed.text(), number)
	require.Contains(t, b.get("/disclosure/recent").text(), f.who.subject.Name)

	why := "证书已注销" + suffix()
	f.move(record.Void, why)
	require.Contains(t, b.get(f.publicPage()).text(), "已作废")
	require.NotContains(t, b.get(f.publicPage()).text(), why, "why is the subject's and the staff's")
	voided := b.get("/disclosure?kind=qualification&state=voided&unit=" + f.who.subject.Code)
	require.Contains(t, voided.text(), number)
	require.Contains(t, b.get("/disclosure/recent?kind=qualification").text(), "作废")
	book := b.get("/disclosure/export?kind=qualification&unit=" + f.who.subject.Code)
	require.Equal(t, http.StatusOK, book.Status)
	require.Contains(t, book.Header.Get("Content-Disposition"), ".xlsx")
}

func TestB12_AUnitHasOneAddressAndOthersHaveNone(t *testing.T) {
	f, _ := publicFirm(t)
	b := f.p.browser()
	require.Equal(t, f.publicPage(), b.get("/disclosure/subjects/"+strings.ToLower(f.who.subject.Code)).location())
	someone := f.p.newSubject(record.Person, "111", newResidentID(), "周予安")
	unproven := f.p.newOrganization()
	for what, code := range map[string]string{
		"a person": someone.subject.Code, "a unit of which nothing is in force": unproven.subject.Code, "nobody": newCreditCode(), "no code": "x", "an id": string(f.who.subject.ID),
	} {
		a := b.get("/disclosure/subjects/" + code)
		require.Equal(t, http.StatusNotFound, a.Status, what)
		require.NotContains(t, a.Body, "周予安", what)
	}
}

func TestB12_W28_AnOpenPageIsKeptForWhoeverIsNotKnownAndForNobodyElse(t *testing.T) {
	f, _ := publicFirm(t)
	ask := func(b *browser, mark string) *answer {
		r := httptest.NewRequest(http.MethodGet, f.publicPage(), nil)
		if mark != "" {
			r.Header.Set("If-None-Match", mark)
		}
		return b.send(r)
	}
	first := ask(f.p.browser(), "")
	mark := first.Header.Get("ETag")
	require.NotEmpty(t, mark)
	require.Equal(t, "public, max-age=60", first.Header.Get("Cache-Control"))
	require.Equal(t, "Cookie", first.Header.Get("Vary"))
	require.Empty(t, first.Header.Values("Set-Cookie"))
	require.NotContains(t, first.Body, "_csrf")
	again := ask(f.p.browser(), mark)
	require.Equal(t, http.StatusNotModified, again.Status)
	require.Empty(t, again.Body)
	require.Empty(t, again.Header.Get("Content-Security-Policy"), "the page that is kept goes on under the policy that names its nonce")
	require.Equal(t, mark, ask(f.p.browser(), "").Header.Get("ETag"), "the same page has the same mark")

	large := f.p.browser()
	large.submit(large.get("/preferences?next="+url.QueryEscape(f.publicPage())), "/preferences", url.Values{"large": {"on"}, "next": {"/"}})
	for name, known := range map[string]*browser{"who is logged in": f.browser, "who has preferences": large} {
		a := ask(known, mark)
		require.Equal(t, http.StatusOK, a.Status, name)
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"), name)
		require.Empty(t, a.Header.Get("ETag"), name)
	}
	require.Contains(t, large.get(f.publicPage()).Body, `class="large"`)

	f.relocates(t)
	require.NotEqual(t, mark, ask(f.p.browser(), mark).Header.Get("ETag"), "what changed is sent")
}

// relocates has the firm move to another address.
func (f *firm) relocates(t *testing.T) {
	t.Helper()
	records, err := f.p.Store.Records(t.Context(), f.who.subject.ID, record.OrganizationProfile)
	require.NoError(t, err)
	f.id = records[0].ID
	require.NoError(t, f.p.Store.StartChange(t.Context(), f.who.account, f.who.subject.ID, f.id, "迁址"))
	d, ok := f.draft().Document.(*record.OrganizationDocument)
	require.True(t, ok)
	d.Address = "新址 9 号"
	f.write(d)
	f.submitDraft()
	_, staff := f.p.newStaff(record.Reviewer, true)
	f.decide(staff, record.Approve, "")
}

func TestB12_WhoAsksForTooMuchIsSlowedDown(t *testing.T) {
	f, _ := publicFirm(t)
	b := f.p.browser()
	for range openPages {
		require.Equal(t, http.StatusOK, b.get("/disclosure/recent").Status)
	}
	refused := b.get(f.publicPage())
	require.Equal(t, http.StatusTooManyRequests, refused.Status)
	require.NotEmpty(t, refused.Header.Get("Retry-After"))
	require.Equal(t, "no-store", refused.Header.Get("Cache-Control"))
	require.Contains(t, refused.text(), "查询过于频繁")
	require.Equal(t, http.StatusOK, f.p.browser().get(f.publicPage()).Status, "others are not")
	require.Equal(t, http.StatusOK, b.get("/").Status, "nor is anything else")
	other := f.p.browser()
	for range openExports {
		require.Equal(t, http.StatusOK, other.get("/disclosure/export").Status)
	}
	require.Equal(t, http.StatusTooManyRequests, other.get("/disclosure/export").Status)
}

func TestB12_AProvinceMayDiscloseNothing(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Site.Disclosure = false })
	b := p.browser()
	for _, r := range disclosureRoutes {
		require.Equal(t, http.StatusNotFound, b.get(strings.ReplaceAll(r.path, ":code", newCreditCode())).Status, r.path)
	}
	for _, path := range []string{"/", "/login", "/register", "/help"} {
		require.NotContains(t, b.get(path).Body, `"/disclosure"`, path)
	}
	on := newPortal(t, nil).browser()
	for _, path := range []string{"/", "/login", "/register"} {
		require.Contains(t, on.get(path).Body, `href="/disclosure"`, path)
	}
}

func TestB12_ASearchIsAnAddressThatMayBeShared(t *testing.T) {
	p := newPortal(t, nil)
	b := p.browser()
	q := url.Values{"kind": {"qualification"}, "q": {"查无此文"}, "region": {"430000", "430100", ""}, "class": {"04", "1040A0", ""}, "grade": {"11"}, "role": {"bidder"}, "state": {"voided"}}
	page := b.get("/disclosure?" + q.Encode())
	require.Contains(t, page.text(), "没有符合条件的公示信息")
	for _, chosen := range []string{"430000", "430100", "04", "1040A0", "11", "bidder", "voided"} {
		require.Regexp(t, `<option value="`+chosen+`" selected`, page.Body)
	}
	require.Contains(t, page.Body, `value="查无此文"`)
	require.Equal(t, "noindex, nofollow", page.Header.Get("X-Robots-Tag"))
	shared := regexp.MustCompile(`href="(/disclosure\?[^"]*q=[^"]*)"`).FindStringSubmatch(page.Body)
	require.NotNil(t, shared, "the other kinds are searched for the same")
	for what, odd := range map[string]string{
		"a stranger's parameters": "?kind=practitioner&region=99&class=x&grade=x&role=x&state=x&unit=x&after=x&before=x",
		"a region below another":  "?region=430000&region=110100",
		"half of an escape":       "?q=%E4%",
	} {
		a := b.get("/disclosure" + odd)
		require.Less(t, a.Status, 500, what)
	}
	other := b.get("/disclosure?region=430000&region=110100")
	require.Regexp(t, `<option value="430000" selected`, other.Body)
	require.NotRegexp(t, `<option value="110100" selected`, other.Body)
}

// Persons, numbers and files do not come to any public page, whoever is asked for.
func TestB12_W29_NoPublicPageNamesAnybody(t *testing.T) {
	f, staff := publicFirm(t)
	person := newResidentID()
	name := "覃𬀩" + suffix()
	f.submitted(record.Practitioner, func(scan form.File) record.Document { return sample.Practitioner(person, name, scan) })
	employed := string(f.id)
	f.decide(staff, record.Approve, "")
	people, err := f.p.Store.EmployedOf(t.Context(), f.who.subject.ID, []string{employed})
	require.NoError(t, err)
	f.submitted(record.Performance, func(scan form.File) record.Document {
		return sample.Performance("示范家园"+suffix(), people[employed], scan)
	})
	f.decide(staff, record.Approve, "")
	f.submitted(record.Award, func(scan form.File) record.Document {
		return sample.Award("芙蓉奖"+suffix(), scan, people[employed])
	})
	f.decide(staff, record.Approve, "")
	b := f.p.browser()
	pages := []string{f.publicPage(), "/disclosure", "/disclosure/recent", "/disclosure?q=" + url.QueryEscape(name), "/disclosure?q=" + person}
	for _, kind := range record.Kinds() {
		pages = append(pages, fmt.Sprintf("/disclosure?kind=%s&unit=%s", kind, f.who.subject.Code), "/disclosure/recent?kind="+string(kind))
	}
	for _, path := range pages {
		a := b.get(path)
		require.Equal(t, http.StatusOK, a.Status, path)
		body := strings.ReplaceAll(strings.ReplaceAll(a.Body, `value="`+name+`"`, ""), `value="`+person+`"`, "")
		body = strings.ReplaceAll(strings.ReplaceAll(body, url.QueryEscape(name), ""), person, "")
		for _, secret := range append(theSensitive, name, "陈明远", "周予安", "湘1432016", "湘建安B", "13600001234", "扫描件.png", string(f.who.subject.ID), employed) {
			require.NotContains(t, body, secret, path)
		}
	}
	require.Contains(t, b.get(f.publicPage()).text(), "一级注册建造师")
	require.Contains(t, b.get(f.publicPage()).text(), "1 人")
	require.Contains(t, b.get("/disclosure?q="+url.QueryEscape(name)).text(), "没有符合条件的公示信息")
}

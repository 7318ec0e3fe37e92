package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/web/view"
	"unireg/web/words"
)

// anglophone is a portal whose own words are not Chinese, so that what is left of
// Chinese on its pages is the pages' own.
func anglophone(t *testing.T) *portal {
	return newPortal(t, func(o *Options) { o.Site = view.Site{Name: "Registration", Hotline: "0731-00000000", Disclosure: true} })
}

// inEnglish chooses English as a person does, by the button of the page.
func (b *browser) inEnglish(path string) {
	b.p.t.Helper()
	page := b.get(path)
	require.Contains(b.p.t, page.Body, `<html lang="zh-CN"`)
	require.Contains(b.p.t, page.Body, `lang="en"`)
	require.Equal(b.p.t, path, b.submit(page, "/preferences", url.Values{"english": {"on"}, "next": {path}}).location())
}

// registers takes out of a page what stays Chinese: names of the large tables and
// of holidays, and the other language's own name.
var registers = sync.OnceValue(func() *strings.Replacer {
	names := []string{words.Chinese.Name(), "元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}
	for _, table := range []*codes.Table{codes.Regions, codes.Industries, codes.EnterpriseTypes, codes.Ethnicities} {
		for _, entry := range table.Entries() {
			names = append(names, entry.Name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, name, "")
	}
	return strings.NewReplacer(pairs...)
})

// requireEnglish checks that a page is in English throughout.
func (a *answer) requireEnglish(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Status)
	require.Contains(t, a.Body, `<html lang="en"`)
	left := registers().Replace(a.Body)
	require.Empty(t, regexp.MustCompile(`[^<>"]*\p{Han}[^<>"]*`).FindAllString(left, -1))
}

// B24: a person chooses the language in this browser; it is kept through the login, and
// taken back by the same button.
func TestLanguageIsChosenAndKept(t *testing.T) {
	p := anglophone(t)
	b := p.browser()
	b.inEnglish("/login")
	page := b.get("/login")
	page.requireEnglish(t)
	require.Contains(t, page.text(), "unified social credit code")
	require.Contains(t, page.Body, `lang="zh-CN"`)

	refused := b.submit(page, "/login", url.Values{"account": {"nobody"}, "password": {"wrong"}})
	require.Contains(t, refused.text(), "The account or password is wrong")

	w := p.newSubject(record.Organization, "", newCreditCode(), "Sample Works "+suffix())
	b.login(w)
	home := b.get("/home")
	home.requireEnglish(t)
	require.Contains(t, home.text(), "Fill in basic information")

	b.submit(home, "/preferences", url.Values{"english": {"off"}, "next": {"/home"}})
	require.Contains(t, b.get("/home").text(), "填写基本信息")
}

// B24: the pages of a bidder are in English, and so are problems, refusals and what
// scripts are told.
func TestBidderReadsEnglish(t *testing.T) {
	p := anglophone(t)
	w := p.newSubject(record.Organization, "", newCreditCode(), "Sample Works "+suffix())
	b := p.browser()
	b.inEnglish("/")
	b.login(w)
	for _, path := range []string{
		"/home", "/profile", "/records?kind=qualification", "/records?kind=performance", "/records?kind=practitioner", "/records?kind=award",
		"/imports?kind=practitioner", "/messages", "/history", "/certificates", "/account", "/expiries", "/downloads", "/claims/new", "/preferences",
	} {
		t.Run(path, func(t *testing.T) {
			page := b.get(path)
			if page.Status == http.StatusSeeOther {
				page = b.follow(page)
			}
			page.requireEnglish(t)
		})
	}

	edit := b.follow(b.submit(b.get("/profile"), "/profile", nil))
	checked := b.submit(edit, regexp.MustCompile(`/records/[0-9a-f-]+/check`).FindString(edit.Body), url.Values{
		"draft_version": {edit.input("draft_version")}, "agent_mobile": {"1380"},
	})
	require.Equal(t, http.StatusUnprocessableEntity, checked.Status)
	require.Contains(t, checked.text(), "Enter: Founded on")
	require.Contains(t, checked.text(), "A mobile number has 11 digits, this one has 4")

	missing := b.get("/records/" + string(w.subject.ID) + "/none")
	require.Equal(t, http.StatusNotFound, missing.Status)
	require.Contains(t, missing.text(), "Page not found")

	b.header.Set("Accept", "application/json")
	told := b.get("/records/" + string(w.subject.ID))
	require.Equal(t, http.StatusNotFound, told.Status)
	require.Contains(t, told.Body, "What you asked for was not found")
}

// B24: the desk is in English.
func TestStaffReadEnglish(t *testing.T) {
	p := anglophone(t)
	b, _ := p.newStaff(record.Supervisor, true)
	b.inEnglish("/staff")
	for _, path := range []string{
		"/staff", "/staff/subjects", "/staff/withdrawals", "/staff/applications", "/staff/statistics", "/staff/claims", "/staff/calendar",
		"/staff/calendar/notice", "/staff/absences", "/staff/members/new", "/staff/me",
	} {
		t.Run(path, func(t *testing.T) {
			page := b.get(path)
			// Names that tests have drawn, and the numbers of the State's notices.
			page.Body = regexp.MustCompile(`\p{Han}+[0-9a-f]{10}|国办发明电〔\d+〕\d+号`).ReplaceAllString(page.Body, "")
			page.requireEnglish(t)
		})
	}
}

// B24: what is taken along is in Chinese for everybody.
func TestWorkbooksStayChinese(t *testing.T) {
	p := anglophone(t)
	b, _ := p.newStaff(record.Supervisor, true)
	b.inEnglish("/staff")
	book := b.get("/staff/log/export")
	require.Equal(t, http.StatusOK, book.Status)
	name, err := url.QueryUnescape(book.Header.Get("Content-Disposition"))
	require.NoError(t, err)
	require.Contains(t, name, "操作日志")
}

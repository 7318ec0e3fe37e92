package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// holds is an organization in force with a representative of its own and those
// connected persons.
func (p *portal) holds(connected ...record.ConnectedPerson) *bidder {
	p.t.Helper()
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	b.claims(newResidentID(), connected...)
	b.decide(staff, record.Approve, "")
	return b
}

// claims files a profile of that representative and those connected persons.
func (b *bidder) claims(representative string, connected ...record.ConnectedPerson) {
	b.p.t.Helper()
	document, ok := b.document().(*record.OrganizationDocument)
	require.True(b.p.t, ok)
	document.Representative.IDNumber, document.Connected = representative, connected
	_, err := b.p.Store.SaveDraft(b.p.t.Context(), b.who.subject.ID, b.id, b.draft().Version, document)
	require.NoError(b.p.t, err)
	page := b.check(document)
	require.Equal(b.p.t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
}

type consortiumAnswer struct {
	At          time.Time
	Subjects    []eligibilityAnswer
	Unknown     []string
	AllEligible struct{ Paper, Electronic bool } `json:"all_eligible"`
}

type eligibilityAnswer struct {
	Code              string
	Paper, Electronic struct {
		Eligible bool
		Reasons  []string
	}
}

func asking(path string, codes ...string) string {
	return path + "?subjects=" + url.QueryEscape(strings.Join(codes, ","))
}

func TestB21_B13_AConsortiumIsAskedForAtOnce(t *testing.T) {
	c := newCaller(t)
	key := c.apiKey(storage.ScopeEligibilityRead)
	first, second, fresh := c.inForce().who.subject.Code, c.inForce().who.subject.Code, c.newOrganization().subject.Code
	unknown := newCreditCode()
	ask := func(codes ...string) consortiumAnswer {
		answer, body := c.asks(key, asking("/api/v1/eligibility", codes...))
		require.Equal(t, http.StatusOK, answer.StatusCode, body)
		return decoded[consortiumAnswer](t, body)
	}
	told := ask(first, second)
	require.True(t, told.AllEligible.Paper)
	require.False(t, told.AllEligible.Electronic)
	require.Empty(t, told.Unknown)
	for i, code := range []string{first, second} {
		_, body := c.asks(key, "/api/v1/subjects/"+code+"/eligibility?at="+url.QueryEscape(told.At.Format(time.RFC3339Nano)))
		require.Equal(t, decoded[eligibilityAnswer](t, body), told.Subjects[i], "what the organization is told of by itself")
	}
	require.True(t, ask(first).AllEligible.Paper, "one is a consortium, too")
	told = ask(first, fresh)
	require.False(t, told.AllEligible.Paper)
	require.NotEmpty(t, told.Subjects[1].Paper.Reasons)
	told = ask(first, unknown, second)
	require.Equal(t, []string{unknown}, told.Unknown)
	require.Len(t, told.Subjects, 2)
	require.False(t, told.AllEligible.Paper, "of whom nothing is known may not bid")

	before := time.Now().Add(-time.Hour).Truncate(time.Second)
	answer, body := c.asks(key, asking("/api/v1/eligibility", first, second)+"&at="+url.QueryEscape(before.Format(time.RFC3339)))
	require.Equal(t, http.StatusOK, answer.StatusCode)
	then := decoded[consortiumAnswer](t, body)
	require.True(t, before.Equal(then.At))
	require.False(t, then.AllEligible.Paper)
}

// What is asked for wrongly is refused by its place; a number of a person is said
// back to nobody and stands in no log.
func TestB21_W31_QuestionsAboutSeveralAreBounded(t *testing.T) {
	c := newCaller(t)
	eligibility, connections := c.apiKey(storage.ScopeEligibilityRead), c.apiKey(storage.ScopeConnectionsRead)
	several := func(n int) []string {
		var codes []string
		for len(codes) < n {
			codes = append(codes, sample.CreditCode(50_000_000+len(codes)))
		}
		return codes
	}
	person := newResidentID()
	future := "&at=" + url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339))
	for path, want := range map[string]string{
		"/api/v1/eligibility":                                                "subjects",
		"/api/v1/eligibility?subjects=":                                      "subjects",
		asking("/api/v1/eligibility", several(21)...):                        "subjects",
		asking("/api/v1/eligibility", several(1)[0], person):                 "subjects_code",
		asking("/api/v1/eligibility", person):                                "subjects_code",
		asking("/api/v1/eligibility", several(1)[0], ""):                     "subjects_code",
		asking("/api/v1/eligibility", several(2)[1], "91430100MA00DEM06X"):   "subjects_code",
		asking("/api/v1/eligibility", append(several(2), several(1)...)...):  "subjects_repeated",
		asking("/api/v1/eligibility", several(2)...) + "&at=yesterday":       "at",
		asking("/api/v1/eligibility", several(2)...) + future:                "at_future",
		"/api/v1/connections":                                                "subjects",
		asking("/api/v1/connections", several(1)...):                         "subjects",
		asking("/api/v1/connections", several(21)...):                        "subjects",
		asking("/api/v1/connections", several(1)[0], person):                 "subjects_code",
		asking("/api/v1/connections", several(1)[0], several(1)[0]):          "subjects_repeated",
		asking("/api/v1/connections", several(2)...) + future:                "at_future",
		asking("/api/v1/connections", several(2)...) + "&at=2026-03-05":      "at",
		asking("/api/v1/connections", strings.ToLower(several(1)[0]), "a,b"): "subjects_code",
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+eligibility)
		if strings.HasPrefix(path, "/api/v1/connections") {
			r.Header.Set("Authorization", "Bearer "+connections)
		}
		answer := c.ask(r)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, path)
		require.Equal(t, want, c.code(answer), path)
	}
	require.NotContains(t, c.log.String(), person)
	answer, body := c.asks(connections, asking("/api/v1/connections", several(20)...))
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Len(t, decoded[connectionsAnswer](t, body).Unknown, 20)

	for path, other := range map[string]string{"/api/v1/eligibility": connections, "/api/v1/connections": eligibility} {
		answer, _ := c.asks(other, asking(path, several(2)...))
		require.Equal(t, http.StatusForbidden, answer.StatusCode)
		require.Equal(t, "scope", c.code(answer))
		answer, _ = c.asks("urk_none", asking(path, several(2)...))
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}

type connectionsAnswer struct {
	At    time.Time
	Pairs []struct {
		First, Second string
		Connections   []struct {
			Kind          string
			First, Second []struct{ Code, Name string }
		}
	}
	Unknown    []string
	NotInForce []string `json:"not_in_force"`
}

// lines are the pairs, each as its codes and what connects them.
func (told connectionsAnswer) lines() []string {
	var all []string
	relations := func(of []struct{ Code, Name string }) string {
		var ids []string
		for _, r := range of {
			ids = append(ids, r.Code)
		}
		return strings.Join(ids, "+")
	}
	for _, pair := range told.Pairs {
		for _, c := range pair.Connections {
			all = append(all, fmt.Sprintf("%s %s %s %s/%s", pair.First, pair.Second, c.Kind, relations(c.First), relations(c.Second)))
		}
	}
	return all
}

func TestB21_ATradingSystemLearnsWhichBiddersAreConnected(t *testing.T) {
	c := newCaller(t)
	key := c.apiKey(storage.ScopeConnectionsRead)
	holder := newResidentID()
	a := c.holds(sample.Shareholder("h", "欧阳𬀩", holder, "60"))
	b := c.holds(sample.Shareholder("h", "欧阳", holder, "30"), sample.Affiliate("a", a.who.subject.Name, a.who.subject.Code, codes.RelationSubsidiary))
	alone := c.holds()
	waiting := c.bidder()
	waiting.claims(holder)
	first, second, third, fourth := a.who.subject.Code, b.who.subject.Code, alone.who.subject.Code, waiting.who.subject.Code
	unknown := newCreditCode()
	answer, body := c.asks(key, asking("/api/v1/connections", third, second, unknown, first, fourth))
	require.Equal(t, http.StatusOK, answer.StatusCode, body)
	told := decoded[connectionsAnswer](t, body)
	require.Equal(t, []string{
		second + " " + first + " affiliated subsidiary/self", second + " " + first + " shared_person shareholder/shareholder",
	}, told.lines(), "in the order of the question, the closest first")
	require.Equal(t, "股东", told.Pairs[0].Connections[1].First[0].Name)
	require.Equal(t, []string{unknown}, told.Unknown)
	require.Equal(t, []string{fourth}, told.NotInForce, "what is under review does not count")
	for _, secret := range []string{holder, "欧阳", a.who.subject.Name} {
		require.NotContains(t, body, secret, "nobody is named")
	}
	_, body = c.asks(key, asking("/api/v1/connections", first, third))
	require.Empty(t, decoded[connectionsAnswer](t, body).Pairs)
	require.Contains(t, body, `"pairs":[]`)

	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	_, body = c.asks(key, asking("/api/v1/connections", first, second)+"&at="+url.QueryEscape(then.Format(time.RFC3339)))
	past := decoded[connectionsAnswer](t, body)
	require.True(t, then.Equal(past.At))
	require.ElementsMatch(t, []string{first, second}, past.NotInForce)
}

func TestB21_StaffSeeWithWhomAFilingIsConnected(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	holder := newResidentID()
	a := p.holds(sample.Shareholder("h", "欧阳𬀩", holder, "60"))
	b := p.bidder()
	b.claims(newResidentID(), sample.Shareholder("h", "欧阳𬀩", holder, "30"), sample.Affiliate("a", a.who.subject.Name, a.who.subject.Code, codes.RelationController))
	page := reviewer.get(b.review())
	text := page.text()
	for _, want := range []string{
		"与其他单位有关联：互为关联单位", a.who.subject.Name + "（" + a.who.subject.Code + "），已生效", "对方是本单位的实际控制人",
		"有相同的关联人", "本单位的股东，对方的股东",
	} {
		require.Contains(t, text, want)
	}
	require.Contains(t, page.Body, staffRecordPath(a.id))
	require.NotContains(t, page.Body, holder, "W29 masked, in the evidence as well")
	require.NotContains(t, b.get(b.path("")).text(), "与其他单位有关联", "who files is told of nobody")

	alone := p.bidder()
	alone.claims(newResidentID())
	require.Contains(t, reviewer.get(alone.review()).text(), "没有发现与其他单位的关联关系")

	subject := reviewer.get(staffSubjectPath(b.who.subject.ID))
	require.Contains(t, subject.text(), "关联人“欧阳𬀩”：证件号码")
	require.NotContains(t, subject.Body, holder)
}

func TestB21_AConnectedPersonIsFilledInItsDialog(t *testing.T) {
	p := newPortal(t, nil)
	known, b := p.inForce(), p.bidder()
	row := string(storage.NewID())
	path, name := b.path("/rows/connected/"+row), "connected."+row+"."
	dialog := b.get(path)
	require.Contains(t, dialog.text(), "添加关联人")
	saved := b.submit(dialog, path, url.Values{
		name + "name": {"示范控股"}, name + "kind": {"organization"}, name + "unit": {" " + strings.ToLower(known.who.subject.Code)},
		name + "relations": {"shareholder", "controller"}, name + "share": {"５１"},
	})
	require.Equal(t, http.StatusSeeOther, saved.Status, saved.text())
	page := b.follow(saved)
	for _, want := range []string{known.who.subject.Code + "（" + known.who.subject.Name + "）", "股东、实际控制人", "51 %"} {
		require.Contains(t, page.text(), want)
	}
	document, ok := b.draft().Document.(*record.OrganizationDocument)
	require.True(t, ok)
	require.Equal(t, string(known.who.subject.ID), document.Connected[0].Unit.ID)
	require.Contains(t, b.get(path).text(), "该代码在本系统登记的名称为“"+known.who.subject.Name+"”", "a hint, and no fault")

	second := string(storage.NewID())
	number := newResidentID()
	name = "connected." + second + "."
	whole := url.Values{
		name + "name": {"欧阳𬀩"}, name + "kind": {"person"}, name + "id_type": {"111"}, name + "id_number": {number},
		name + "relations": {"shareholder"}, name + "share": {"49.5"},
	}
	path = b.path("/rows/connected/" + second)
	refused := b.submit(b.get(path), path, whole)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	require.Contains(t, refused.text(), "合计为百分之 100.5，不能超过百分之百")
	whole.Set(name+"share", "49")
	page = b.follow(b.submit(refused, path, whole))
	require.Contains(t, page.text(), "欧阳𬀩")
	require.NotContains(t, page.Body, number, "the list of rows masks, the dialog does not")
	require.Contains(t, b.get(path).Body, number)
}

// Where nothing is public nobody learns by a code who is registered.
func TestB21_WithoutDisclosureNoCodeIsKnown(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Site.Disclosure = false })
	known, b := p.inForce(), p.bidder()
	row := string(storage.NewID())
	path, name := b.path("/rows/connected/"+row), "connected."+row+"."
	page := b.follow(b.submit(b.get(path), path, url.Values{
		name + "name": {"示范控股"}, name + "kind": {"organization"}, name + "unit": {known.who.subject.Code}, name + "relations": {"controller"},
	}))
	require.Contains(t, page.text(), known.who.subject.Code)
	require.NotContains(t, page.text(), known.who.subject.Name)
}

func TestB21_MembersOfAConsortiumAreComparedForTheReviewer(t *testing.T) {
	f, staff := publicFirm(t)
	reviewer, _ := f.p.newStaff(record.Reviewer, true)
	other := f.p.inForce()
	stranger := newCreditCode()
	f.submitted(record.Performance, func(scan form.File) record.Document {
		d := sample.Performance("示范家园 "+suffix(), form.Reference{ID: "p", Name: "周予安"}, scan)
		d.Members = []record.ConsortiumMember{
			sample.Member("m1", f.who.subject.Name, f.who.subject.Code, codes.ConsortiumLeader),
			sample.Member("m2", "示范二建有限公司", other.who.subject.Code, "member"), sample.Member("m3", "远方建筑有限公司", stranger, "member"),
		}
		d.Members[1].Share, d.Members[2].Share = "30", "20"
		return d
	})
	text := reviewer.get(f.review()).text()
	for _, want := range []string{
		"联合体成员的名称与登记的不一致", f.who.subject.Name + "，已登记", "示范二建有限公司，登记为“" + other.who.subject.Name + "”", "远方建筑有限公司，未在本系统登记",
	} {
		require.Contains(t, text, want)
	}
	f.decide(staff, record.Approve, "")
	c := &caller{portal: f.p, contract: partnertest.NewContract(t), address: f.p.browser().address}
	_, body := c.asks(c.apiKey(storage.ScopeSubjectsRead), "/api/v1/subjects/"+f.who.subject.Code)
	require.Contains(t, body, `"code":"`+other.who.subject.Code+`"`)
	require.Contains(t, body, `"role":{"code":"leader","name":"牵头人"}`)
	require.Contains(t, f.p.browser().get(f.publicPage()).text(), "远方建筑有限公司")
}

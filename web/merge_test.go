package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// tab is a window in which the page of a draft stands, and what a person has
// filled in there.
type tab struct {
	*bidder
	page   *answer
	values url.Values
}

// tab opens the page of the draft.
func (b *bidder) tab() *tab {
	b.p.t.Helper()
	page := b.get(b.path("/edit"))
	require.Equal(b.p.t, http.StatusOK, page.Status, page.text())
	values := fields(b.draft().Document)
	for _, name := range []string{"draft_version", shownField} {
		values.Set(name, page.input(name))
	}
	return &tab{b, page, values}
}

// types changes fields in the window.
func (w *tab) types(pairs ...string) *tab {
	for i := 0; i < len(pairs); i += 2 {
		w.values.Set(pairs[i], pairs[i+1])
	}
	return w
}

func (w *tab) saves() *answer {
	w.p.t.Helper()
	return w.submit(w.page, w.path("/draft"), w.values)
}

// saved is what the script of a page reads.
type saved struct {
	Version int    `json:"draft_version"`
	Shown   string `json:"shown"`
	Live    string `json:"live"`
	Merged  bool   `json:"merged"`
	Error   string `json:"error"`
}

// savesItself saves as the script of the page does, and follows the answer.
func (w *tab) savesItself() (int, saved) {
	w.p.t.Helper()
	w.header.Set("Accept", "application/json")
	defer w.header.Del("Accept")
	got := w.saves()
	var s saved
	require.NoError(w.p.t, json.Unmarshal([]byte(got.Body), &s), got.Body)
	if got.Status == http.StatusOK {
		w.types("draft_version", strconv.Itoa(s.Version), shownField, s.Shown)
	}
	return got.Status, s
}

// chooses answers the page that asks which side to take.
func (w *tab) chooses(asked *answer, action string, sides url.Values) *answer {
	w.p.t.Helper()
	values := url.Values{}
	maps.Copy(values, w.values)
	values.Set(seenField, asked.input(seenField))
	maps.Copy(values, sides)
	return w.submit(asked, action, values)
}

func (b *bidder) organization() *record.OrganizationDocument {
	b.p.t.Helper()
	d, ok := b.draft().Document.(*record.OrganizationDocument)
	require.True(b.p.t, ok)
	return d
}

// filled is a bidder whose draft is complete.
func filled(t *testing.T) *bidder {
	t.Helper()
	b := newPortal(t, nil).bidder()
	b.fill()
	return b
}

func TestTwoTabsAreMerged(t *testing.T) {
	b := filled(t)
	one, two := b.tab(), b.tab()
	require.Equal(t, http.StatusSeeOther, one.types("address", "甲路 1 号").saves().Status)
	merged := two.types("website", "https://example.com").saves()
	require.Equal(t, http.StatusSeeOther, merged.Status, merged.text())
	require.Contains(t, b.follow(merged).text(), "草稿已保存。合并了另一处对“注册地址”的修改")
	d := b.organization()
	require.Equal(t, []string{"甲路 1 号", "https://example.com"}, []string{d.Address, d.Website}, "what either changed is kept")

	t.Run("what both changed alike is no difference", func(t *testing.T) {
		one, two := b.tab(), b.tab()
		one.types("postcode", "410007").saves()
		again := b.follow(two.types("postcode", "410007").saves()).text()
		require.Contains(t, again, "草稿已保存")
		require.NotContains(t, again, "合并了")
	})
	t.Run("files that two windows added are all there, and what either took out is not", func(t *testing.T) {
		add := func(name string, side int) string {
			return b.stored(b.upload("licence", name, picture(t, side))).ID
		}
		first, second, third := add("第一页.png", 9), add("第二页.png", 10), add("第三页.png", 11)
		w := b.tab()
		w.values["licence"] = []string{first}
		w.saves()
		one, two := b.tab(), b.tab()
		one.values["licence"] = []string{first, second}
		two.values["licence"] = []string{third}
		one.saves()
		require.Equal(t, http.StatusSeeOther, two.saves().Status)
		var ids []string
		for _, f := range b.organization().Licence {
			ids = append(ids, f.ID)
		}
		require.ElementsMatch(t, []string{second, third}, ids)
	})
	t.Run("on the way to the answers, too", func(t *testing.T) {
		one, two := b.tab(), b.tab()
		one.types("address", "乙路 2 号").saves()
		checked := b.submit(two.types("website", "").page, two.path("/check"), two.values)
		require.Equal(t, b.path("/check"), checked.location(), checked.text())
		require.Contains(t, b.follow(checked).text(), "合并了另一处对“注册地址”的修改")
	})
}

func TestTwoTabsAreAskedWhereBothChangedTheSame(t *testing.T) {
	b := filled(t)
	collide := func() (*tab, *answer) {
		one, two := b.tab(), b.tab()
		one.types("address", "甲路 1 号", "postcode", "410011").saves()
		asked := two.types("address", "乙路 2 号", "website", "https://two.example.com").saves()
		require.Equal(t, http.StatusConflict, asked.Status)
		return two, asked
	}
	reset := func() { b.tab().types("address", "旧路", "postcode", "410006", "website", "").saves() }

	reset()
	_, asked := collide()
	for _, want := range []string{"这份草稿已在别处修改，有 1 处两边都改了", "尚未保存", "甲路 1 号", "乙路 2 号", "两处都改了", "410011", "只在另一处改了", "https://two.example.com", "只有您改了"} {
		require.Contains(t, asked.text(), want)
	}
	require.Equal(t, "乙路 2 号", asked.input("address"), "what was typed is carried along")
	require.Equal(t, "甲路 1 号", b.organization().Address, "nothing was overwritten")

	for _, c := range []struct {
		promise, address, postcode, website string
		sides                               url.Values
	}{
		{"mine, and the rest from where it was changed", "乙路 2 号", "410011", "https://two.example.com", url.Values{"choose.address": {"mine"}}},
		{"what is kept, and the rest from where it was changed", "甲路 1 号", "410011", "https://two.example.com", url.Values{"choose.address": {"saved"}}},
		{"each as chosen", "甲路 1 号", "410006", "", url.Values{"choose.address": {"saved"}, "choose.postcode": {"mine"}, "choose.website": {"saved"}}},
		{"all of mine", "乙路 2 号", "410006", "https://two.example.com", url.Values{"choose.address": {"saved"}, "all": {"mine"}}},
		{"all of what is kept", "甲路 1 号", "410011", "", url.Values{"choose.address": {"mine"}, "all": {"saved"}}},
	} {
		t.Run(c.promise, func(t *testing.T) {
			reset()
			two, asked := collide()
			chosen := two.chooses(asked, two.path("/draft"), c.sides)
			require.Equal(t, http.StatusSeeOther, chosen.Status, chosen.text())
			d := b.organization()
			require.Equal(t, []string{c.address, c.postcode, c.website}, []string{d.Address, d.Postcode, d.Website})
			text := b.follow(chosen).text()
			require.Equal(t, !c.sides.Has("all") && !c.sides.Has("choose.postcode"), strings.Contains(text, "合并了另一处对“邮编”的修改"), "what was chosen is not told again")
		})
	}
	t.Run("what was saved since the question was asked is asked again", func(t *testing.T) {
		reset()
		two, asked := collide()
		b.tab().types("address", "丙路 3 号").saves()
		again := two.chooses(asked, two.path("/draft"), url.Values{"choose.address": {"mine"}})
		require.Equal(t, http.StatusConflict, again.Status)
		require.Contains(t, again.text(), "丙路 3 号")
		require.Equal(t, "丙路 3 号", b.organization().Address)
		require.Equal(t, http.StatusSeeOther, two.chooses(again, two.path("/draft"), url.Values{"all": {"mine"}}).Status)
		require.Equal(t, "乙路 2 号", b.organization().Address)
	})
	t.Run("a side that there is none of, and a choice of something not seen, choose nothing", func(t *testing.T) {
		reset()
		two, asked := collide()
		for _, values := range []url.Values{{"choose.address": {"both"}}, {"choose.address": {"x"}}, {"all": {""}}, {"choose.address": {"mine"}, seenField: {"no marks"}}} {
			require.Equal(t, http.StatusConflict, two.chooses(asked, two.path("/draft"), values).Status, values)
		}
	})
	t.Run("a page that remembers nothing is asked for everything that differs", func(t *testing.T) {
		reset()
		one, two := b.tab(), b.tab()
		one.types("address", "甲路 1 号").saves()
		two.types(shownField, "%%").values.Del("website")
		asked := two.saves()
		require.Equal(t, http.StatusConflict, asked.Status)
		require.Contains(t, asked.text(), "有 1 处两边都改了")
	})
}

func TestTwoTabsThatSaveThemselves(t *testing.T) {
	b := filled(t)
	one, two := b.tab(), b.tab()
	status, _ := one.types("address", "甲路 1 号").savesItself()
	require.Equal(t, http.StatusOK, status)
	status, first := two.types("website", "https://two.example.com").savesItself()
	require.Equal(t, http.StatusOK, status)
	require.True(t, first.Merged)
	require.Contains(t, first.Live, "合并了另一处对“注册地址”的修改")

	t.Run("a page that still shows what was before does not bring it back", func(t *testing.T) {
		status, again := two.types("postcode", "410012").savesItself()
		require.Equal(t, http.StatusOK, status)
		require.True(t, again.Merged, "it still shows something else")
		d := b.organization()
		require.Equal(t, []string{"甲路 1 号", "https://two.example.com", "410012"}, []string{d.Address, d.Website, d.Postcode})
	})
	t.Run("and is asked when it changes that itself", func(t *testing.T) {
		status, refused := two.types("address", "乙路 2 号").savesItself()
		require.Equal(t, http.StatusConflict, status)
		require.Contains(t, refused.Live, "“注册地址”两处都改了")
		require.Contains(t, refused.Live, `formaction="`+b.path("/draft")+`"`)
		require.Equal(t, "这份草稿已在别处修改", refused.Error)
		require.Equal(t, "甲路 1 号", b.organization().Address)
		require.Equal(t, http.StatusConflict, two.saves().Status, "the button leads to the choice")
	})
	t.Run("the answer says how far the page is", func(t *testing.T) {
		w := b.tab()
		checked := b.submit(w.types("agent_name", "", "postcode", "1").page, w.path("/check"), w.values)
		require.Equal(t, http.StatusUnprocessableEntity, checked.Status)
		w.page = checked
		w.types("draft_version", checked.input("draft_version"), shownField, checked.input(shownField))
		w.values["told"] = []string{"agent_name", "postcode"}
		require.Contains(t, checked.Body, `name="told" value="agent_name"`)
		w.values.Set("agent_name", "周予安")
		status, s := w.savesItself()
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, s.Live, `data-live="bar"`)
		require.Contains(t, s.Live, "有 1 处需要修改")
		require.Contains(t, s.Live, "需修改 1 处")
		require.Contains(t, s.Live, "1 处需修改")
		w.types("postcode", "410006")
		_, s = w.savesItself()
		require.Contains(t, s.Live, "已全部修改")
		require.NotContains(t, s.Live, "需修改")
	})
}

func TestTwoTabsWithARow(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	page := b.start(record.Qualification)
	file := b.stored(b.upload("certificate", "证书.png", picture(t, 8)))
	_, err := p.Store.SaveDraft(t.Context(), b.who.subject.ID, b.id, number(page.input("draft_version")), sample.Qualification("D243000001", file))
	require.NoError(t, err)
	const row, name = "/rows/lines/line1", "lines.line1."
	dialog := func() *tab {
		page := b.get(b.path(row))
		values := url.Values{shownField: {page.input(shownField)}, "row": {"lines/line1"}}
		group := b.draft().Document.Form(today()).Field("lines")
		line, _ := group.Row("line1")
		for _, f := range line.Fields {
			if !f.Fixed && !f.Empty() {
				values[f.Name] = f.Input()
			}
		}
		return &tab{b, page, values}
	}
	scope := func() string {
		for _, line := range b.draft().Document.(*record.QualificationDocument).Lines {
			if line.ID == "line1" {
				return line.Scope
			}
		}
		return "gone"
	}
	sends := func(w *tab) *answer { return b.submit(w.page, b.path(row), w.values) }

	t.Run("what two dialogs changed is merged", func(t *testing.T) {
		one, two := dialog(), dialog()
		require.Equal(t, http.StatusSeeOther, sends(one.types(name+"scope", "甲")).Status)
		merged := sends(two.types(name+"approved_on", "2024-04-01"))
		require.Equal(t, http.StatusSeeOther, merged.Status, merged.text())
		require.Contains(t, b.follow(merged).text(), "合并了另一处对")
		require.Equal(t, "甲", scope())
		require.Equal(t, form.Date("2024-04-01"), b.draft().Document.(*record.QualificationDocument).Lines[0].ApprovedOn)
	})
	t.Run("what both changed is asked", func(t *testing.T) {
		one, two := dialog(), dialog()
		sends(one.types(name+"scope", "乙"))
		asked := sends(two.types(name+"scope", "丙"))
		require.Equal(t, http.StatusConflict, asked.Status)
		require.Contains(t, asked.text(), "第 1 项")
		require.Equal(t, "乙", scope())
		chosen := two.chooses(asked, b.path(row), url.Values{"choose." + name + "scope": {"mine"}})
		require.Equal(t, http.StatusSeeOther, chosen.Status, chosen.text())
		require.Equal(t, "丙", scope())
	})
	t.Run("a row that was deleted elsewhere is asked for, and not brought back in silence", func(t *testing.T) {
		w, page := dialog(), b.tab()
		gone := b.submit(page.page, b.path(row+"/delete"), page.values)
		require.Equal(t, http.StatusSeeOther, gone.Status, gone.text())
		require.Equal(t, "gone", scope())
		asked := sends(w.types(name+"scope", "丁"))
		require.Equal(t, http.StatusConflict, asked.Status)
		require.Contains(t, asked.text(), "已删除这一项")
		require.Equal(t, http.StatusSeeOther, w.chooses(asked, b.path(row), url.Values{"all": {"saved"}}).Status)
		require.Equal(t, "gone", scope())
		require.Equal(t, http.StatusSeeOther, w.chooses(sends(w), b.path(row), url.Values{"all": {"mine"}}).Status)
		require.Equal(t, "丁", scope())
	})
	t.Run("a row that was changed elsewhere is not deleted in silence", func(t *testing.T) {
		page, w := b.tab(), dialog()
		sends(w.types(name+"scope", "戊"))
		asked := b.submit(page.page, b.path(row+"/delete"), page.values)
		require.Equal(t, http.StatusConflict, asked.Status, asked.text())
		require.Contains(t, asked.text(), "戊")
		require.Equal(t, http.StatusSeeOther, page.chooses(asked, b.path(row+"/delete"), url.Values{"all": {"saved"}}).Status)
		require.Equal(t, "戊", scope())
		require.Equal(t, http.StatusSeeOther, page.chooses(b.submit(page.page, b.path(row+"/delete"), page.values), b.path(row+"/delete"), url.Values{"all": {"mine"}}).Status)
		require.Equal(t, "gone", scope())
	})
	t.Run("the page around hears that rows are others", func(t *testing.T) {
		page := b.tab()
		fresh := string(storage.NewID())
		added := b.submit(b.get(b.path("/rows/lines/"+fresh)), b.path("/rows/lines/"+fresh), url.Values{
			"lines." + fresh + ".major": {"04", "1040A0", "1040A010"}, "lines." + fresh + ".grade": {"11"},
		})
		require.Equal(t, http.StatusSeeOther, added.Status, added.text())
		status, s := page.types("issuer", "另一机关").savesItself()
		require.Equal(t, http.StatusOK, status)
		require.True(t, s.Merged)
		status, s = page.types("issuer", "又一机关").savesItself()
		require.Equal(t, http.StatusOK, status)
		require.False(t, s.Merged, "once is enough")
	})
}

func TestTwoTabsAnswerRemarks(t *testing.T) {
	p := newPortal(t, nil)
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	page := b.fill()
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	b.decide(staff, record.Return, "", record.Remark{Field: "address", Text: "请填写门牌号"}, record.Remark{Field: "bank", Text: "请写全称"})
	answers := func() map[string]string { return b.draft().Answers }
	tabs := func() (*tab, *tab) {
		one, two := b.tab(), b.tab()
		for _, w := range []*tab{one, two} {
			for _, target := range []string{"address", "bank"} {
				w.types(answerField+target, answers()[target])
			}
		}
		return one, two
	}
	one, two := tabs()
	one.types("answer.address", "没有门牌").saves()
	require.Equal(t, http.StatusSeeOther, two.types("answer.bank", "已写全称").saves().Status)
	require.Equal(t, map[string]string{"address": "没有门牌", "bank": "已写全称"}, answers(), "what either answered is kept")

	one, two = tabs()
	one.types("answer.address", "门牌在后院").saves()
	asked := two.types("answer.address", "已更正").saves()
	require.Equal(t, http.StatusConflict, asked.Status)
	require.Contains(t, asked.text(), "对“注册地址”的答复")
	require.Equal(t, "门牌在后院", answers()["address"])
	require.Equal(t, http.StatusSeeOther, two.chooses(asked, b.path("/draft"), url.Values{"choose.answer.address": {"mine"}}).Status)
	require.Equal(t, "已更正", answers()["address"])
}

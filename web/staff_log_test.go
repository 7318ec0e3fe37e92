package web

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/storage"
)

// sheetRows reads the workbook that an answer carries.
func (a *answer) sheetRows() [][]string {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.Status, a.text())
	book, err := excelize.OpenReader(bytes.NewReader([]byte(a.Body)))
	require.NoError(a.t, err)
	defer func() { require.NoError(a.t, book.Close()) }()
	rows, err := book.GetRows(book.GetSheetName(0))
	require.NoError(a.t, err)
	return rows
}

func TestB18TheLogSaysWhoDidWhat(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, id := p.newStaff(record.Reviewer, true)
	filed := p.bidder()
	require.Equal(t, filed.path(""), filed.file().location())
	review := filed.review()
	page := reviewer.get(review)
	require.Equal(t, review, reviewer.submit(page, review+"/claim", page.nonce()).location())
	require.Equal(t, http.StatusOK, reviewer.submit(page, review+"/reveal", url.Values{"reason": {"contents"}}).Status)
	filed.decide(id, record.Return, "示范大道的门牌号缺失")
	path := "/staff/members/" + string(id)
	form := boss.get(path)
	edit := url.Values{"revision": {form.value("revision")}, "name": {"=HYPERLINK(1)"}, "role": {"confirmer"}, "regions": {"4301"}}
	require.Equal(t, path, boss.submit(form, path, edit).location())

	log := boss.get("/staff/log?staff=" + string(id))
	text := log.text()
	for _, want := range []string{"退回补正", "查看完整敏感信息", "修改工作人员", "新增工作人员", "系统", "审核员，全部地区，全部事项 → 复核员，湖南省长沙市，全部事项", "姓名已修改", "基本信息（单位）"} {
		require.Contains(t, text, want)
	}
	require.Contains(t, log.Body, "/staff/records/"+string(filed.id))
	t.Run("W31 no personal data: neither contents nor reasons", func(t *testing.T) {
		for _, kept := range []string{filed.who.subject.Name, filed.who.subject.Code, "门牌号"} {
			require.NotContains(t, text, kept)
		}
	})
	t.Run("narrowed by type and day", func(t *testing.T) {
		moves := boss.get("/staff/log?type=review&staff=" + string(id)).text()
		require.Contains(t, moves, "退回补正")
		require.NotContains(t, moves, "姓名已修改")
		tomorrow := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
		require.Contains(t, boss.get("/staff/log?from="+tomorrow).text(), "这个条件下没有记录")
		today := time.Now().In(record.Shanghai).Format(time.DateOnly)
		require.Contains(t, boss.get("/staff/log?from="+today+"&to="+today+"&staff="+string(id)).text(), "退回补正")
		require.Contains(t, boss.get("/staff/log?from=nonsense&to=&type=x&staff=y&after=z").text(), "修改工作人员")
	})
	t.Run("W19 others see their own, whomever they ask for", func(t *testing.T) {
		other, otherID := p.newStaff(record.Reviewer, true)
		own := other.get("/staff/log?staff=" + string(id))
		require.NotContains(t, own.text(), "退回补正")
		require.Contains(t, own.text(), "新增工作人员")
		require.NotContains(t, own.Body, `name="staff"`)
		rows := other.get("/staff/log/export?staff=" + string(id)).sheetRows()
		require.Len(t, rows, 2, "a heading, and that %s was added", otherID)
	})
	t.Run("W36 taken along as a workbook in which nothing is a formula", func(t *testing.T) {
		a := boss.get("/staff/log/export?staff=" + string(id))
		rows := a.sheetRows()
		require.Equal(t, []string{"时间", "人员", "角色", "操作", "说明", "记录", "记录编号"}, rows[0])
		require.Contains(t, strings.Join(rows[1], "|"), "=HYPERLINK(1)")
		book, err := excelize.OpenReader(bytes.NewReader([]byte(a.Body)))
		require.NoError(t, err)
		defer func() { require.NoError(t, book.Close()) }()
		for r := range rows {
			for _, column := range []string{"B", "E"} {
				formula, err := book.GetCellFormula(book.GetSheetName(0), column+string(rune('1'+r)))
				require.NoError(t, err)
				require.Empty(t, formula)
			}
		}
		require.Len(t, boss.get("/staff/log/export?type=reveal&staff="+string(id)).sheetRows(), 2)
	})
}

func TestB18TheLogIsReadPageByPage(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	_, id := p.newStaff(record.Reviewer, true)
	for n := range logged {
		require.NoError(t, p.Store.SetAbsent(t.Context(), record.Actor{Role: record.Supervisor}, id, n%2 == 0))
	}
	first := boss.get("/staff/log?type=staff&staff=" + string(id))
	require.Equal(t, logged, strings.Count(first.Body, `<th scope="row">`))
	require.NotContains(t, first.text(), "上一页")
	second := boss.get(onward(t, first))
	require.Equal(t, 1, strings.Count(second.Body, `<th scope="row">`))
	require.Contains(t, second.text(), "新增工作人员")
	require.NotContains(t, second.text(), "下一页")
	require.Contains(t, second.text(), "上一页")
}

// onward is where a page of a list leads on to.
func onward(t *testing.T, a *answer) string {
	t.Helper()
	_, after, found := strings.Cut(a.Body, `<nav class="pager"`)
	require.True(t, found)
	_, after, found = strings.Cut(after, `href="`)
	require.True(t, found)
	address, _, _ := strings.Cut(after, `"`)
	return strings.ReplaceAll(address, "&amp;", "&")
}

// Every type of event that staff leave behind has a word of its own.
func TestB18TheLogHasWordsForWhatStaffDo(t *testing.T) {
	for _, name := range []string{
		string(record.Approve), string(record.Return), string(record.Confirm), string(record.Reject), string(record.Reopen), storage.EventRefused,
		storage.EventRevealed, storage.EventHandedOver, storage.EventClaimGranted, storage.EventStaffAbsent, storage.EventCodesImported, storage.EventPhraseAdded,
	} {
		require.NotContains(t, wordOf(name), name)
	}
	require.Equal(t, "其他操作（unheard_of）", wordOf("unheard_of"))
	for _, move := range record.Moves() {
		if transition, ok := record.TransitionOf(move); ok && transition.By.IsStaff() {
			require.Equal(t, move.Label(), wordOf(string(move)))
		}
	}
}

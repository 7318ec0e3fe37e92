package web

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
)

// figures reads the tables of the page: of each the headings, then the rows.
func (a *answer) figures() map[string][][]string {
	a.t.Helper()
	tables := map[string][][]string{}
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, table := range regexp.MustCompile(`(?s)<table id="([a-z-]+)">(.*?)</table>`).FindAllStringSubmatch(a.Body, -1) {
		var rows [][]string
		for _, row := range regexp.MustCompile(`(?s)<tr>(.*?)</tr>`).FindAllStringSubmatch(table[2], -1) {
			var cells []string
			for _, cell := range regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`).FindAllStringSubmatch(row[1], -1) {
				cells = append(cells, strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(cell[1], " "))), " "))
			}
			rows = append(rows, cells)
		}
		tables[table[1]] = rows
	}
	return tables
}

// typed is the value of the input of that id.
func (a *answer) typed(id string) string {
	a.t.Helper()
	match := regexp.MustCompile(`(?s)<input[^>]*id="` + id + `"[^>]*value="([^"]*)"`).FindStringSubmatch(a.Body)
	require.NotNil(a.t, match)
	return html.UnescapeString(match[1])
}

// column finds a row's cell under a heading.
func column(t *testing.T, table [][]string, head, heading string) string {
	t.Helper()
	require.NotEmpty(t, table)
	for i, name := range table[0] {
		if name != heading {
			continue
		}
		for _, row := range table[1:] {
			if strings.HasPrefix(row[0], head) {
				return row[i]
			}
		}
	}
	t.Fatalf("no %s of %s in %v", heading, head, table)
	return ""
}

func TestB19_StatisticsShowWhatWasDecided(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, id := p.newStaff(record.Reviewer, true)
	other, _ := p.newStaff(record.Reviewer, true)
	boss, bossID := p.newStaff(record.Supervisor, true)
	approved, returned := p.bidder(), p.bidder()
	for _, b := range []*bidder{approved, returned} {
		require.Equal(t, b.path(""), b.file().location())
	}
	approved.decide(id, record.Approve, "")
	returned.decide(id, record.Return, "附件不清晰，请重新上传。第二页缺角。")
	ofToday := "/staff/statistics?period=today"

	t.Run("a reviewer sees the totals and their own figures, and nobody else's", func(t *testing.T) {
		mine := reviewer.get(ofToday + "&staff=me")
		require.Equal(t, http.StatusOK, mine.Status, mine.text())
		table := mine.figures()["by-kind"]
		require.Equal(t, "2", column(t, table, "基本信息（单位）", "办结"))
		require.Equal(t, "1", column(t, table, "基本信息（单位）", "通过"))
		require.Equal(t, "1", column(t, table, "合计", "退回补正"))
		require.Equal(t, "50.0%", column(t, table, "合计", "一次通过率"))
		require.NotContains(t, table[0], "收到", "what came in is nobody's")
		require.NotContains(t, mine.figures(), "by-staff")
		all := reviewer.get(ofToday)
		require.NotContains(t, all.figures(), "by-staff")
		require.NotContains(t, all.Body, string(bossID), "no choice of others")
		require.Contains(t, other.get(ofToday+"&staff=me").text(), "这个时段没有收到、办结的件")
		require.Contains(t, all.text(), "今日我办结 2 件")
		foreign := other.get(ofToday + "&staff=" + string(id))
		require.Equal(t, http.StatusForbidden, foreign.Status)
		require.Equal(t, http.StatusForbidden, other.get("/staff/statistics/export?staff="+string(id)).Status)
	})
	t.Run("a supervisor sees the reviewers, one or all", func(t *testing.T) {
		page := boss.get(ofToday + "&staff=" + string(id))
		require.Len(t, page.figures()["by-staff"], 2, "headings and one reviewer")
		require.Equal(t, "2", column(t, page.figures()["by-staff"], "审核员", "办结"))
		require.Contains(t, page.Body, `<option value="`+string(id)+`" selected>`)
		require.Greater(t, len(boss.get(ofToday).figures()["by-staff"]), 2)
	})
	t.Run("reasons are told by phrase and field, and never what was written", func(t *testing.T) {
		page := boss.get(ofToday + "&staff=" + string(id))
		require.Equal(t, "1", column(t, page.figures()["by-phrase"], "附件不清晰，请重新上传", "件数"))
		require.NotContains(t, page.Body, "第二页缺角")
	})
	t.Run("filters combine, and what is none narrows nothing", func(t *testing.T) {
		own := ofToday + "&staff=me"
		require.Contains(t, reviewer.get(own+"&kind=award").text(), "这个时段没有收到、办结的件")
		require.Equal(t, reviewer.get(own).figures(), reviewer.get(own+"&kind=nonsense&region=999999").figures())
		require.Contains(t, reviewer.get(own+"&region=110000").text(), "这个时段没有收到、办结的件")
		require.Equal(t, http.StatusNotFound, boss.get(ofToday+"&staff=nobody").Status)
	})
	t.Run("periods are days in Shanghai, with a line for each, or for each month", func(t *testing.T) {
		now := today()
		for name, days := range map[string]int{"today": 1, "week": (int(now.Weekday())+6)%7 + 1, "month": now.Day(), "30d": 30} {
			require.Len(t, reviewer.get("/staff/statistics?period=" + name).figures()["by-day"], days+2, "%s: headings, days, total", name)
		}
		year := reviewer.get(fmt.Sprintf("/staff/statistics?from=%s&to=%s", codes.CivilDate(now.AddDate(-1, 0, 1)), codes.CivilDate(now)))
		require.Equal(t, http.StatusOK, year.Status)
		months := year.figures()["by-day"]
		require.Equal(t, "月份", months[0][0])
		require.Equal(t, now.Format("2006-01"), months[len(months)-2][0])
	})
	for _, c := range []struct{ from, to, said string }{
		{"2026-02-30", "2026-03-01", "开始日期：请填写日期"},
		{"", "2026-03-01", "开始日期：请填写日期"},
		{"2026-03-01", "", "结束日期：请填写日期"},
		{"2026-03-02", "2026-03-01", "结束日期：不能早于开始日期"},
		{"2020-01-01", "2026-03-01", "开始日期：一次最多统计两年"},
		{"2026-03-02", "2999-01-01", "结束日期：不能晚于今天"},
		{"<script>", "2026-03-01", "开始日期：请填写日期"},
	} {
		t.Run("bad dates are said and kept: "+c.from+" to "+c.to, func(t *testing.T) {
			query := "?from=" + strings.NewReplacer("<", "%3C", ">", "%3E").Replace(c.from) + "&to=" + c.to
			page := reviewer.get("/staff/statistics" + query)
			require.Equal(t, http.StatusUnprocessableEntity, page.Status)
			require.Contains(t, page.text(), c.said)
			require.Equal(t, c.from, page.typed("f-from"))
			require.Empty(t, page.figures())
			require.NotEqual(t, http.StatusOK, reviewer.get("/staff/statistics/export"+query).Status)
		})
	}
}

func TestB19_TheWorkbookHasTheTablesOfThePage(t *testing.T) {
	p := newPortal(t, nil)
	boss, id := p.newStaff(record.Supervisor, true)
	_, err := owner(t).NewRaw("UPDATE staff SET name = '=1+1' WHERE id = ?", id).Exec(t.Context())
	require.NoError(t, err)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	b.decide(id, record.Return, "证照已过期，请上传有效证照")

	query := "?period=today&staff=me"
	page := boss.get("/staff/statistics" + query)
	export := boss.get("/staff/statistics/export" + query)
	require.Contains(t, export.Header.Get("Content-Disposition"), ".xlsx")
	book := export.workbook()
	sheets := map[string]string{
		"按日期": "by-day", "按类型": "by-kind", "按地区": "by-region", "按人员": "by-staff", "退回原因：字段": "by-field", "退回原因：常用意见": "by-phrase",
	}
	tables := page.figures()
	for name, id := range sheets {
		rows, err := book.GetRows(strings.ReplaceAll(name, ":", ""))
		require.NoError(t, err, name)
		if table, shown := tables[id]; shown {
			require.Equal(t, table, rows, name)
		} else {
			require.Len(t, rows, 1, "%s has headings only where the page says that there is nothing", name)
		}
	}
	cell, err := book.GetCellFormula("按人员", "A2")
	require.NoError(t, err)
	require.Empty(t, cell, "W36 a name that begins like a formula stays a name")
	decided, err := book.GetCellType("按类型", "B2")
	require.NoError(t, err)
	require.NotEqual(t, "s", fmt.Sprint(decided), "a figure can be reckoned with")
}

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
)

// chartFaults compares every chart of the page with the table below it, and names
// what differs: the charts read cells, and the cells are what was counted.
const chartFaults = `(() => {
  const faults = [];
  const boxes = [...document.querySelectorAll("[data-chart]")];
  if (boxes.length === 0) return "there is no chart";
  for (const box of boxes) {
    const chart = globalThis.echarts?.getInstanceByDom(box);
    if (!chart || !box.querySelector("svg path")) { faults.push(box.dataset.table + " is not drawn"); continue; }
    const table = document.getElementById(box.dataset.table);
    const headings = [...table.tHead.rows[0].cells].map((c) => c.textContent.trim());
    const columns = box.dataset.bars.split(" ").map(Number);
    if (box.dataset.line !== "0") columns.push(Number(box.dataset.line));
    const rows = [...table.tBodies[0].rows].slice(0, box.dataset.chart === "bars" ? 15 : undefined);
    const series = chart.getOption().series;
    columns.forEach((column, i) => {
      const said = rows.map((row) => row.cells[column].textContent.trim());
      const drawn = series[i].data.map((v) => (v === null ? "—" : String(v)));
      if (series[i].name !== headings[column]) faults.push(box.dataset.table + ": " + series[i].name + " is not " + headings[column]);
      if (said.join() !== drawn.join()) faults.push(box.dataset.table + "/" + headings[column] + ": " + drawn + " is drawn of " + said);
    });
  }
  return faults.join("; ");
})()`

// TestB19_StatisticsInTheBrowser has filings decided, and looks at the figures.
func TestB19_StatisticsInTheBrowser(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	boss, reviewer := newMember(t, s, "统计主管", record.Supervisor, true), newMember(t, s, "统计审核员", record.Reviewer, true)
	for _, move := range []record.Move{record.Approve, record.Approve, record.Return} {
		b := newBidder(t, s, fmt.Sprintf("统计示例%d有限公司", nextNumber())).complete(t).submitted(t)
		reason := ""
		var remarks []record.Remark
		if move == record.Return {
			reason, remarks = "附件不清晰，请重新上传", []record.Remark{{Field: "licence", Text: "看不清日期"}, {Field: "address", Text: "缺门牌号"}}
		}
		b.decided(t, reviewer, move, reason, remarks...)
		want := record.NothingFiled
		if move == record.Return {
			want = record.Returned
		}
		b.reaches(t, want)
	}
	p := boss.sit(t, s)
	p.do(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `globalThis.violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));`,
	}))

	p.part("B19 figures, charts and the tables below them", func() {
		p.follow("统计")
		p.sees("按日期", "按类型", "按地区", "按人员", "退回原因：字段", "统计口径", "一次通过率")
		p.choose("人员", "统计审核员（"+reviewer.Login+"）")
		p.follow("查看")
		p.sees("66.7%", "首次申报和变更初审 3 件，通过 2 件", "附件不清晰，请重新上传", "营业执照")
		eventually(t, patience, func() string { return p.eval(chartFaults) })
	})
	p.part("W14 a chart needs no style or script that the policy keeps out", func() {
		p.eval(`(document.querySelector(".chart").dispatchEvent(new MouseEvent("mousemove", { bubbles: true, clientX: 400, clientY: 500 })), "")`)
		require.Empty(t, p.eval(`violations.join("; ")`))
		require.Equal(t, "0", p.eval(`String(document.querySelectorAll("main [style*='url']").length)`))
	})
	p.part("N10 the page is accessible, as wide as a desk and as a telephone", func() {
		p.accessible("statistics on a desk")
		p.window(phoneWidth, phoneHeight)
		require.True(t, p.look("wide").OK, p.look("wide").Why)
		p.accessible("statistics on a telephone")
		p.window(deskWidth, deskHeight)
	})
	p.part("less motion is no motion", func() {
		p.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
		}))
		p.open(p.path())
		eventually(t, patience, func() string { return p.eval(chartFaults) })
		require.Equal(t, "false", p.eval(`String(echarts.getInstanceByDom(document.querySelector(".chart")).getOption().animation)`))
	})
	p.part("the workbook holds what the page shows", func() {
		href := p.eval(`[...document.querySelectorAll("main a")].find((a) => a.innerText.includes("导出 Excel")).href`)
		taken := p.fetched(href)
		f, err := excelize.OpenReader(bytes.NewReader(taken))
		require.NoError(t, err)
		rows, err := f.GetRows("按类型")
		require.NoError(t, err)
		require.NoError(t, f.Close())
		shown := p.eval(`[...document.querySelectorAll("#by-kind tr")].map((r) => [...r.cells].map((c) => c.textContent.trim()).join("|")).join("\n")`)
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = strings.Join(row, "|")
		}
		require.Equal(t, shown, strings.Join(lines, "\n"))
	})
	p.part("without scripts the tables say it all", func() {
		address := p.path()
		p.withoutScripts()
		p.open(address)
		p.sees("按人员", "66.7%", "统计审核员")
		p.seesNot("没有数据")
	})
}

// fetched is what the browser gets from an address, with its cookies.
func (p *person) fetched(address string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`fetch(%q).then((r) => r.status === %d ? r.arrayBuffer() : Promise.reject(r.status))
		.then((b) => btoa([...new Uint8Array(b)].map((c) => String.fromCharCode(c)).join("")))`, address, http.StatusOK),
		func(params *runtime.EvaluateParams) { await := true; params.AwaitPromise = &await }))
	require.NoError(p.t, err)
	content, err := base64.StdEncoding.DecodeString(answer)
	require.NoError(p.t, err)
	return content
}

// Charts of the statistics. Each is drawn from the cells of the table below it,
// which says the same without scripts. Colours are those of the page; patterns,
// names and numbers go with them.
import "./vendor/echarts.min.js";

const { echarts } = globalThis;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--gx-${name}`).trim();

// A chart of bars that lie has no more rows than can be told apart.
const mostBars = 15;

// cells reads the table: the names of its columns, and of each row the heading
// and the numbers. What is no number is no point of a chart.
function cells(table) {
  const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => ({
    head: row.cells[0].firstChild.textContent.trim(),
    values: [...row.cells].map((cell, i) => (i > 0 && cell.textContent.trim() !== "" ? Number(cell.textContent) : NaN)),
  }));
  return { headings, rows };
}

// option describes the chart of an element.
function option(box) {
  const { headings, rows } = cells(document.getElementById(box.dataset.table));
  const lying = box.dataset.chart === "bars";
  const drawn = lying ? rows.slice(0, mostBars) : rows;
  const bars = box.dataset.bars.split(" ").map(Number);
  const line = Number(box.dataset.line);
  const values = (column) => drawn.map((row) => (Number.isNaN(row.values[column]) ? null : row.values[column]));
  const series = bars.map((column) => ({
    type: "bar",
    name: headings[column],
    data: values(column),
    stack: "stack" in box.dataset ? "all" : undefined,
    barMaxWidth: 22,
    label: { show: bars.length === 1, position: "right", color: token("ink") },
  }));
  if (line > 0) {
    series.push({ type: "line", name: headings[line], data: values(line), symbol: "diamond", symbolSize: 7, lineStyle: { type: "dashed" } });
  }
  const names = {
    type: "category",
    data: drawn.map((row) => row.head),
    inverse: lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: token("line-2") } },
    axisLabel: { color: token("ink-2"), fontSize: 13, width: lying ? 180 : undefined, overflow: "truncate" },
  };
  const numbers = {
    type: "value",
    minInterval: 1,
    splitLine: { lineStyle: { color: token("line-3") } },
    axisLabel: { color: token("ink-2"), fontSize: 13 },
  };
  return {
    color: box.dataset.colours.split(" ").map(token),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    aria: { enabled: true, label: { enabled: false }, decal: { show: series.length > 1 } },
    legend: { show: series.length > 1, top: 0, left: 8, textStyle: { color: token("ink"), fontSize: 13 } },
    // As rich text: a tooltip of HTML would need styles within its markup.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    grid: { top: series.length > 1 ? 40 : 12, right: 40, bottom: 8, left: 8, containLabel: true },
    xAxis: lying ? numbers : names,
    yAxis: lying ? names : numbers,
    series,
  };
}

// draw shows the chart. Bars that lie make it as high as they are many.
function draw(box) {
  const shown = option(box);
  box.hidden = false;
  const size = box.dataset.chart === "bars" ? { height: 64 + 34 * shown.yAxis.data.length } : {};
  const chart = echarts.init(box, null, { renderer: "svg", ...size });
  chart.setOption(shown);
  new ResizeObserver(() => chart.resize(size)).observe(box);
}

for (const box of document.querySelectorAll("[data-chart]")) draw(box);

// Attachments that wait for their virus scan: asks, ever more rarely, what became
// of them, and shows it in their rows. After ten minutes the page has to be
// loaded anew, so that a forgotten one does not keep its session alive.
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const states = {
  ready: [t("已上传"), "ok"],
  pending: [t("待扫描"), "warn"],
  unscanned: [t("已上传，未扫描"), ""],
  refused: [t("未通过病毒扫描"), "err"],
};
const longest = 30_000, patience = 600_000;
let timer, pause, until;

// part is an element of a row.
export function part(row, name) { return row.querySelector(`[data-${name}]`); }

// show draws the state of a file that is stored.
export function show(row, state) {
  row.dataset.scan = state;
  const tag = document.createElement("span");
  const [text, tone] = states[state] ?? states.ready;
  tag.textContent = text;
  tag.className = `tag ${tone}`;
  part(row, "state").replaceChildren(tag);
  if (state === "pending") watch();
  if (state !== "refused") return;
  row.classList.add("bad");
  part(row, "preview").hidden = true;
  part(row, "thumb").querySelector("img")?.remove();
  const advice = part(row, "error");
  advice.textContent = advice.dataset.virus;
  advice.hidden = false;
}

function waiting() { return [...document.querySelectorAll(".att-row[data-scan=pending]")]; }

// watch begins to ask, soon again after each new file.
export function watch() {
  clearTimeout(timer);
  [pause, until] = [500, Date.now() + patience];
  timer = setTimeout(ask, pause);
}

async function ask() {
  const response = await fetch(`/records/${form.dataset.record}/files`, { headers: { Accept: "application/json" } }).catch(() => null);
  const known = response?.ok ? (await response.json().catch(() => null))?.files ?? {} : {};
  for (const row of waiting()) {
    const state = known[row.dataset.file];
    if (state && state !== "pending") show(row, state);
  }
  pause = Math.min(longest, pause * 1.5);
  if (waiting().length > 0 && Date.now() < until) timer = setTimeout(ask, pause);
}

if (waiting().length > 0) watch();

// Lists of codes that depend on each other: choosing an entry loads the next
// level. Without this module a button asks the server to draw it.
import { t } from "./words.js";

for (const button of document.querySelectorAll(".no-script")) button.hidden = true;

for (const group of document.querySelectorAll("[data-cascade]")) {
  const levels = [...group.querySelectorAll("select")];
  levels.forEach((level, i) => level.addEventListener("change", () => follow(group.dataset.cascade, levels, i)));
}

const loaded = new Map();

// children asks for the codes below one, once.
function children(table, code) {
  const url = `/codes/${encodeURIComponent(table)}?parent=${encodeURIComponent(code)}`;
  if (!loaded.has(url)) {
    loaded.set(url, fetch(url, { headers: { Accept: "application/json" } }).then((response) => {
      if (!response.ok) throw new Error(response.statusText);
      return response.json();
    }).catch((error) => { loaded.delete(url); throw error; }));
  }
  return loaded.get(url);
}

// follow empties the levels below the one chosen and fills the next.
async function follow(table, levels, changed) {
  const code = levels[changed].value;
  for (const level of levels.slice(changed + 1)) fill(level, [], t("先选上一级"));
  const next = levels[changed + 1];
  if (!code || !next) return;
  fill(next, [], t("正在载入…"));
  try {
    const entries = await children(table, code);
    if (levels[changed].value !== code) return; // chosen anew meanwhile
    fill(next, entries, entries.length > 0 ? t("请选择") : t("没有下级，不用选"));
  } catch {
    fill(next, [], t("没有载入，请重选上一级"));
  }
}

// choose sets the lists of a cascade to a path of codes, from the root down.
export async function choose(group, path) {
  const levels = [...group.querySelectorAll("select")];
  for (const [i, code] of path.entries()) {
    if (!levels[i]) return;
    if (![...levels[i].options].some((option) => option.value === code)) {
      fill(levels[i], await children(group.dataset.cascade, i > 0 ? path[i - 1] : ""), t("请选择"));
    }
    levels[i].value = code;
  }
  if (levels[path.length]) await follow(group.dataset.cascade, levels, path.length - 1);
  group.dispatchEvent(new Event("change", { bubbles: true }));
}

function fill(select, entries, prompt) {
  select.replaceChildren(new Option(prompt, ""), ...entries.map((entry) => new Option(entry.name, entry.code)));
}

// The panel of the USB key on a page: its notes, and the cards of the
// certificates that are there to choose from.
import { panel } from "./agent.js";
import { t } from "./words.js";

const only = panel.dataset.certificate;
export const part = (name, root = panel) => root.querySelector(`[data-key="${name}"]`);
const notes = ["absent", "denied", "unknown", "insert", "other", "list", "window"];

let found = 0; // certificates that may be chosen

// show shows these parts of the panel and hides the others.
export function show(...names) {
  for (const name of notes) part(name).hidden = !names.includes(name);
}

export function tell(text, tone = "") {
  part("bar").hidden = false;
  const state = part("state");
  state.textContent = text;
  state.className = tone;
}

// fail says why nothing was signed. It stays until the next try, whatever the
// panel shows of the agent meanwhile.
export function fail(text) {
  part("why").textContent = text;
  part("failed").hidden = false;
}

// chosen is the certificate that the person has marked; why not, if none.
export function chosen() {
  const id = panel.querySelector("input[name=key]:checked")?.value;
  return { id, why: found ? t("请选择证书。") : t("还没有检测到可用的证书，请按上面的提示操作。") };
}

// forget takes the certificates away.
export function forget() { found = 0; }

const date = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", dateStyle: "medium" });

export function draw(list) {
  const usable = only ? list.filter((c) => c.id === only) : list;
  const before = chosen().id;
  found = usable.length;
  for (const card of panel.querySelectorAll(".key-card")) card.remove();
  for (const c of usable) {
    const card = part("card").content.firstElementChild.cloneNode(true);
    part("name", card).textContent = c.common_name;
    part("detail", card).textContent = t("%s，%s，尾号 %s", c.token, c.algorithm, c.serial.slice(-4));
    const ended = new Date(c.not_after) < new Date();
    part("until", card).textContent = ended ? t("已过期：%s", date.format(new Date(c.not_after))) : t("有效期至 %s", date.format(new Date(c.not_after)));
    card.classList.toggle("over", ended);
    const radio = card.querySelector("input");
    radio.value = c.id;
    radio.checked = c.id === before || usable.length === 1;
    part("list").append(card);
  }
  if (usable.length && !chosen().id) panel.querySelector("input[name=key]").checked = true;
  if (usable.length) {
    tell(only ? t("已连接 CA 驱动，检测到本次登录的 CA 锁") : t("已连接 CA 驱动，检测到 %s 个证书", usable.length), "ok");
    show("list");
  } else {
    tell(t("已连接 CA 驱动"), "ok");
    show(list.length ? "other" : "insert");
  }
}

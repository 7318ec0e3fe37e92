// Saves the draft of the page by itself, some seconds after the last keystroke.
import { follow, mend } from "./follow.js";
import { fresh } from "./token.js";
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const status = document.querySelector("[data-saved]");
const words = status.querySelector("[data-words]");
const wait = 4000; // milliseconds after the last keystroke
const longest = 60_000; // bytes that a browser still sends when the page is left
let timer;
let saving; // ends with the saving under way
let loggedOut = false; // nothing is tried until somebody is logged in again
let unsaved = false;

export const dirty = () => unsaved;

// say writes a state beside the heading, where it is read out.
function say(text, tone = "") {
  status.className = `saved ${tone}`;
  words.textContent = text;
}

export function changed() {
  unsaved = true;
  clearTimeout(timer);
  if (!loggedOut) timer = setTimeout(save, wait);
}

// handOver leaves what is unsaved to the form itself, which is being sent.
export function handOver() {
  clearTimeout(timer);
  unsaved = false;
}

// settled ends with the saving under way, undefined without one.
export const settled = () => saving;

// save saves at once what is unsaved. leaving tells that the page may be gone
// before the answer comes.
export function save(leaving = false) {
  if (!unsaved || loggedOut) return;
  if (saving) {
    changed();
    return;
  }
  clearTimeout(timer);
  saving = send(leaving).finally(() => { saving = undefined; });
}

// resume goes on where somebody has logged in elsewhere meanwhile.
export async function resume() {
  if (!loggedOut || !await fresh()) return;
  loggedOut = false;
  save();
}

// fields are the form's own values; files go their own way.
function fields() {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  return body.toString();
}

async function send(leaving, again = false) {
  unsaved = false;
  say(t("正在保存…"));
  try {
    const body = fields();
    const response = await fetch(form.getAttribute("action"), {
      method: "POST", body, headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" }, keepalive: leaving && body.length < longest,
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return stored(answer);
    unsaved = true;
    if (response.status === 403 && !again && await fresh()) return send(leaving, true);
    loggedOut = response.status === 401;
    if (answer.live) follow(answer.live);
    say(loggedOut ? t("登录已过期，点击“保存草稿”后重新登录，内容不会丢失")
      : answer.live ? t("尚未保存：这份草稿已在别处修改，请在页面底部选择")
        : answer.error ?? t("未能自动保存，请点击“保存草稿”"), "bad");
  } catch {
    unsaved = true;
    say(t("网络中断，尚未保存，恢复后会自动重试"), "bad");
    timer = setTimeout(save, 3 * wait);
  }
}

function stored(answer) {
  form.elements.draft_version.value = answer.draft_version;
  form.elements.shown.value = answer.shown;
  const time = new Date(answer.saved_at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai", hour12: false });
  say(t("%s 已自动保存", time));
  follow(answer.live);
  mend(answer.problems);
  form.dispatchEvent(new Event("saved"));
}

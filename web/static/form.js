// The page of a draft: saves by itself, and warns before unsaved input is lost.
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const status = document.querySelector("[data-saved]");
const wait = 4000; // milliseconds after the last keystroke
let dirty = false;
let timer;
let saving = false;
let saved = Promise.resolve(); // ends with the saving under way

// say writes a state beside the heading, where it is read out.
function say(text, tone = "") {
  status.className = `saved ${tone}`;
  status.textContent = text;
}

function changed() {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(save, wait);
}

// fields are the form's own values; files go their own way.
function fields() {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  return body;
}

function save() {
  if (saving) return changed();
  saving = true;
  saved = send();
}

async function send() {
  dirty = false;
  say(t("正在保存…"));
  try {
    const response = await fetch(form.getAttribute("action"), {
      method: "POST", body: fields(), headers: { Accept: "application/json" },
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) {
      form.elements.draft_version.value = answer.draft_version;
      const time = new Date(answer.saved_at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai", hour12: false });
      say(t("%s 已自动保存", time));
      form.dispatchEvent(new Event("saved"));
    } else {
      dirty = true;
      say(response.status === 401 ? t("登录已过期，点击“保存草稿”后重新登录，内容不会丢失")
        : response.status === 409 ? t("这份草稿已在别处修改，点击“保存草稿”查看怎样处理")
          : answer.error ?? t("未能自动保存，请点击“保存草稿”"), "bad");
    }
  } catch {
    dirty = true;
    say(t("网络中断，尚未保存，恢复后会自动重试"), "bad");
    timer = setTimeout(save, 3 * wait);
  } finally {
    saving = false;
  }
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("data-delete")) return;
  clearTimeout(timer);
  if (saving) {
    // The draft that is being saved is this one: a version behind, the form
    // would be refused as changed elsewhere.
    event.preventDefault();
    saved.then(() => form.requestSubmit(event.submitter));
    return;
  }
  dirty = false;
});
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

// The contents on the right follow the reading.
const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.classList.remove("on");
    links.get(entry.target.id)?.classList.add("on");
  }
}, { rootMargin: "-80px 0px -70% 0px" });
for (const id of links.keys()) observer.observe(document.getElementById(id));

// The claim on a filing goes on while the reviewer works on the page, and lapses
// when nobody does. What was typed stays in either case.
import { t } from "./words.js";

const state = document.querySelector("[data-lease]");
const csrf = document.querySelector("meta[name=csrf]").content;
const period = Number(state?.dataset.period) * 1000;
const often = 20_000; // milliseconds between looks at the clock
let until = Date.now() + Number(state?.dataset.left) * 1000;
let active = false;
let lost = false;

function say(text, bad) {
  if (state.textContent.trim() === text) return;
  state.textContent = text;
  state.classList.toggle("lost", bad);
}

function clock(at) {
  return new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai", hour12: false });
}

async function renew() {
  active = false;
  const response = await fetch(state.dataset.lease, { method: "POST", headers: { "X-CSRF-Token": csrf, Accept: "application/json" } }).catch(() => null);
  if (!response) return; // the network is away: the next look asks again
  if (response.status === 204) {
    until = Date.now() + period;
    say(t("由我办理，保留到 %s", clock(until)), false);
    return;
  }
  if (response.status >= 500) return;
  const answer = await response.json().catch(() => ({}));
  lost = true;
  say(response.status === 401 ? t("登录已过期。您填写的内容还在本页，提交时重新登录即可。") : (answer.error ?? t("该件已不由您办理。")) + t("您填写的内容还在本页。"), true);
}

function look() {
  if (lost) return;
  const left = until - Date.now();
  if (active && left < period * 0.9) renew();
  else if (left < 0) say(t("领取已到期，该件已回到队列。您填写的内容还在本页，继续办理会重新领取。"), true);
}

if (state) {
  for (const type of ["pointerdown", "keydown", "input", "wheel"]) {
    document.addEventListener(type, () => { active = true; }, { passive: true });
  }
  setInterval(look, often);
  // Whoever comes back to the page learns at once how things stand.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !lost) renew(); });
}

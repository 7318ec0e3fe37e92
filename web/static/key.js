// Talks to the USB-key agent on this computer: shows its driver's state and the
// certificates of the keys that are inserted, and has one of them sign what the
// portal asks. The PIN is typed in the agent's own window, never here.
const form = document.querySelector("form[data-key-form]");
const panel = form.querySelector("[data-agent]");
const agent = panel.dataset.agent;
const only = panel.dataset.certificate;
const csrf = document.querySelector("meta[name=csrf]").content;
const part = (name, root = panel) => root.querySelector(`[data-key="${name}"]`);
const notes = ["absent", "denied", "unknown", "insert", "other", "list", "window", "failed"];

let certificates = [];
let shown = ""; // the agent's mark of the list that is drawn
let busy = false;
let watch = new AbortController();

// show shows these parts of the panel and hides the others.
function show(...names) {
  for (const name of notes) part(name).hidden = !names.includes(name);
}

function tell(text, tone = "") {
  part("bar").hidden = false;
  const state = part("state");
  state.textContent = text;
  state.className = tone;
}

function fail(text) {
  part("why").textContent = text;
  part("failed").hidden = false;
}

// Refused is what the agent, or the portal, says to the person.
class Refused extends Error {}

async function ask(path, { signal, body } = {}) {
  const response = await fetch(agent + path, {
    mode: "cors", cache: "no-store", signal,
    ...(body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? answer.detail ?? "CA 驱动拒绝了本次请求，请确认驱动的设置允许本网站。");
  return answer;
}

// denied tells whether the browser keeps the page from reaching this computer.
async function denied() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const { state } = await navigator.permissions.query({ name });
      return state === "denied";
    } catch { /* the browser knows no such permission */ }
  }
  return false;
}

// runs tells whether the agent answers at all. To a site that it does not know it
// answers what the page cannot read, which is enough.
async function runs(signal) {
  try {
    await fetch(`${agent}/v1/status`, { mode: "no-cors", cache: "no-store", signal });
    return true;
  } catch {
    return false;
  }
}

// lacking shows why the agent did not answer this page.
async function lacking(signal) {
  const refused = await denied();
  const unknown = !refused && await runs(signal);
  if (signal.aborted || busy) return;
  tell(unknown ? "CA 驱动还没有允许本网站" : "未连接 CA 驱动", "warn");
  show(refused ? "denied" : unknown ? "unknown" : "absent");
}

const date = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", dateStyle: "medium" });

function draw(list) {
  const usable = only ? list.filter((c) => c.id === only) : list;
  const chosen = panel.querySelector("input[name=key]:checked")?.value;
  certificates = usable;
  for (const card of panel.querySelectorAll(".key-card")) card.remove();
  for (const c of usable) {
    const card = part("card").content.firstElementChild.cloneNode(true);
    part("name", card).textContent = c.common_name;
    part("detail", card).textContent = `${c.token}，${c.algorithm}，尾号 ${c.serial.slice(-4)}`;
    const ended = new Date(c.not_after) < new Date();
    part("until", card).textContent = `${ended ? "已过期：" : "有效期至 "}${date.format(new Date(c.not_after))}`;
    card.classList.toggle("over", ended);
    const radio = card.querySelector("input");
    radio.value = c.id;
    radio.checked = c.id === chosen || usable.length === 1;
    part("list").append(card);
  }
  if (usable.length && !panel.querySelector("input[name=key]:checked")) panel.querySelector("input[name=key]").checked = true;
  if (usable.length) {
    tell(only ? "已连接 CA 驱动，检测到本次登录的 CA 锁" : `已连接 CA 驱动，检测到 ${usable.length} 个证书`, "ok");
    show("list");
  } else {
    tell("已连接 CA 驱动", "ok");
    show(list.length ? "other" : "insert");
  }
}

const rest = (milliseconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

// follow shows what the agent sees until the signal ends it.
async function follow(signal) {
  let wait = "";
  while (!signal.aborted) {
    try {
      const { certificates: list, state } = await ask(`/v1/certificates${wait}`, { signal });
      wait = `?wait=${encodeURIComponent(state)}`;
      if (state !== shown && !busy) { shown = state; draw(list); }
    } catch (error) {
      if (signal.aborted) return;
      wait = shown = "";
      if (!busy) {
        certificates = [];
        if (error instanceof Refused) {
          tell(error.message, "warn");
          show();
        } else {
          await lacking(signal);
        }
      }
      await rest(3000, signal);
    }
  }
}

function begin() {
  watch.abort();
  watch = new AbortController();
  shown = "";
  tell("正在检测 CA 驱动…");
  show();
  follow(watch.signal);
}

// statement is what the portal wants signed.
async function statement() {
  const response = await fetch(form.dataset.keyForm, {
    method: "POST", headers: { "X-CSRF-Token": csrf, Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(new FormData(form)),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? "暂时不能开始认证，请刷新页面后重试。");
  return answer;
}

const refusals = {
  cancelled: "已取消。需要时请重新点击按钮。",
  locked: "CA 锁口令连续输错，CA 锁已锁定。请联系 CA 公司解锁，或在【数字证书】中申请解锁。",
  removed: "CA 锁已拔出，请重新插入后再试。",
  expired: "没有在两分钟内输入口令，请重新点击按钮。",
};

// explain tells why nothing was signed. tries_left is null where the key does
// not tell how many are left.
function explain({ reason, tries_left: left }) {
  if (reason === "wrong_pin" && left !== 0) {
    return `口令不正确，没有签名。请确认口令后重新点击按钮。${left ? `还可以再试 ${left} 次，全部输错后 CA 锁会锁定。` : ""}`;
  }
  if (reason === "wrong_pin") return refusals.locked;
  return refusals[reason] ?? "签名没有完成，请重新插入 CA 锁后再试。";
}

// sign has the chosen key sign, in the agent's window.
async function sign(certificate) {
  const asked = await statement();
  const { id, window: address } = await ask("/v1/signatures", { body: { certificate, statement: asked.statement } });
  part("link").href = address;
  show("window");
  window.open(address, "ukey", "popup,width=480,height=640");
  for (;;) {
    const answer = await ask(`/v1/signatures/${id}?wait=1`);
    if (answer.state === "signed") return { ...asked, ...answer };
    if (answer.state !== "waiting") throw new Refused(explain(answer));
  }
}

function hand(name, value) {
  const field = form.elements[name] ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name }));
  field.value = value;
}

form.addEventListener("submit", async (event) => {
  if (form.dataset.signed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (busy) return;
  const chosen = panel.querySelector("input[name=key]:checked")?.value;
  if (!chosen) {
    fail(certificates.length ? "请选择证书。" : "还没有检测到可用的证书，请按上面的提示操作。");
    return;
  }
  busy = true;
  part("failed").hidden = true;
  try {
    const answer = await sign(chosen);
    if (form.elements.nonce) hand("nonce", answer.nonce);
    hand("certificate", answer.certificate);
    hand("signature", answer.signature);
    for (const link of answer.chain ?? []) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "chain", value: link }));
    form.dataset.signed = "yes";
    tell("口令正确，正在提交…", "ok");
    show("list");
    form.requestSubmit(event.submitter);
  } catch (error) {
    busy = false;
    begin();
    fail(error instanceof Refused ? error.message : "与 CA 驱动的连接中断，请点击【重新检测】后再试。");
  }
});

// The window in which the person allows this site. What follows is seen by follow.
const allowance = `${agent}/allow?origin=${encodeURIComponent(location.origin)}`;
part("allow-link").href = allowance;
part("allow").addEventListener("click", () => window.open(allowance, "ukey-allow", "popup,width=480,height=640"));
part("again").addEventListener("click", () => { part("failed").hidden = true; begin(); });
// A page from the browser's history starts anew.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  delete form.dataset.signed;
  busy = false;
  begin();
});
begin();

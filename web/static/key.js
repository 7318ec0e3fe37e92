// Has a key sign what a form needs signed before it is sent.
import { ask, explain, Refused } from "./agent.js";
import { chosen, fail, part, show, tell } from "./keypanel.js";
import { begin, working } from "./keywatch.js";
import { t } from "./words.js";

const form = document.querySelector("form[data-key-form]");
const csrf = document.querySelector("meta[name=csrf]").content;

// statement is what the portal wants signed.
async function statement() {
  const response = await fetch(form.dataset.keyForm, {
    method: "POST", headers: { "X-CSRF-Token": csrf, Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(new FormData(form)),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? t("暂时不能开始认证，请刷新页面后重试。"));
  return answer;
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
  if (working.busy) return;
  const { id, why } = chosen();
  if (!id) {
    fail(why);
    return;
  }
  working.busy = true;
  part("failed").hidden = true;
  try {
    const answer = await sign(id);
    if (form.elements.nonce) hand("nonce", answer.nonce);
    hand("certificate", answer.certificate);
    hand("signature", answer.signature);
    for (const link of answer.chain ?? []) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "chain", value: link }));
    form.dataset.signed = "yes";
    tell(t("口令正确，正在提交…"), "ok");
    show("list");
    form.requestSubmit(event.submitter);
  } catch (error) {
    working.busy = false;
    begin();
    fail(error instanceof Refused ? error.message : t("与 CA 驱动的连接中断，请点击【重新检测】后再试。"));
  }
});

// A page from the browser's history starts anew.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  delete form.dataset.signed;
  working.busy = false;
  begin();
});
begin();

// Talks to the USB-key agent on this computer, and to the portal for what it
// wants signed. The PIN is typed in the agent's own window, never here.
import { t } from "./words.js";

export const panel = document.querySelector("[data-agent]");
const agent = panel.dataset.agent;

// Refused is what the agent, or the portal, says to the person.
export class Refused extends Error {}

export async function ask(path, { signal, body } = {}) {
  const response = await fetch(agent + path, {
    mode: "cors", cache: "no-store", signal,
    ...(body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? answer.detail ?? t("CA 驱动拒绝了本次请求，请确认驱动的设置允许本网站。"));
  return answer;
}

// denied tells whether the browser keeps the page from reaching this computer.
export async function denied() {
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
export async function runs(signal) {
  try {
    await fetch(`${agent}/v1/status`, { mode: "no-cors", cache: "no-store", signal });
    return true;
  } catch {
    return false;
  }
}

// allowance is the agent's page on which the person allows this site.
export const allowance = `${agent}/allow?origin=${encodeURIComponent(location.origin)}`;

const refusals = {
  cancelled: t("已取消。需要时请重新点击按钮。"),
  locked: t("CA 锁口令连续输错，CA 锁已锁定。请联系 CA 公司解锁，或在【数字证书】中申请解锁。"),
  removed: t("CA 锁已拔出，请重新插入后再试。"),
  expired: t("没有在两分钟内输入口令，请重新点击按钮。"),
};

// explain tells why nothing was signed. tries_left is null where the key does
// not tell how many are left.
export function explain({ reason, tries_left: left }) {
  if (reason === "wrong_pin" && left !== 0) {
    return t("口令不正确，没有签名。请确认口令后重新点击按钮。") + (left ? t("还可以再试 %s 次，全部输错后 CA 锁会锁定。", left) : "");
  }
  if (reason === "wrong_pin") return refusals.locked;
  return refusals[reason] ?? t("签名没有完成，请重新插入 CA 锁后再试。");
}

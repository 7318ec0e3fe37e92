// Watches the agent: shows at once when a key is inserted or taken out, and why
// there is no answer.
import { allowance, ask, denied, Refused, runs } from "./agent.js";
import { draw, forget, part, show, tell } from "./keypanel.js";
import { t } from "./words.js";

let shown = ""; // the agent's mark of the list that is drawn
let watch = new AbortController();

// working holds the panel still while a key is signing.
export const working = { busy: false };

// lacking shows why the agent did not answer this page.
async function lacking(signal) {
  const refused = await denied();
  const unknown = !refused && await runs(signal);
  if (signal.aborted || working.busy) return;
  tell(unknown ? t("CA 驱动还没有允许本网站") : t("未连接 CA 驱动"), "warn");
  show(refused ? "denied" : unknown ? "unknown" : "absent");
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
      if (state !== shown && !working.busy) { shown = state; draw(list); }
    } catch (error) {
      if (signal.aborted) return;
      wait = shown = "";
      if (!working.busy) {
        forget();
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

export function begin() {
  watch.abort();
  watch = new AbortController();
  shown = "";
  tell(t("正在检测 CA 驱动…"));
  show();
  follow(watch.signal);
}

part("allow-link").href = allowance;
part("allow").addEventListener("click", () => window.open(allowance, "ukey-allow", "popup,width=480,height=640"));
part("again").addEventListener("click", () => { part("failed").hidden = true; begin(); });

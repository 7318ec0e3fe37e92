// A decision can be undone for some seconds: the button counts them, and goes
// when they are over.
import { t } from "./words.js";

for (const form of document.querySelectorAll("form[data-undo]")) {
  const end = Date.now() + Number(form.dataset.undo) * 1000;
  const left = form.querySelector("[data-left]");
  const timer = setInterval(() => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    if (seconds > 0) {
      left.textContent = t("%s 秒内", seconds);
      return;
    }
    clearInterval(timer);
    form.remove();
  }, 250);
}

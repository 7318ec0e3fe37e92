// The reviewer's desk: phrases at a click, and how many remarks on fields go
// along.
import { t } from "./words.js";

for (const chips of document.querySelectorAll("[data-chips]")) {
  const opinion = document.getElementById(chips.dataset.chips);
  chips.hidden = false;
  chips.addEventListener("click", (event) => {
    const phrase = event.target.closest("button")?.dataset.phrase;
    if (!phrase) return;
    const text = opinion.value.trimEnd();
    if (!text.includes(phrase)) opinion.value = text ? t("%s；%s", text, phrase) : phrase;
    opinion.dispatchEvent(new Event("input", { bubbles: true }));
    opinion.focus();
  });
}

const counter = document.querySelector("[data-remark-count]");
const remarks = [...document.querySelectorAll("textarea[name^='remark.']")];
if (counter) {
  const show = () => {
    const n = remarks.filter((remark) => remark.value.trim()).length;
    counter.textContent = n > 0 ? t("现有 %s 条字段意见。", n) : "";
  };
  for (const remark of remarks) remark.addEventListener("input", show);
  show();
}

for (const details of document.querySelectorAll("details.remark")) {
  details.addEventListener("toggle", () => {
    if (details.open && details.contains(document.activeElement)) details.querySelector("textarea").focus();
  });
}

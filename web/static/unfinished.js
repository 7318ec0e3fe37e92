// Files that are on their way, or were not taken in: whoever leaves the page, or
// sends its form, is asked first.
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const dialog = document.getElementById("dialog-uploads");
const part = (name) => dialog.querySelector(`[data-${name}]`);
let submitter = null;
let anyway = false; // the person goes on without them

const rows = (...states) => [...document.querySelectorAll(".att-row[data-upload]")].filter((row) => states.includes(row.dataset.upload));
const names = (all) => all.map((row) => row.querySelector("[data-name]").textContent).join(t("、"));

function go() {
  anyway = true;
  dialog.close();
  form.requestSubmit(submitter);
}

function list() {
  const [open, lost] = [rows("waiting", "running"), rows("failed")];
  for (const [name, all] of [["running", open], ["failed", lost]]) {
    part(name).hidden = all.length === 0;
    part(name).querySelector("b").textContent = names(all);
  }
  part("after").hidden = open.length === 0 || lost.length > 0;
  return open.length + lost.length;
}

// Before what else listens: the draft is not sent yet.
document.addEventListener("submit", (event) => {
  if (event.target !== form || anyway || list() === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  submitter = event.submitter;
  delete dialog.dataset.after;
  dialog.showModal();
}, { capture: true });

part("anyway").addEventListener("click", go);
part("after").addEventListener("click", () => {
  dialog.dataset.after = "yes";
  part("after").hidden = true;
});

document.addEventListener("uploaded", () => {
  if (!dialog.open) return;
  if (list() === 0) {
    if (dialog.dataset.after) go();
    else dialog.close();
  } else if (dialog.dataset.after) {
    part("after").hidden = true;
  }
});

window.addEventListener("beforeunload", (event) => { if (!anyway && rows("waiting", "running", "failed").length > 0) event.preventDefault(); });

// Files dragged onto the page or pasted with Ctrl+V. On a field they belong to
// it, elsewhere a dialog asks.
import { upload } from "./upload.js";

const dialog = document.getElementById("dialog-assign");
const zones = [...document.querySelectorAll("[data-drop]")];
const waiting = [];

for (const zone of zones) zone.hidden = false;

function hasFiles(event) { return [...event.dataTransfer?.types ?? []].includes("Files"); }

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  for (const place of document.querySelectorAll(".dragging")) place.classList.remove("dragging");
  event.target.closest("[data-attachment], [data-drop]")?.classList.add("dragging");
});

document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault(); // a missed drop must not leave the page
  for (const place of document.querySelectorAll(".dragging")) place.classList.remove("dragging");
  take(event.dataTransfer.files, event.target.closest("[data-attachment]"));
});

document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length > 0 && !event.target.matches("textarea")) {
    event.preventDefault();
    take(event.clipboardData.files, event.target.closest("[data-attachment]"));
  }
});

function take(files, group) {
  if (group?.querySelector("input[type=file]")) {
    for (const file of files) upload(group, file);
    return;
  }
  waiting.push(...files);
  if (!dialog.open) ask();
}

// ask shows the dialog for the next file that waits.
function ask() {
  if (waiting.length === 0) return;
  dialog.querySelector("[data-assign-name]").textContent = waiting[0].name;
  dialog.returnValue = "";
  dialog.showModal();
}

dialog.addEventListener("close", () => {
  const file = waiting.shift();
  const field = dialog.querySelector("input[name=assign]:checked")?.value;
  const group = field && document.querySelector(`[data-attachment="${field}"]`);
  if (file && group?.querySelector("input[type=file]") && dialog.returnValue === "assign") upload(group, file);
  ask();
});

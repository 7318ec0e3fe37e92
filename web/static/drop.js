// Files dragged onto the page or pasted with Ctrl+V. On a field they belong to
// it, elsewhere a dialog asks.
import { upload } from "./upload.js";
import { t } from "./words.js";

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

// What has text as well, such as cells of a sheet, is pasted as text.
document.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData;
  if (files.length === 0 || types.includes("text/plain")) return;
  event.preventDefault();
  take([...files].map(named), event.target.closest("[data-attachment]"));
});

// named gives a screenshot, which browsers call image.png, the time for a name.
function named(file) {
  if (!/^image\.\w+$/.test(file.name)) return file;
  const time = new Date().toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).replace(/[-:]/g, "").replace(" ", "-");
  return new File([file], `${t("截图")}-${time}${file.name.slice(5)}`, { type: file.type });
}

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

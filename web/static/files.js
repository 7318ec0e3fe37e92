// Attachments: a file is uploaded as soon as it is chosen, and may be replaced
// and deleted. drop.js adds dragging and pasting. Without them the buttons of
// the form do the same.
import { remove } from "./attached.js";
import { part } from "./scanning.js";
import { upload } from "./upload.js";

for (const group of document.querySelectorAll("[data-attachment]")) {
  const input = group.querySelector("input[type=file]");
  if (!input) continue;
  const pick = group.querySelector("[data-pick]");
  input.multiple = true;
  input.hidden = true;
  group.querySelector("[data-send]").hidden = true;
  pick.hidden = false;
  pick.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    for (const file of files) upload(group, file);
  });
  for (const row of group.querySelectorAll(".att-row")) part(row, "replace").hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-delete], [data-replace]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest(".att-row");
    if ("delete" in button.dataset) remove(row);
    else replace(group, row);
  });
}

function replace(group, row) {
  const picker = document.createElement("input");
  picker.type = "file";
  picker.accept = group.querySelector("input[type=file]").accept;
  picker.addEventListener("change", () => { if (picker.files[0]) upload(group, picker.files[0], row); });
  picker.click();
}

// The regions of a staff member: found by name, code or pinyin initials, or taken
// from the lists, each becomes a line of its own. Without this module a button has
// the server do it.
import "./cascade.js";
import { listbox } from "./listbox.js";

for (const box of document.querySelectorAll("[data-regions]")) {
  const picked = box.querySelector(".picked");
  const levels = [...box.querySelectorAll("[data-cascade] select")];
  for (const button of box.querySelectorAll("button[name=do]")) button.type = "button"; // Enter saves the form

  listbox(box.querySelector(".code-search"), {
    find: async (text) => {
      const response = await fetch(`/codes/region?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.statusText);
      return (await response.json()).map((entry) => ({ label: entry.name, entry }));
    },
    chosen: ({ entry }) => pick(picked, entry.code, entry.name),
  });

  box.querySelector("[data-add]").addEventListener("click", () => {
    const chosen = levels.filter((level) => level.value);
    if (chosen.length === 0) return levels[0].focus();
    pick(picked, chosen.at(-1).value, chosen.map((level) => level.selectedOptions[0].textContent).join(""));
    levels[0].value = "";
    levels[0].dispatchEvent(new Event("change"));
  });
}

// pick adds a region, or ticks it again.
function pick(picked, code, name) {
  const digits = code.replace(/(00)+$/, "");
  const known = [...picked.querySelectorAll("input")].find((input) => input.value === digits);
  if (known) { known.checked = true; return; }
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { className: "form-check-input", type: "checkbox", name: "regions", value: digits, checked: true });
  label.append(box, ` ${name}`);
  const item = document.createElement("li");
  item.append(label);
  picked.append(item);
}

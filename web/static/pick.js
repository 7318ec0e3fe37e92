// Choosing among the subject's people by searching. Without this module a list
// offers them.
import { listbox } from "./listbox.js";

for (const box of document.querySelectorAll("[data-pick-people]")) {
  const picked = box.querySelector(".picked");
  box.querySelector("select").remove();
  listbox(box.querySelector(".code-search"), {
    find: async (text) => {
      const response = await fetch(`/people?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.statusText);
      return (await response.json()).map((person) => ({ label: person.name, note: person.note, person }));
    },
    chosen: ({ person }) => {
      if (box.dataset.pickPeople === "pick") picked.replaceChildren();
      const known = [...picked.querySelectorAll("input")].find((input) => input.value === person.id);
      if (known) known.checked = true;
      else picked.append(line(box.dataset.name, person));
      box.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
}

function line(name, person) {
  const label = document.createElement("label");
  label.append(
    Object.assign(document.createElement("input"), { className: "form-check-input", type: "checkbox", name, value: person.id, checked: true }),
    ` ${person.name} `,
    Object.assign(document.createElement("span"), { className: "t2 code", textContent: person.note }),
  );
  const item = document.createElement("li");
  item.append(label);
  return item;
}

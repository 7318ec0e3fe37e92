// Finding a code by its name, its number or its pinyin initials, above the
// lists of a cascade. A choice fills the lists.
import { choose } from "./cascade.js";
import { listbox } from "./listbox.js";

for (const box of document.querySelectorAll("[data-code-search]")) {
  const table = encodeURIComponent(box.dataset.codeSearch);
  const group = box.parentElement.querySelector("[data-cascade]");
  listbox(box, {
    find: async (text) => {
      const response = await fetch(`/codes/${table}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.statusText);
      return (await response.json()).filter((entry) => entry.leaf).map((entry) => ({ label: entry.name, entry }));
    },
    chosen: ({ entry }) => choose(group, entry.path),
  });
}

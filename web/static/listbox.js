// A search field with a list of what was found: arrows move, Enter chooses,
// Escape closes. box holds an input and a ul.found; find answers a text with
// [{label, note?}], chosen gets the one that was taken.
import { t } from "./words.js";

export function listbox(box, { find, chosen }) {
  const input = box.querySelector("input");
  const list = box.querySelector(".found");
  list.id = `found-${Math.random().toString(36).slice(2)}`;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list" })) input.setAttribute(name, value);
  box.hidden = false;
  let found = [];
  let at = -1;
  let timer;
  let asked = 0;

  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const take = (item) => { input.value = ""; close(); chosen(item); };
  const mark = (next) => {
    at = next;
    [...list.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === at)));
    const line = list.children[at];
    if (!line) return;
    input.setAttribute("aria-activedescendant", line.id);
    line.scrollIntoView({ block: "nearest" });
  };

  const show = (items) => {
    found = items;
    list.replaceChildren(...items.map((item, i) => {
      const line = document.createElement("li");
      line.id = `${list.id}-${i}`;
      line.role = "option";
      line.textContent = item.label;
      if (item.note) line.append(Object.assign(document.createElement("span"), { className: "t2 code", textContent: item.note }));
      line.addEventListener("mousedown", (event) => { event.preventDefault(); take(item); });
      return line;
    }));
    if (items.length === 0) list.append(Object.assign(document.createElement("li"), { className: "t2", textContent: t("没有找到，请换个说法") }));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(items.length > 0 ? 0 : -1);
  };

  input.addEventListener("input", (event) => {
    event.stopPropagation(); // searching is no change of the form
    clearTimeout(timer);
    const text = input.value.trim();
    if (!text || event.isComposing) return close();
    timer = setTimeout(async () => {
      const mine = ++asked;
      const items = await find(text).catch(() => []);
      if (mine === asked && input.value.trim() === text) show(items);
    }, 200);
  });
  input.addEventListener("compositionend", () => input.dispatchEvent(new Event("input")));
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault(); // it must not send the form
      if (!list.hidden && found[at]) take(found[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length > 0) {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    }
  });
  input.addEventListener("blur", close);
}

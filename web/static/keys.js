// The keys of the staff's pages. Links, buttons, choices and fields say by
// data-key which key presses them, and show it: here stands no list of keys.
import { composing, free } from "./typing.js";

// withKey finds what bears a key and can be seen.
function withKey(key) {
  return [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key && element.checkVisibility());
}

function press(element) {
  if (element.matches("textarea, input:not([type=radio], [type=checkbox])")) {
    element.focus();
    element.select();
    return;
  }
  element.click();
}

document.addEventListener("keydown", (event) => {
  if (event.repeat) return;
  // A decision is handed in from the middle of its opinion, too.
  const handed = event.ctrlKey && event.key === "Enter" && !composing(event) && !document.querySelector("dialog[open]");
  if (!handed && (!free(event) || event.key.length !== 1)) return;
  const element = withKey(handed ? "Ctrl+Enter" : event.key.toUpperCase());
  if (!element) return;
  event.preventDefault();
  press(element);
});

// Escape leaves a field, so that keys are for the page again.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || composing(event) || document.querySelector("dialog[open]")) return;
  const field = event.target.closest("textarea, input");
  if (!field) return;
  const row = field.closest("[data-row]");
  field.blur();
  row?.focus();
});

// words names what an element does, without the hint of its key.
function words(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  const copy = element.cloneNode(true);
  for (const hint of copy.querySelectorAll(".hotkey, .num, .visually-hidden")) hint.remove();
  return (copy.ariaLabel || copy.textContent).trim().replace(/\s+/g, " ");
}

function line(keys, text) {
  const box = document.createElement("div");
  const term = box.appendChild(document.createElement("dt"));
  for (const key of keys) term.appendChild(document.createElement("kbd")).textContent = key === "Enter" ? "↵" : key;
  box.appendChild(document.createElement("dd")).textContent = text;
  return box;
}

// The list of keys is read off the page when it is opened.
const list = document.querySelector("[data-keys]");
document.addEventListener("click", (event) => {
  if (!list || !event.target.closest(`[data-dialog="${list.closest("dialog").id}"]`)) return;
  const seen = new Map();
  for (const element of document.querySelectorAll("[data-key]")) {
    if (element.checkVisibility() && !seen.has(element.dataset.key)) seen.set(element.dataset.key, element);
  }
  list.replaceChildren(
    ...[...document.querySelectorAll("[data-key-note]")].map((note) => line(note.dataset.keyNote.split(" "), note.textContent)),
    ...[...seen].map(([key, element]) => line(key.split("+"), words(element))),
  );
}, { capture: true });

// A link that leads to the search finds it ready for typing, here or on its page.
const search = document.getElementById("f-q");
if (location.hash === "#f-q") search?.focus();
document.addEventListener("click", (event) => {
  if (!search || event.target.closest("a")?.hash !== "#f-q") return;
  event.preventDefault();
  search.focus();
});

// The rows of the reviewer's desk: keys go from one to the next, and one opens
// the remark on it. Without a note of these keys on the page they are off.
import { free } from "./typing.js";

const on = document.querySelector("[data-key-note]");
let chosen = null;

// unfolded are the rows that can be seen.
const unfolded = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());

function choose(row) {
  chosen?.classList.remove("chosen");
  chosen = row;
  row.classList.add("chosen");
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const rows = unfolded();
  if (rows.length === 0) return;
  const at = rows.indexOf(chosen);
  choose(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]);
}

// remark opens the remark on the chosen row, else on the first that takes one.
function remark() {
  if (!chosen?.checkVisibility()) step(1);
  const details = chosen?.querySelector("details.remark");
  if (!details) return;
  details.open = true;
  details.querySelector("textarea").focus();
}

const steps = { ArrowDown: 1, n: 1, ArrowUp: -1, p: -1 };

document.addEventListener("keydown", (event) => {
  if (!on || !free(event)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // Arrows are for the columns beside, and for choices, where those have the focus.
  if (key.startsWith("Arrow") && event.target.closest(".q, .dp, input, summary")) return;
  if (key in steps) step(steps[key]);
  else if (key === "c") remark();
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && row !== chosen && !event.target.closest("a, button, summary, textarea")) choose(row);
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || row === chosen) return;
  chosen?.classList.remove("chosen");
  chosen = row;
  row.classList.add("chosen");
});

// What an earlier remark is about unfolds and is chosen.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-choose]");
  const row = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!row) return;
  event.preventDefault();
  row.closest("details")?.setAttribute("open", "");
  choose(row);
});

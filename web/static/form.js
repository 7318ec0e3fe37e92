// The page of a draft: when it saves by itself, and what it asks before unsaved
// input is lost.
import "./contents.js";
import "./fold.js";
import { changed, dirty, handOver, resume, save, settled } from "./save.js";

const form = document.querySelector("form[data-document]");

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("data-delete")) return;
  if (settled()) {
    // What is being saved is this: a version behind, the form would have to be
    // compared with itself.
    event.preventDefault();
    settled().then(() => form.requestSubmit(event.submitter));
    return;
  }
  handOver();
});
window.addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });

// What was typed is saved at once when the network comes back, and when the page
// goes out of sight, which on a telephone may be its end.
window.addEventListener("online", () => save());
document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });

// Whoever comes back from logging in elsewhere goes on here.
window.addEventListener("focus", resume);

// A page from the browser's memory shows the draft as it is now.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (dirty()) save();
  else location.reload();
});

// The page is drawn anew with what others changed, once everything is saved.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-live=merge] a");
  if (!link) return;
  event.preventDefault();
  save();
  await settled();
  if (link.href === location.href.split("#")[0]) location.reload();
  else location.assign(link.href);
});

// Sections of a draft fold and unfold by hand, and this tab remembers how. What
// is wrong, what a link leads to, and where somebody types before this module is
// there, unfolds. Without it all is unfolded but what is finished.
const name = `fold/${document.querySelector("form[data-document]").dataset.record}`;
const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");

for (const section of document.querySelectorAll("[data-fold]")) {
  const button = section.querySelector("[data-folder]");
  // A finished section folds to a list of what is in it.
  const details = section.querySelector(":scope > .body > details.unfold");

  const unfold = (on) => {
    if (details) details.open = on;
    else section.classList.toggle("folded", !on);
    button.setAttribute("aria-expanded", String(on));
  };
  const keep = (on) => {
    kept[section.dataset.fold] = on;
    sessionStorage.setItem(name, JSON.stringify(kept));
  };
  const turn = (on) => { unfold(on); keep(on); };

  button.hidden = false;
  button.addEventListener("click", () => turn(button.getAttribute("aria-expanded") !== "true"));
  details?.addEventListener("toggle", () => button.setAttribute("aria-expanded", String(details.open)));
  details?.querySelector("summary").addEventListener("click", () => keep(!details.open));
  section.addEventListener("reveal", () => unfold(true));

  const named = location.hash && section.contains(document.getElementById(decodeURIComponent(location.hash.slice(1))));
  const typing = section.contains(document.activeElement);
  unfold("wrong" in section.dataset || named || typing || (kept[section.dataset.fold] ?? !details));
}

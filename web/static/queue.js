// The reviewers' queue: a choice in the filter is applied at once, and what is
// done to many filings is at hand while some are chosen.
const filter = document.querySelector("form[data-live]");
if (filter) {
  filter.addEventListener("change", (event) => { if (event.target.matches("select")) filter.requestSubmit(); });
  // What is left empty stays out of the address.
  filter.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}

const form = document.querySelector("form[data-bulk]");
if (form) {
  const picks = [...form.querySelectorAll("input[name=task]")];
  const all = form.querySelector("[data-pick-all]");
  const bar = form.querySelector("[data-bulk-bar]");
  const counter = form.querySelector("[data-bulk-count]");
  let last = null;

  const show = () => {
    const n = picks.filter((pick) => pick.checked).length;
    counter.textContent = String(n);
    bar.hidden = n === 0;
    all.checked = n > 0 && n === picks.length;
    all.indeterminate = n > 0 && n < picks.length;
  };

  all.hidden = picks.length === 0;
  all.addEventListener("change", () => {
    for (const pick of picks) pick.checked = all.checked;
    show();
  });
  // With Shift, everything between the last choice and this one goes along.
  form.addEventListener("click", (event) => {
    const at = picks.indexOf(event.target);
    if (at < 0) return;
    if (event.shiftKey && last !== null) {
      for (const pick of picks.slice(Math.min(at, last), Math.max(at, last) + 1)) pick.checked = event.target.checked;
    }
    last = at;
  });
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}

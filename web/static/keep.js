// What a reviewer types outlives a reload: it is kept in this tab, for this
// filing as it stands, until the decision is handed in.
const form = document.querySelector("form[data-keep]");
const name = `desk/${form.dataset.keep}`;

// typed are the controls whose content is the reviewer's own.
const typed = () => [...form.elements].filter((control) => ["reason", "decision"].includes(control.name) || control.name.startsWith("remark."));

function contents() {
  const all = {};
  for (const control of typed()) {
    if (control.type === "radio" ? control.checked : control.value) all[control.name] = control.value;
  }
  return all;
}

function restore() {
  const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");
  if (Object.keys(contents()).length > 0) return; // the page brings what was typed
  for (const control of typed()) {
    if (!(control.name in kept)) continue;
    if (control.type === "radio") control.checked = control.value === kept[control.name];
    else control.value = kept[control.name];
    control.closest("details")?.setAttribute("open", "");
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

restore();
for (const type of ["input", "change"]) {
  document.addEventListener(type, (event) => {
    if (event.target.form !== form) return;
    sessionStorage.setItem(name, JSON.stringify(contents()));
  });
}
form.addEventListener("submit", (event) => {
  if (!event.submitter?.formAction.endsWith("/phrase")) sessionStorage.removeItem(name);
});

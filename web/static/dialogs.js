// Dialogs: those that buttons open, those that are pages of their own, and the
// question before what cannot be taken back.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, { capture: true });

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-dialog], [data-close]");
  if (!target) return;
  event.preventDefault();
  if (target.dataset.dialog) document.getElementById(target.dataset.dialog).showModal();
  else target.closest("dialog").close();
});

for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) {
  dialog.removeAttribute("open"); // closing it would lead away
  dialog.showModal();
}

// A dialog that is a page of its own leads back when it closes.
for (const dialog of document.querySelectorAll("dialog[data-leave]")) {
  dialog.addEventListener("close", () => location.assign(dialog.dataset.leave));
}

// One that the address names opens.
const named = location.hash.startsWith("#dialog-") && document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDialogElement) named.showModal();

// Every page: the menu of the narrow window, switches to show a
// password, printing, and the focus after a refused form. The markup works
// without it.
import "./dialogs.js";
import { t } from "./words.js";

const root = document.documentElement;
root.classList.add("js");

for (const control of document.querySelectorAll("[data-reveal], [data-print]")) control.hidden = false;

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-reveal], [data-print], [data-menu], .errsum a, .returned a, .toc a, .fold-summary a");
  if (!target) return;
  if (target.dataset.reveal) {
    reveal(target);
  } else if ("print" in target.dataset) {
    window.print();
  } else if (target.dataset.menu) {
    event.preventDefault();
    toggleMenu(target);
  } else if (target.hash) {
    focusOn(target.hash.slice(1));
  }
});

// reveal shows or hides the text of a password field.
function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  button.firstChild.data = show ? t("隐藏") : t("显示");
}

// toggleMenu opens the navigation over the page, which takes no focus meanwhile.
function toggleMenu(link) {
  const menu = document.getElementById(link.dataset.menu);
  const open = menu.classList.toggle("open");
  document.getElementById("main").inert = open;
  link.setAttribute("aria-expanded", String(open));
  link.querySelector("span").textContent = open ? t("收起导航") : t("打开导航");
  if (open) menu.querySelector("a").focus();
}

const menuLink = document.querySelector("[data-menu]");
if (menuLink) {
  menuLink.setAttribute("role", "button");
  menuLink.setAttribute("aria-expanded", "false");
  const close = (event) => {
    event.preventDefault();
    toggleMenu(menuLink);
    menuLink.focus();
  };
  document.querySelector(".side-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.querySelector(".side.open")) close(event);
  });
}

// focusOn moves to a field: a group passes the focus on to its first control,
// and a folded section opens.
function focusOn(id) {
  const target = document.getElementById(id);
  if (!target) return;
  target.closest("details")?.setAttribute("open", "");
  target.dispatchEvent(new Event("reveal", { bubbles: true }));
  const control = target.matches("input, select, textarea, section") ? target
    : target.querySelector("input:not([type=hidden], [type=file]), select, textarea, button:not([hidden])");
  setTimeout(() => (control ?? target).focus({ preventScroll: false }));
}

document.querySelector("[data-focus]")?.focus();

// A menu closes when the person turns elsewhere.
for (const box of document.querySelectorAll("[data-menu-box]")) {
  document.addEventListener("click", (event) => { if (!box.contains(event.target)) box.open = false; });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    box.open = false;
    box.querySelector("summary").focus();
  });
}

// Where Enter must send nothing the form begins with a button that is disabled.
// From check boxes and radio buttons Chromium would press the next one.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[type=checkbox], [type=radio]") && event.target.form?.querySelector("button")?.disabled) event.preventDefault();
});

// The second press of a button that submits is ignored; the command's nonce
// makes it harmless anyway.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; });
}

// Keeps 【允许】 from being pressed by a click that was meant for another window:
// it can be pressed a second after this window came to the front.
const allow = document.querySelector("button[value=allow]");
let waiting;
function hold() {
  allow.disabled = true;
  clearTimeout(waiting);
  waiting = setTimeout(() => { allow.disabled = !document.hasFocus(); }, 1000);
}
window.addEventListener("focus", hold);
window.addEventListener("blur", () => { clearTimeout(waiting); allow.disabled = true; });
hold();

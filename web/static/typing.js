// Whether a key is meant for the page, or for what is being typed.

// typing tells that an element takes text.
export function typing(element) {
  return Boolean(element.closest?.("textarea, select, [contenteditable=true]"))
    || element.matches?.("input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
}

// composing tells that an input method makes characters of the keys.
export const composing = (event) => event.isComposing || event.keyCode === 229;

// free tells that a key pressed alone is for the page.
export function free(event) {
  return !composing(event) && !event.ctrlKey && !event.metaKey && !event.altKey && (!event.shiftKey || event.key === "?")
    && !event.defaultPrevented && !document.querySelector("dialog[open]") && !typing(event.target);
}

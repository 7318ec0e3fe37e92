// A document for paper opens the browser's own dialog once it is drawn. Loaded
// anew, or come back to, it waits for its button.
window.addEventListener("load", () => {
  if (performance.getEntriesByType("navigation")[0]?.type === "navigate") window.print();
});

// Red rings with numbers round places of the window, for the pictures of the
// guide. They are drawn above everything, dialogs too, and belong to the test
// alone: the product has nothing of them.
(places) => {
  document.getElementById("guide-rings")?.remove();
  if (places.length === 0) return "";
  const layer = document.createElement("div");
  layer.id = "guide-rings";
  layer.popover = "manual";
  Object.assign(layer.style, {
    position: "fixed", inset: "0", width: "100vw", height: "100vh", maxWidth: "none", maxHeight: "none",
    margin: "0", padding: "0", border: "0", background: "none", overflow: "visible", pointerEvents: "none",
  });
  for (const { number, x, y, width, height } of places) {
    const ring = document.createElement("div");
    Object.assign(ring.style, {
      position: "absolute", left: `${x - 5}px`, top: `${y - 5}px`, width: `${width + 10}px`, height: `${height + 10}px`,
      boxSizing: "border-box", border: "3px solid #d92d20", borderRadius: "8px",
    });
    const badge = document.createElement("div");
    badge.textContent = number;
    Object.assign(badge.style, {
      position: "absolute", left: `${Math.max(x - 19, 3)}px`, top: `${Math.max(y - 19, 3)}px`, width: "28px", height: "28px",
      borderRadius: "50%", background: "#d92d20", color: "#fff", font: "600 16px/28px sans-serif", textAlign: "center",
    });
    layer.append(ring, badge);
  }
  document.body.append(layer);
  layer.showPopover();
  return "";
}

// A picture opens over the page instead of in a window of its own: larger,
// smaller, turned. Without scripts its link leads to the picture.
import { Pane, bar } from "./pane.js";

const dialog = document.createElement("dialog");
dialog.className = "viewer";
const head = dialog.appendChild(document.createElement("div"));
head.className = "viewer-bar";
const title = head.appendChild(document.createElement("b"));
const trouble = document.createElement("p");
const pane = new Pane(dialog, () => { trouble.textContent = "图片没有打开，请关闭后在新窗口中查看或下载原件"; });
dialog.append(trouble);
trouble.className = "emsg";
trouble.setAttribute("role", "status");
bar(head, [
  ["放大", () => pane.zoom(1)], ["缩小", () => pane.zoom(-1)], ["左转", () => pane.rotate(-90)], ["右转", () => pane.rotate(90)],
  ["还原", () => pane.reset()], ["关闭", () => dialog.close()],
]);
const original = head.insertBefore(document.createElement("a"), head.lastChild);
original.className = "btn btn-sm btn-sec";
original.textContent = "下载原件";
document.body.append(dialog);

window.addEventListener("resize", () => { if (dialog.open) pane.draw(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-picture]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  title.textContent = link.dataset.picture;
  dialog.setAttribute("aria-label", `预览：${link.dataset.picture}`);
  original.href = link.href.replace(/\/preview$/, "");
  trouble.textContent = "";
  dialog.showModal();
  pane.show(link.href, link.dataset.picture);
});

// A picture opens over the page instead of in a window of its own: larger,
// smaller, turned. Without scripts its link leads to the picture.
import { Pane, bar } from "./pane.js";
import { t } from "./words.js";

const dialog = document.createElement("dialog");
dialog.className = "viewer";
const head = dialog.appendChild(document.createElement("div"));
head.className = "viewer-bar";
const title = head.appendChild(document.createElement("b"));
const trouble = document.createElement("p");
const pane = new Pane(dialog, () => { trouble.textContent = t("图片没有打开，请关闭后在新窗口中查看或下载原件"); });
dialog.append(trouble);
trouble.className = "emsg";
trouble.setAttribute("role", "status");
bar(head, [
  [t("放大"), () => pane.zoom(1)], [t("缩小"), () => pane.zoom(-1)], [t("左转"), () => pane.rotate(-90)], [t("右转"), () => pane.rotate(90)],
  [t("还原"), () => pane.reset()], [t("关闭"), () => dialog.close()],
]);
const original = head.insertBefore(document.createElement("a"), head.lastChild);
original.className = "btn btn-sm btn-sec";
original.textContent = t("下载原件");
document.body.append(dialog);

window.addEventListener("resize", () => { if (dialog.open) pane.draw(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-picture]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  title.textContent = link.dataset.picture;
  dialog.setAttribute("aria-label", t("预览：%s", link.dataset.picture));
  original.href = link.href.replace(/\/preview$/, "");
  trouble.textContent = "";
  dialog.showModal();
  pane.show(link.href, link.dataset.picture);
});

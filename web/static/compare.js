// The attachments of a filing, before and after, beside each other: turned and
// enlarged together, or each for itself; arrows lead through the pairs. The
// browser's own viewer shows documents.
import { Pane, bar } from "./pane.js";
import { t } from "./words.js";

const dialog = document.createElement("dialog");
dialog.className = "viewer comparing";
dialog.setAttribute("aria-label", t("附件对照"));
const head = dialog.appendChild(document.createElement("div"));
head.className = "viewer-bar";
const title = head.appendChild(document.createElement("b"));
title.setAttribute("role", "status");
const panes = dialog.appendChild(document.createElement("div"));
panes.className = "viewer-panes";

// side is one of the two, with what it shows.
function side() {
  const box = panes.appendChild(document.createElement("figure"));
  const caption = box.appendChild(document.createElement("figcaption"));
  const link = document.createElement("a");
  link.target = "_blank";
  link.rel = "noopener";
  const pane = new Pane(box, () => caption.append(t("，图片没有打开")));
  return { box, caption, link, pane };
}
const sides = [side(), side()];
let last = sides[1]; // that was pointed at
for (const s of sides) for (const type of ["pointerdown", "focusin"]) s.box.addEventListener(type, () => { last = s; });

const together = document.createElement("input");
together.type = "checkbox";
together.checked = true;
together.className = "form-check-input";

// each acts on both sides, or on the one that was pointed at.
const each = (act) => () => { for (const s of together.checked ? sides : [last]) act(s.pane); };

bar(head, [[t("上一组"), () => step(-1)], [t("下一组"), () => step(1)]]);
const label = head.appendChild(document.createElement("label"));
label.append(together, t("同时操作两侧"));
bar(head, [
  [t("放大"), each((p) => p.zoom(1))], [t("缩小"), each((p) => p.zoom(-1))], [t("左转"), each((p) => p.rotate(-90))],
  [t("右转"), each((p) => p.rotate(90))], [t("还原"), each((p) => p.reset())], [t("关闭"), () => dialog.close()],
]);
document.body.append(dialog);

// pairs are the attachments of the page, in its order.
function pairs() {
  return [...document.querySelectorAll("[data-documents]")].flatMap((section) => {
    const columns = [...section.querySelectorAll("[data-side]")].map((column) => ({
      name: column.dataset.side, files: [...column.querySelectorAll("a.doc")],
    }));
    const n = Math.max(...columns.map((c) => c.files.length));
    return Array.from({ length: n }, (_, i) => ({ section, sides: columns.map((c) => ({ name: c.name, file: c.files[i] })) }));
  });
}

let at = 0;
function step(by) {
  const all = pairs();
  at = (at + by + all.length) % all.length;
  const pair = all[at];
  title.textContent = t("%s（%s / %s）", pair.section.dataset.documents, at + 1, all.length);
  sides.forEach((s, i) => {
    const shown = pair.sides[i];
    s.box.hidden = !shown;
    if (!shown) return;
    const { name, file } = shown;
    s.caption.replaceChildren(t("%s：", name), file ? s.link : t("没有对应的文件"));
    s.pane.show(file?.dataset.picture ? file.href : "", file?.dataset.name ?? "");
    if (!file) return;
    s.link.textContent = file.dataset.name;
    s.link.href = file.href.replace(/\/preview$/, "");
    if (file.dataset.picture) return;
    s.caption.append(t("（点击名称在新窗口查看）"));
    s.pane.showDocument(file.href.replace("inline=1", "inline=frame"), file.dataset.name);
  });
}

for (const button of document.querySelectorAll("[data-compare]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    at = Math.max(0, pairs().findIndex((pair) => pair.section.contains(button)));
    dialog.showModal();
    step(0);
  });
}

const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1) };
dialog.addEventListener("keydown", (event) => {
  const frame = event.target.closest(".viewer-frame");
  if (!(event.key in keys) || frame && frame.scrollWidth > frame.clientWidth) return; // arrows scroll what is larger than its frame
  event.preventDefault();
  keys[event.key]();
});
window.addEventListener("resize", () => { if (dialog.open) for (const s of sides) s.pane.draw(); });

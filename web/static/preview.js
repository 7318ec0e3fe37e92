// A picture opens over the page instead of in a window of its own: larger,
// smaller, turned. Without scripts its link leads to the picture.
const svg = "http://www.w3.org/2000/svg";
const sizes = [1, 1.5, 2, 3, 4, 6];
let size = 0, turn = 0;

const dialog = document.createElement("dialog");
dialog.className = "viewer";
const bar = dialog.appendChild(document.createElement("div"));
bar.className = "viewer-bar";
const title = bar.appendChild(document.createElement("b"));
const frame = dialog.appendChild(document.createElement("div"));
frame.className = "viewer-frame";
frame.tabIndex = 0;
frame.setAttribute("role", "group");
frame.setAttribute("aria-label", "图片，可滚动");
const sheet = frame.appendChild(document.createElementNS(svg, "svg"));
sheet.setAttribute("role", "img");
const drawn = sheet.appendChild(document.createElementNS(svg, "image"));
const image = new Image();
const trouble = dialog.appendChild(document.createElement("p"));
trouble.className = "emsg";
trouble.setAttribute("role", "status");

for (const [text, act] of [
  ["放大", () => zoom(1)], ["缩小", () => zoom(-1)], ["左转", () => rotate(-90)], ["右转", () => rotate(90)],
  ["还原", () => { size = turn = 0; draw(); }], ["关闭", () => dialog.close()],
]) {
  const button = bar.appendChild(document.createElement("button"));
  button.type = "button";
  button.className = "btn btn-sm btn-sec";
  button.textContent = text;
  button.addEventListener("click", act);
}
const original = bar.insertBefore(document.createElement("a"), bar.lastChild);
original.className = "btn btn-sm btn-sec";
original.textContent = "下载原件";
document.body.append(dialog);

function zoom(by) {
  size = Math.min(sizes.length - 1, Math.max(0, size + by));
  draw();
}

function rotate(by) {
  turn = (turn + by + 360) % 360;
  draw();
}

// draw fits the turned picture into the frame, times the size, and shows its
// middle. Attributes of SVG do it: the page's policy knows no inline styles.
function draw() {
  const [wide, high] = [image.naturalWidth, image.naturalHeight];
  if (!wide) return;
  const [width, height] = turn % 180 ? [high, wide] : [wide, high];
  const scale = sizes[size] * Math.min(frame.clientWidth / width, frame.clientHeight / height, 1);
  const shift = { 0: "0 0", 90: `${high} 0`, 180: `${wide} ${high}`, 270: `0 ${wide}` }[turn];
  set(drawn, { href: image.src, width: wide, height: high, transform: `translate(${shift}) rotate(${turn})` });
  set(sheet, { viewBox: `0 0 ${width} ${height}`, width: Math.floor(width * scale), height: Math.floor(height * scale) });
  frame.scrollTo((frame.scrollWidth - frame.clientWidth) / 2, (frame.scrollHeight - frame.clientHeight) / 2);
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

image.addEventListener("load", draw);
image.addEventListener("error", () => { trouble.textContent = "图片没有打开，请关闭后在新窗口中查看或下载原件"; });
window.addEventListener("resize", () => { if (dialog.open) draw(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-picture]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  size = turn = 0;
  title.textContent = link.dataset.picture;
  dialog.setAttribute("aria-label", `预览：${link.dataset.picture}`);
  original.href = link.href.replace(/\/preview$/, "");
  trouble.textContent = "";
  sheet.setAttribute("aria-label", link.dataset.picture);
  set(sheet, { width: 0, height: 0 });
  dialog.showModal();
  image.src = link.href;
});

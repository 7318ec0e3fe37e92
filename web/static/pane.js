// A picture in a frame: larger, smaller, turned.
import { t } from "./words.js";

const svg = "http://www.w3.org/2000/svg";
const sizes = [1, 1.5, 2, 3, 4, 6];

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

export class Pane {
  #size = 0;
  #turn = 0;
  #image = new Image();
  #document; // in place of the picture

  // failed is called when the picture cannot be shown.
  constructor(parent, failed) {
    this.frame = parent.appendChild(document.createElement("div"));
    this.frame.className = "viewer-frame";
    this.frame.tabIndex = 0;
    set(this.frame, { role: "group", "aria-label": t("图片，可滚动") });
    this.sheet = this.frame.appendChild(document.createElementNS(svg, "svg"));
    this.sheet.setAttribute("role", "img");
    this.drawn = this.sheet.appendChild(document.createElementNS(svg, "image"));
    this.#image.addEventListener("load", () => this.draw());
    this.#image.addEventListener("error", failed);
  }

  // show puts a picture into the frame as it is; without an address the frame is
  // empty.
  show(address, title) {
    this.#document?.remove();
    this.frame.hidden = false;
    this.#size = this.#turn = 0;
    this.sheet.setAttribute("aria-label", title);
    set(this.sheet, { width: 0, height: 0 });
    if (address) this.#image.src = address;
    else this.#image.removeAttribute("src");
  }

  // showDocument has the browser's own viewer show a document, where it has one.
  showDocument(address, title) {
    this.show("", title);
    if (!navigator.pdfViewerEnabled) return;
    this.frame.hidden = true;
    this.#document = document.createElement("iframe");
    this.#document.className = "viewer-document";
    set(this.#document, { src: address, title });
    this.frame.after(this.#document);
  }

  zoom(by) {
    this.#size = Math.min(sizes.length - 1, Math.max(0, this.#size + by));
    this.draw();
  }

  rotate(by) {
    this.#turn = (this.#turn + by + 360) % 360;
    this.draw();
  }

  reset() {
    this.#size = this.#turn = 0;
    this.draw();
  }

  // draw fits the turned picture into the frame, times the size, and shows its
  // middle. Attributes of SVG do it: the page's policy knows no inline styles.
  draw() {
    const { frame } = this;
    const [wide, high] = [this.#image.naturalWidth, this.#image.naturalHeight];
    if (!wide || !this.#image.src) return;
    const turn = this.#turn;
    const [width, height] = turn % 180 ? [high, wide] : [wide, high];
    const scale = sizes[this.#size] * Math.min(frame.clientWidth / width, frame.clientHeight / height, 1);
    const shift = { 0: "0 0", 90: `${high} 0`, 180: `${wide} ${high}`, 270: `0 ${wide}` }[turn];
    set(this.drawn, { href: this.#image.src, width: wide, height: high, transform: `translate(${shift}) rotate(${turn})` });
    set(this.sheet, { viewBox: `0 0 ${width} ${height}`, width: Math.floor(width * scale), height: Math.floor(height * scale) });
    frame.scrollTo((frame.scrollWidth - frame.clientWidth) / 2, (frame.scrollHeight - frame.clientHeight) / 2);
  }
}

// bar adds buttons to a viewer's bar.
export function bar(parent, buttons) {
  for (const [text, act] of buttons) {
    const button = parent.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "btn btn-sm btn-sec";
    button.textContent = text;
    button.addEventListener("click", act);
  }
}

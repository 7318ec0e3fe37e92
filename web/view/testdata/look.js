// What the tests of the gallery look for on a page. Each function answers a list
// of sentences, one for each thing that is wrong; an empty list is good.
globalThis.look = (() => {
  // root is where to look: an open dialog hides the rest.
  const root = () => [...document.querySelectorAll("dialog[open]:modal")].at(-1) ?? document.body;

  const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });

  // spoken tells that an element is there for screen readers alone.
  const spoken = (element) => {
    if (element.closest(".visually-hidden")) return true;
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.clipPath === "inset(50%)" || style.position === "absolute" && e.offsetWidth <= 1 && e.offsetHeight <= 1) return true;
    }
    return false;
  };

  const squeeze = (text) => text.replace(/\s+/g, " ").trim();
  const tag = (e) => `<${e.tagName.toLowerCase()}${e.id ? ` id="${e.id}"` : ""}${e.classList.length ? ` class="${e.classList}"` : ""}>`;
  const named = (e) => `${tag(e)} “${squeeze(e.ariaLabel || e.textContent || e.value || "").slice(0, 30)}”`;

  // shown is what boxes that scroll or clip leave of a place.
  const shown = (element, place) => {
    const left = { ...place };
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === "inline") continue;
      if (style.overflowX !== "visible" || style.overflowY !== "visible") {
        const box = e.getBoundingClientRect();
        left.left = Math.max(left.left, box.left);
        left.right = Math.min(left.right, box.right);
        left.top = Math.max(left.top, box.top);
        left.bottom = Math.min(left.bottom, box.bottom);
      }
      if (style.position === "fixed") break;
    }
    return left.left < left.right && left.top < left.bottom ? left : null;
  };

  // texts are the lines of text that are seen, each with the box of its
  // characters: the line's own box is higher and overlaps harmlessly.
  const texts = () => {
    const all = [];
    const walker = document.createTreeWalker(root(), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const box = node.parentElement;
      if (!node.data.trim() || box.closest("script, style, template, noscript, option, textarea, svg") || !seen(box) || spoken(box)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const size = parseFloat(getComputedStyle(box).fontSize);
      for (const line of range.getClientRects()) {
        const middle = (line.top + line.bottom) / 2;
        if (line.width >= 1) all.push({ node, box, left: line.left, right: line.right, top: middle - size / 2, bottom: middle + size / 2 });
      }
    }
    return all;
  };

  const once = (list) => [...new Set(list)];

  // curtailed may end in an ellipsis: what they say stands in full beside or
  // behind them, in the menu that they open or in the page's own heading.
  const curtailed = ".top .who, .brand > span";

  // clipped is text that is cut off by a box which does not scroll.
  const clipped = () => once(texts().flatMap((text) => {
    if (text.box.closest(curtailed)) return [];
    for (let e = text.box; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === "inline") continue;
      const [x, y] = [style.overflowX, style.overflowY];
      if (x === "auto" || x === "scroll" || y === "auto" || y === "scroll") return [];
      const box = e.getBoundingClientRect();
      const wide = x !== "visible" && (text.left < box.left - 1 || text.right > box.right + 1);
      const high = y !== "visible" && (text.top < box.top - 1 || text.bottom > box.bottom + 1);
      if (wide || high) return [`${named(text.box)} is clipped by ${tag(e)}`];
      if (style.position === "fixed") return [];
    }
    return [];
  }));

  const painted = (e, style) => !["rgba(0, 0, 0, 0)", "transparent"].includes(style.backgroundColor)
    || ["Top", "Right", "Bottom", "Left"].some((side) => style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0);

  // spilled is text that runs out of the button, tag, cell or card that it stands in.
  const spilled = () => once(texts().flatMap((text) => {
    for (let e = text.box; e && e !== document.body; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === "inline") continue;
      if (style.overflowX !== "visible" || style.position === "fixed") return [];
      if (!painted(e, style)) continue;
      const box = e.getBoundingClientRect();
      if (text.left < box.left - 1 || text.right > box.right + 1 || text.top < box.top - 2 || text.bottom > box.bottom + 2) {
        return [`${named(text.box)} runs out of ${tag(e)}`];
      }
      return [];
    }
    return [];
  }));

  // layer is what floats above the rest and may cover it: that scrolls away.
  const layer = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const { position, zIndex } = getComputedStyle(e);
      if (position === "fixed" || position === "sticky" || position === "absolute" && zIndex !== "auto") return e;
    }
    return null;
  };

  // overlapping are texts that lie on each other.
  const overlapping = () => {
    const all = texts().map((text) => ({ ...shown(text.box, text), layer: layer(text.box) })).filter((text) => text.node).sort((a, b) => a.top - b.top);
    const found = [];
    all.forEach((a, i) => {
      for (const b of all.slice(i + 1)) {
        if (b.top > a.bottom - 3) break;
        if (a.node === b.node || a.layer !== b.layer) continue;
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3) found.push(`${named(a.box)} and ${named(b.box)} overlap`);
      }
    });
    return once(found);
  };

  // wide tells what makes the page scroll sideways.
  const wide = () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const reaching = [...document.querySelectorAll("body *")].filter((e) => seen(e) && e.getBoundingClientRect().right + scrollX > clientWidth + 1);
    const innermost = reaching.filter((e) => !reaching.some((other) => other !== e && e.contains(other)));
    return [`the page is ${scrollWidth - clientWidth} px wider than its window: ${innermost.slice(0, 4).map(named).join(", ")}`];
  };

  // laid is all that may go wrong with where things are.
  const laid = () => [...wide(), ...clipped(), ...spilled(), ...overlapping()];

  // unmarked are things that are chosen, current or pressed and look like their
  // neighbours when colours and backgrounds say nothing.
  const unmarked = () => {
    const shape = (e) => {
      const s = getComputedStyle(e);
      const inner = e.matches("td") && e.firstElementChild ? shape(e.firstElementChild) : "";
      return [inner, s.borderTopWidth, s.borderRightWidth, s.borderBottomWidth, s.borderLeftWidth, s.borderTopStyle, s.borderBottomStyle,
        s.outlineStyle === "none" ? "" : s.outlineWidth, s.textDecorationLine, s.textDecorationStyle, s.fontWeight].join();
    };
    const chosen = '[aria-current]:not([aria-current="false"]), [aria-pressed="true"], [aria-selected="true"], .seg .on';
    return once([...root().querySelectorAll(chosen)].filter(seen).flatMap((e) => {
      const list = e.parentElement.matches("li, td") ? e.parentElement.parentElement : e.parentElement;
      const neighbour = [...list.querySelectorAll(e.tagName)].find((other) => other !== e && seen(other) && !other.matches(chosen) && !other.contains(e) && !e.contains(other));
      return neighbour && shape(neighbour) === shape(e) ? [`${named(e)} looks like ${named(neighbour)}`] : [];
    }));
  };

  // moving are things that move although the person's system asks for less.
  const moving = () => once([...document.querySelectorAll("*")].flatMap((e) => {
    const s = getComputedStyle(e);
    const moves = s.animationName !== "none" || s.transitionDuration.split(",").some((time) => parseFloat(time) > 0) || s.scrollBehavior === "smooth";
    return moves ? [`${tag(e)} moves`] : [];
  }));

  // stops are what Tab stops at, in the order of the page: of radio buttons the
  // chosen one, or the first.
  const stops = () => [...root().querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [tabindex]")].filter((e) => {
    if (e.tabIndex < 0 || e.disabled || e.type === "hidden" || !seen(e) || e.closest("details:not([open]) > :not(summary)")) return false;
    if (e.type !== "radio") return true;
    const group = [...document.getElementsByName(e.name)].filter((other) => other.type === "radio" && other.form === e.form);
    return e === (group.find((other) => other.checked) ?? group[0]);
  });

  // outlined is what shows that an element has the focus: the element, or the
  // label that stands for a control which is not drawn.
  const outlined = (e) => [e, ...(e.labels ?? [])].find((box) => {
    const s = getComputedStyle(box);
    return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && !spoken(box);
  });

  // hidden tells what is wrong with how the focus is seen where it is.
  const hidden = (e) => {
    const box = outlined(e);
    if (e.matches("iframe")) return []; // its document shows it
    if (!box) return [`${named(e)} shows no focus`];
    const [width, height] = [document.documentElement.clientWidth, innerHeight];
    const lines = [...box.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
    for (const r of lines) {
      // Of what is large, and of a text, browsers show where the caret is.
      const large = r.width > width * 0.9 || r.height > height * 0.5 || e.matches("textarea");
      const left = shown(box.parentElement, { left: Math.max(r.left, 0), top: Math.max(r.top, 0), right: Math.min(r.right, width), bottom: Math.min(r.bottom, height) });
      if (!left || left.bottom - left.top < 16) return [`${named(e)} has the focus outside of the window`];
      if (!large && (left.left > r.left + 1 || left.top > r.top + 1 || left.right < r.right - 1 || left.bottom < r.bottom - 1)) return [`${named(e)} has the focus and is cut off`];
      const inset = Math.min(3, r.width / 4, r.height / 4);
      const middle = [(left.left + left.right) / 2, (left.top + left.bottom) / 2];
      const places = large ? [middle] : [[r.left + inset, r.top + inset], [r.right - inset, r.top + inset], [r.left + inset, r.bottom - inset], [r.right - inset, r.bottom - inset], middle];
      for (const [x, y] of places) {
        const top = document.elementFromPoint(x, y);
        if (top && (box.contains(top) || top.contains(box) || top.closest("label")?.control === e)) continue;
        return [`${named(e)} has the focus and is covered by ${top ? tag(top) : "nothing that can be met"}`];
      }
    }
    return lines.length > 0 ? [] : [`${named(e)} has the focus and no box`];
  };

  // focused takes the focus from stop to stop, as Tab does.
  const focused = () => {
    const found = [];
    document.documentElement.style.scrollBehavior = "auto"; // it must have arrived when it is looked at
    for (const e of stops()) {
      e.focus();
      if (document.activeElement === e) found.push(...hidden(e));
      else if (!e.matches("iframe")) found.push(`${named(e)} takes no focus`);
    }
    document.activeElement?.blur();
    scrollTo({ top: 0, behavior: "instant" });
    return once(found);
  };

  // jumbled are stops that come after what stands below or right of them.
  const jumbled = () => {
    const region = (e) => e.closest("dialog, header, nav, aside, .bar, .dp-f, .line, footer, main");
    const all = stops().map((e) => ({ e, box: (e.labels?.[0] && spoken(e) ? e.labels[0] : e).getBoundingClientRect(), region: region(e), layer: layer(e) }));
    return once(all.slice(1).flatMap((b, i) => {
      const a = all[i];
      if (a.region !== b.region || a.layer !== b.layer || a.e.contains(b.e)) return [];
      const above = b.box.bottom <= a.box.top + 1 && b.box.left < a.box.right;
      return above ? [`${named(b.e)} comes after ${named(a.e)} and stands above it`] : [];
    }).concat(all.filter(({ e }) => e.tabIndex > 0).map(({ e }) => `${named(e)} has an order of its own`)));
  };

  // closed are the parts of the page that are folded, but for menus.
  const closed = () => [...root().querySelectorAll("details:not([open], .menu-box)")].filter((e) => seen(e));

  return {
    laid, unmarked, moving, focused, jumbled, stops,
    faults: [], // of scripts, since the page was opened
    failed: () => [...new Set(look.faults)],

    // settled tells that the page has found out what it asks when it is opened.
    settled: () => document.getElementById("main") !== null && !document.querySelector("[data-key=state]")?.textContent.startsWith("正在检测"),

    // unfold opens what is folded and answers how much that was.
    unfold: () => {
      let n = 0;
      for (let all = closed(); all.length > 0; all = closed()) {
        for (const e of all) e.open = true;
        n += all.length;
      }
      return n;
    },

    // here tells where the focus is, and what is wrong with how it is seen.
    here: () => {
      const e = document.activeElement;
      const own = root().contains(e);
      return { at: e === document.body ? "" : named(e), place: stops().indexOf(e), out: e !== document.body && !own, date: e.type === "date" || e.type === "datetime-local", found: e === document.body ? [] : hidden(e) };
    },

    // spacing widens the distances of text as 1.4.12 says, by a style sheet.
    spacing: (on) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
      document.adoptedStyleSheets = on ? [sheet] : [];
    },
  };
})();

sessionStorage.clear(); // what was typed on the page before
for (const [type, tell] of Object.entries({
  error: (event) => event.message,
  unhandledrejection: (event) => String(event.reason),
  securitypolicyviolation: (event) => `${event.violatedDirective} forbids ${event.blockedURI} (${event.sourceFile ?? ""}:${event.lineNumber ?? ""})`,
})) addEventListener(type, (event) => look.faults.push(tell(event)));

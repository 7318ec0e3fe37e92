// How a person finds things on a page: by the words that are seen. Each
// function answers {ok: true, …} or {ok: false, why: "…"}; the test asks again
// until it is ok or the time is over.
(() => {
  const squeeze = (text) => text.replace(/[\s\u3000\u200b\u00a0]+/g, "");

  const seen = (element) => element.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true }) &&
    element.getClientRects().length > 0;

  // words is an element's text without what is only for screen readers, and
  // without the notes inside labels and the hints of keys.
  const words = (element, without = ".visually-hidden, .req, .opt, .cnt, .hotkey") => {
    const copy = element.cloneNode(true);
    for (const part of copy.querySelectorAll(without)) part.remove();
    return squeeze(copy.textContent);
  };

  // places are the roots to look in: an open dialog hides the rest, and the one
  // before it.
  const root = () => [...document.querySelectorAll("dialog[open]:modal")].at(-1) ?? document.body;

  // openAround unfolds what the element is folded into.
  const openAround = (element) => {
    for (let box = element.parentElement?.closest("details:not([open])"); box; box = box.parentElement?.closest("details:not([open])")) {
      if (box.querySelector("summary").contains(element)) continue;
      box.open = true;
    }
  };

  // control finds what a label names: a control, or a group of them.
  const control = (label) => {
    const want = squeeze(label);
    const found = new Set();
    for (const element of root().querySelectorAll("label")) {
      if (words(element) === want && element.control) found.add(element.control);
    }
    for (const element of root().querySelectorAll("legend")) if (words(element) === want) found.add(element.parentElement);
    for (const element of root().querySelectorAll("[aria-label]:is(input, select, textarea)")) {
      if (squeeze(element.ariaLabel) === want) found.add(element);
    }
    const all = [...found];
    all.forEach(openAround);
    const visible = all.filter(seen);
    if (visible.length === 1) return { element: visible[0] };
    return { why: `${visible.length} visible controls are labelled “${label}” (${all.length} in all)` };
  };

  // pressable finds the one button or link that bears the words.
  const pressable = (text, nth) => {
    const want = squeeze(text);
    const all = [...root().querySelectorAll("button, a[href], summary, [role=button], label.choice, label.card-choice")]
      .filter((element) => !element.closest(".visually-hidden, [aria-hidden=true]"))
      .filter((element) => words(element) === want || words(element, ".x") === want);
    if (all.length > 0 && !all.some(seen)) all.forEach(openAround);
    const visible = all.filter(seen);
    if (visible.length === 1 || nth > 0 && visible.length >= nth) return { element: visible[Math.max(nth, 1) - 1] };
    return { why: `${visible.length} visible things to press bear “${text}” (${all.length} in all)` };
  };

  // point brings an element into view and answers where to press it. What lies
  // over it, a person could not press.
  const point = (element) => {
    if (element.disabled) return { ok: false, why: "it is disabled" };
    element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = [...element.getClientRects()].find((r) => r.width > 0 && r.height > 0);
    if (!box) return { ok: false, why: "it has no box" };
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const top = document.elementFromPoint(x, y);
    if (!top || !(element.contains(top) || top.contains(element) || top.closest("label")?.control === element)) {
      return { ok: false, why: `“${element.textContent.trim()}” is covered by <${top?.tagName} class="${top?.className}">` };
    }
    return { ok: true, x, y };
  };

  const announce = (element) => {
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };

  return {
    // text is what is seen of the page, spaces left out.
    text: () => squeeze(document.body.innerText),

    sees: (text) => squeeze(root().innerText).includes(squeeze(text)) ? { ok: true } : { ok: false, why: `“${text}” is not seen` },

    press: (text, nth) => {
      const { element, why } = pressable(text, nth);
      return element ? point(element) : { ok: false, why };
    },

    offers: (text) => pressable(text, 1).element ? { ok: true } : { ok: false, why: `there is nothing to press that bears “${text}”` },

    // focus makes a text field ready for typing and answers how it is filled.
    focus: (label) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      if (element.readOnly || element.disabled) return { ok: false, why: `“${label}” cannot be changed` };
      element.scrollIntoView({ block: "center", behavior: "instant" });
      element.focus();
      if (document.activeElement !== element) return { ok: false, why: `“${label}” does not take the focus` };
      if (element.type !== "date") element.select();
      return { ok: true, date: element.type === "date", empty: element.value === "" };
    },

    setDate: (label, value) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      element.value = value;
      if (element.value !== value) return { ok: false, why: `“${label}” does not take the date ${value}` };
      announce(element);
      return { ok: true };
    },

    // at tells whether the focus is on what bears the text, as it is seen or as it
    // is spoken: a control by its label, an option, a button, a link.
    at: (text) => {
      const element = document.activeElement;
      const names = [words(element), squeeze(element.textContent), squeeze(element.ariaLabel ?? ""), ...[...(element.labels ?? [])].flatMap((label) => [words(label), squeeze(label.querySelector("b")?.textContent ?? "")])];
      return names.includes(squeeze(text)) ? { ok: true } : { ok: false, why: `the focus is on “${names.find((name) => name) ?? element.tagName}”` };
    },

    // lit tells that whoever looks for the focus finds it: it is outlined, in the
    // window, and under nothing.
    lit: () => {
      const element = document.activeElement;
      const boxes = [element, ...(element.labels ?? [])].filter((box) => getComputedStyle(box).outlineStyle !== "none" && parseFloat(getComputedStyle(box).outlineWidth) >= 2);
      const box = boxes.find((one) => !one.classList.contains("visually-hidden"));
      if (!box) return { ok: false, why: `nothing shows the focus on <${element.tagName} name="${element.name ?? ""}">` };
      const line = box.getClientRects()[0];
      const x = line.left + line.width / 2, y = line.top + Math.min(line.height / 2, 20); // a text shows where its caret is
      const top = document.elementFromPoint(x, y);
      return { ok: Boolean(top) && (box.contains(top) || top.contains(box)), why: `the focus is covered by <${top?.tagName} class="${top?.className}">` };
    },

    leave: () => { document.activeElement?.blur(); return { ok: true }; },

    value: (label) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      if (element.tagName === "SELECT") return { ok: true, value: element.selectedOptions[0]?.text.trim() ?? "" };
      if (element.tagName === "FIELDSET") {
        const chosen = [...element.querySelectorAll("input:checked")].map((i) => words(i.closest("label")));
        const selected = [...element.querySelectorAll("select")].map((s) => s.selectedOptions[0]).filter((o) => o?.value).map((o) => o.text.trim());
        return { ok: true, value: [...chosen, ...selected].join("、") };
      }
      if (element.type === "checkbox") return { ok: true, value: element.checked ? "on" : "" };
      return { ok: true, value: element.value };
    },

    readOnly: (label) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      return { ok: element.readOnly || element.disabled, why: `“${label}” can be changed` };
    },

    // select chooses an entry of a list, or of the nth list of a group.
    select: (label, option, level) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      const list = element.tagName === "SELECT" ? element : element.querySelectorAll("select")[level];
      const entry = list && [...list.options].find((o) => o.text.trim() === option);
      if (!entry) return { ok: false, why: `“${label}” offers no “${option}”` };
      list.focus();
      list.value = entry.value;
      announce(list);
      return { ok: true };
    },

    // choice answers where to press to switch an option of a group on or off.
    choice: (label, option, on) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      if (element.tagName !== "FIELDSET") {
        return element.checked === on ? { ok: true, done: true } : point(element);
      }
      const box = [...element.querySelectorAll("label")].find((l) => words(l) === squeeze(option) || squeeze(l.querySelector("b")?.textContent ?? "") === squeeze(option));
      if (!box) return { ok: false, why: `“${label}” offers no “${option}”` };
      return box.control.checked === on ? { ok: true, done: true } : point(box.control.classList.contains("visually-hidden") ? box : box.control);
    },

    // ticked answers where to press an option of a group that is on.
    ticked: (label, text) => {
      const { element, why } = control(label);
      if (!element) return { ok: false, why };
      const box = [...element.querySelectorAll("label")].find((l) => words(l).startsWith(squeeze(text)) && l.control.checked);
      return box ? point(box.control) : { ok: false, why: `“${text}” of “${label}” is not on` };
    },

    // found answers where to press to take what a search field has found.
    found: (entry) => {
      const all = [...root().querySelectorAll("[role=option]")].filter(seen);
      const line = all.find((l) => words(l, ".code") === squeeze(entry));
      if (!line) return { ok: false, why: `“${entry}” is not among what was found: ${all.map((l) => l.textContent).join(", ")}` };
      return point(line);
    },

    // attached answers how a file stands that was put to an attachment.
    attached: (label, name) => {
      const group = root().querySelector(`[data-attachment][data-label="${label}"]`);
      if (!group) return { ok: false, why: `there is no attachment “${label}”` };
      const row = [...group.querySelectorAll(".att-row")].find((r) => r.querySelector("[data-name]").textContent.trim() === name);
      if (!row) return { ok: false, why: `“${label}” shows no file “${name}”` };
      const fault = row.querySelector("[data-error]");
      if (fault && seen(fault)) return { ok: true, fault: fault.textContent.trim() };
      const id = row.querySelector("input[type=hidden]").value;
      const busy = row.querySelector("[data-progress]");
      return id && !seen(busy) ? { ok: true, id } : { ok: false, why: `“${name}” is still on its way` };
    },

    // bar is how many required fields are filled, as the bar at the bottom says.
    bar: () => ({ ok: true, value: squeeze(document.querySelector(".bar .num")?.textContent ?? "") }),

    // summary answers what stands on what folds a part of the page.
    summary: (part) => {
      const element = document.querySelector(part);
      return element ? { ok: true, value: element.textContent.trim() } : { ok: false, why: `there is no ${part}` };
    },

    // here marks the document, so that the next one can be told from it.
    here: (mark) => { document.documentElement.dataset.seenBefore = mark; return { ok: true }; },
    arrived: (mark) => document.readyState === "complete" && document.documentElement.dataset.seenBefore !== mark
      ? { ok: true } : { ok: false, why: "no other page came" },

    // wide answers by how much the page is wider than its window.
    wide: () => {
      const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const widest = over <= 0 ? "" : [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && seen(e)).slice(0, 5)
        .map((e) => `<${e.tagName.toLowerCase()} class="${e.className}"> to ${Math.round(e.getBoundingClientRect().right)}`).join(", ");
      return { ok: over <= 0, why: `${over} px wider than the window: ${widest}` };
    },

    // box answers where something is in the window: what bears the text, the
    // control of that label, or a part of the page by its selector.
    box: (how, what, nth) => {
      const part = () => [...document.querySelectorAll(what)].filter(seen)[Math.max(nth, 1) - 1];
      const { element, why } = how === "bears" ? pressable(what, nth) : how === "labelled" ? control(what) : { element: part(), why: `there is no ${what}` };
      if (!element) return { ok: false, why };
      const { x, y, width, height } = element.getBoundingClientRect();
      return { ok: true, value: JSON.stringify([x, y, width, height]) };
    },

    // kind is what pages of the same make share. A page about one of many is
    // headed by its name: the navigation and the tags say of which kind it is.
    kind: () => ({ ok: true, value: [location.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ":id").replace(/\d{8}-\w+/, ":receipt").replace(/\/[\w-]{43}$/, "/:token"),
      location.pathname.match(/[0-9a-f]{8}-[0-9a-f-]{27}/)
        ? [".tasks [aria-current]", ".tab[aria-current]", "h1 .tag", ".sum dd"].map((part) => document.querySelector(part)).map((part) => part ? words(part, ".st, .st-live") : "").join("/")
        : squeeze(document.querySelector("h1")?.textContent ?? ""), document.querySelector(".errsum") ? "refused" : "", document.querySelector("dialog[open]") ? "dialog" : ""].join(" ") }),
  };
})()

// What the page of a draft shows of how far it is follows each save: the portal
// draws these parts anew, and problems that were mended are taken back.
const form = document.querySelector("form[data-document]");
const title = document.title;

// follow puts parts that were drawn anew in the places of those before. One that
// says the same stays, so that it is not read out again.
export function follow(html) {
  const drawn = new DOMParser().parseFromString(html, "text/html");
  for (const part of drawn.querySelectorAll("[data-live]")) {
    const place = document.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!place || place.textContent.trim() === part.textContent.trim()) continue;
    place.replaceChildren(...part.children.length > 0 || part.textContent.trim() ? part.childNodes : []);
  }
}

// mend marks the problems that the page shows as mended, but for those of the
// fields named.
export function mend(wrong) {
  const told = [...form.querySelectorAll("input[name=told]")].map((control) => control.value);
  for (const name of told) {
    const mended = !wrong.includes(name);
    const field = document.getElementById(`f-${name}`);
    const box = field?.closest(".fld, .att-group, .rows");
    box?.classList.toggle(box.matches(".att-group") ? "bad" : "err", !mended);
    if (field?.hasAttribute("aria-invalid")) field.setAttribute("aria-invalid", String(!mended));
    const problem = document.getElementById(`e-${name}`);
    if (problem) problem.hidden = mended;
    for (const link of document.querySelectorAll(".errsum li a")) {
      if (link.hash === `#f-${name}`) link.closest("li").classList.toggle("mended", mended);
    }
  }
  if (told.length > 0) document.title = wrong.length > 0 ? title.replace(/\d+/, wrong.length) : title.replace(/^[（(][^）)]*[）)]\s*/, "");
}

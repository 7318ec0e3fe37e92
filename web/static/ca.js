// The section CA 申请信息 of 基本信息: after the draft saved itself the section says
// anew what is missing, or opens its button. Without it the next page does.
const form = document.querySelector("form[data-document]");
const section = document.querySelector("[data-ca]");

async function renew() {
  try {
    const response = await fetch(`${section.dataset.ca}?form=${encodeURIComponent(form.dataset.record)}`, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected || section.contains(document.activeElement)) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    section.replaceChildren(...fresh.body.childNodes);
  } catch {
    // The network is away; the section is drawn with the next page.
  }
}

if (section) form.addEventListener("saved", renew);

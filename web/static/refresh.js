// A receipt under way: asks again, more slowly each time, and draws what has
// become of it without moving the reader. Without it the page reloads itself.
let pause = 1500;

async function again() {
  const old = document.querySelector("[data-refresh]");
  if (!old) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector(".receipt");
      if (fresh && !fresh.hasAttribute("data-refresh")) {
        document.querySelector(".receipt").replaceWith(fresh);
        for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
        return;
      }
    }
  } catch {
    // The network is away; the next round asks again.
  }
  pause = Math.min(pause * 1.5, 15000);
  setTimeout(again, pause);
}

setTimeout(again, pause);

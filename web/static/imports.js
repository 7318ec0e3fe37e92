// An import under way: asks again every second and draws how far it is, without
// moving the reader. When it has ended the page is opened anew, with what has
// become of the rows. Without it the page reloads itself.
let pause = 1000;

async function again() {
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("[data-import]");
      if (fresh && !fresh.hasAttribute("data-refresh")) return location.replace(location.href);
      if (fresh) draw(fresh);
      pause = 1000;
    }
  } catch {
    pause = Math.min(pause * 1.5, 15000); // the network is away; the next round asks again
  }
  setTimeout(again, pause);
}

// draw changes what has changed, so that a screen reader tells just that.
function draw(fresh) {
  const old = document.querySelector("[data-import]");
  for (const part of ["h1", "p"]) {
    const [before, after] = [old.querySelector(part), fresh.querySelector(part)];
    if (before.textContent !== after.textContent) before.textContent = after.textContent;
  }
  const bar = fresh.querySelector("progress");
  Object.assign(old.querySelector("progress"), { max: bar.max, value: bar.value });
}

setTimeout(again, pause);

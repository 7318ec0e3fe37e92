// The contents on the right follow the reading.
const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.classList.remove("on");
    links.get(entry.target.id)?.classList.add("on");
  }
}, { rootMargin: "-80px 0px -70% 0px" });
for (const id of links.keys()) observer.observe(document.getElementById(id));

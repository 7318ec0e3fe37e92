// Counts the characters of long texts while they are typed.
for (const counter of document.querySelectorAll("[data-count]")) {
  const field = document.getElementById(counter.dataset.count);
  const limit = Number(counter.textContent.split("/")[1]);
  const show = () => {
    const length = [...field.value].length;
    counter.textContent = `${length} / ${limit}`;
    counter.classList.toggle("over", length > limit);
  };
  field.addEventListener("input", show);
}

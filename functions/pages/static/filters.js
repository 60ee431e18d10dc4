// A search over the steps, by their names, families and summaries.

const form = document.querySelector(".search"), told = form.querySelector("[role=status]");
const all = [...document.querySelectorAll("[data-words]")], families = [...document.querySelectorAll(".family")];

function search() {
  const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of all) one.hidden = !words.every((word) => one.dataset.words.includes(word));
  for (const family of families) family.hidden = !family.querySelector("[data-words]:not([hidden])");
  const left = all.filter((one) => !one.hidden).length;
  told.textContent = words.length ? (left ? `${left} found` : "No step has these words.") : "";
}

form.hidden = false;
form.addEventListener("input", search);
form.addEventListener("submit", (event) => event.preventDefault());
search();

// A picture's own page: hints for the filter's value, and what is in the picture, drawn over it.

import * as api from "./api.js";
import { placeholders } from "./blurhash.js";
import { element, overlay, tables } from "./findings.js";

const id = document.querySelector("main").dataset.id;
const view = document.querySelector("#view"), findings = document.querySelector("#findings");

placeholders(document);
for (const swatch of document.querySelectorAll(".swatch[data-color]")) swatch.style.background = `#${swatch.dataset.color}`;

const tried = document.querySelector(".try");
const hinted = () => {
  document.querySelector("#hint").textContent = tried.elements.filter.selectedOptions[0]?.dataset.hint || "may be left empty";
};
tried.elements.filter.addEventListener("change", hinted);
hinted();
document.querySelector(".detect")?.addEventListener("submit", detect);

async function detect(event) {
  event.preventDefault();
  const button = event.target.querySelector("button"), step = event.target.elements.filter.value.replace("/draw", "");
  button.disabled = true;
  view.parentElement.classList.add("busy");
  try {
    show(await api.look(id, step));
  } catch (error) {
    findings.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
  }
  findings.hidden = false;
  view.parentElement.classList.remove("busy");
  button.disabled = false;
}

function show(answer) {
  view.parentElement.querySelector("svg")?.remove();
  view.after(overlay(answer.findings, answer.output));
  findings.replaceChildren(element("h2", {}, `Findings of ${answer.pipeline}`), ...tables(answer.findings));
}

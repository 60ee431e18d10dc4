// How the server makes the result: the steps as they are run, what the planner changed, and the estimated cost.

import * as api from "./api.js";
import { element } from "./findings.js";
import { Preview } from "./preview.js";

/** What fills the panel while it is open. `asked()` gives what the preview asks for, and `format` beside it. */
export function plan(panel, asked) {
  const told = panel.querySelector(".plan"), trouble = panel.querySelector(".hint");
  const explained = new Preview(() => (panel.open ? asked() : null), {
    busy: (is) => panel.classList.toggle("busy", is),
    shown: (found) => { trouble.textContent = ""; told.replaceChildren(...drawn(found)); },
    failed: (error) => { told.replaceChildren(); trouble.textContent = error.message; },
  }, ask);
  panel.addEventListener("toggle", () => explained.now());
  return explained;
}

const ask = async ({ file, pipeline, options, pictures, accept, format }, signal) =>
  (await api.process(file, { ...options, pipeline, ...(format ? { format } : {}), explain: true }, { pictures, accept, signal })).body;

function drawn({ decoding, steps, format, encoding_ms, rules, ms, mib, frames }) {
  const rows = [
    { step: decoding.scale > 1 ? `decode at 1/${decoding.scale}` : "decode", ...decoding }, ...steps,
    { step: `encode ${format}`, ms: encoding_ms },
  ];
  const most = Math.max(...rows.map((one) => one.ms), 0.01);
  const head = element("tr", {}, element("th", { scope: "col" }, "Step"), element("th", { scope: "col" }, "Makes"), element("th", { scope: "col", class: "number" }, "ms"));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.map((one) => row(one, most))));
  const sum = element("p", { class: "sum" }, `About ${ms.toFixed(1)} ms of one core, ${mib < 10 ? mib.toFixed(1) : mib.toFixed(0)} MiB${frames > 1 ? `, ${frames} frames` : ""}.`);
  const changes = rules.map(({ rule, did }) => element("li", {}, element("strong", {}, rule), `: ${did}`));
  return [sum, table, ...(changes.length ? [element("h3", {}, "What the planner changed"), element("ul", {}, ...changes)] : [])];
}

function row({ step, width, height, channels, ms }, most) {
  const bar = element("span", { class: "bar" });
  bar.style.setProperty("--part", ms / most);
  const size = width ? `${width} × ${height} × ${channels}` : "";
  return element("tr", {}, element("td", {}, step.replaceAll("+", "+\u200b")), element("td", { class: "size" }, size), element("td", { class: "number" }, bar, ms.toFixed(1)));
}

// Presets of the server, and recipes: steps that this browser keeps under a name.

import { element } from "./findings.js";

const KEY = "darkroom-recipes";

const read = () => { try { return Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}")).filter(([, text]) => typeof text === "string"); } catch { return []; } };
const write = (entries) => { try { localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(entries))); } catch { /* a browser that keeps nothing */ } };

export function recipes(root, presets, current, use) {
  const list = root.querySelector(".list"), form = root.querySelector("form");

  function draw() {
    const own = read().map(([name, text]) => entry(name, text, () => { write(read().filter(([other]) => other !== name)); draw(); }));
    list.replaceChildren(...Object.entries(presets).map(([name, text]) => entry(name, text)), ...own);
  }

  function entry(name, text, forget) {
    const button = element("button", { type: "button", class: "second", title: text }, name);
    button.addEventListener("click", () => use(text));
    const row = element("span", { class: "recipe" }, button);
    if (forget) {
      const gone = element("button", { type: "button", class: "quiet icon", "aria-label": `Forget ${name}` }, "✕");
      gone.addEventListener("click", forget);
      row.append(gone);
    }
    return row;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    if (!name) return;
    write([...read().filter(([other]) => other !== name), [name, current()]]);
    form.reset();
    draw();
  });
  draw();
}

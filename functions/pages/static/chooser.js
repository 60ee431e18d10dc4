// The dialog that adds a step: all steps with their pictures, and a search.

import { element } from "./findings.js";

export function chooser(dialog, filters, { absent, pictured }, choose) {
  const search = dialog.querySelector("input"), list = dialog.querySelector(".choices");
  const families = Object.entries(Object.groupBy ? Object.groupBy(filters, (one) => one.family) : grouped(filters));
  list.append(...families.map(([family, members]) => section(family, members, absent, pictured, (one) => { dialog.close(); choose(one); })));
  const none = element("p", { class: "muted", hidden: "" }, "No step has these words.");
  list.append(none);

  function narrow() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const buttons = [...list.querySelectorAll("button")];
    for (const button of buttons) button.hidden = !words.every((word) => button.dataset.words.includes(word));
    for (const group of list.querySelectorAll("section")) group.hidden = !group.querySelector("button:not([hidden])");
    none.hidden = buttons.some((button) => !button.hidden);
  }

  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => {
    const found = list.querySelector("button:not([hidden])");
    if (event.key === "Enter" && found) { event.preventDefault(); found.click(); }
  });
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return () => { search.value = ""; narrow(); dialog.showModal(); search.focus(); };
}

function grouped(filters) {
  const groups = {};
  for (const one of filters) (groups[one.family] ??= []).push(one);
  return groups;
}

function section(family, members, absent, pictured, choose) {
  const buttons = members.map((one) => {
    const button = element("button", { type: "button", class: "choice", "data-name": one.name, "data-words": `${one.name} ${family} ${one.kind} ${one.summary}`.toLowerCase() });
    button.append(shot(one, pictured), element("strong", {}, one.name), element("span", {}, absent[one.name] ? `${one.summary} (no weights here yet)` : one.summary));
    button.addEventListener("click", () => choose(one));
    return button;
  });
  return element("section", {}, element("h3", {}, family), element("div", { class: "cards" }, ...buttons));
}

function shot(one, pictured) {
  if (!pictured.includes(one.name)) return element("span", { class: "shot words" }, one.kind);
  const picture = element("img", { loading: "lazy", src: new URL(`./filters/${one.name}.webp`, import.meta.url).href, alt: "", width: 240, height: 160 });
  return element("span", { class: "shot checkered" }, picture);
}

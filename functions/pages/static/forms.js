// A step's form, made from its JSON Schema: a control for each parameter, with its bounds, default and description.

import { element } from "./findings.js";
import { plain } from "./pipeline.js";

const OPEN = 4; // parameters that are always shown; further ones unfold
let serial = 0;

/** The form of a step. `set(name, value)` is called with each change; `context` has models, assets and pictures. */
export function form(known, values, set, context) {
  const required = new Set(known.parameters.required ?? []);
  const fields = Object.entries(known.parameters.properties).map(([name, schema]) => field({ name, schema: plain(schema), value: values[name], isRequired: required.has(name), set: (value) => set(name, value), context, known }));
  if (!fields.length) return element("p", { class: "hint" }, "It takes no parameters.");
  const shown = element("div", { class: "parameters" }, ...fields.slice(0, OPEN));
  if (fields.length <= OPEN) return shown;
  const isOpen = Object.keys(values).some((name) => Object.keys(known.parameters.properties).indexOf(name) >= OPEN);
  const more = element("details", isOpen ? { open: "" } : {}, element("summary", {}, `${fields.length - OPEN} more`), element("div", { class: "parameters" }, ...fields.slice(OPEN)));
  return element("div", {}, shown, more);
}

function field(about) {
  const { name, schema, isRequired } = about, id = `parameter-${++serial}`;
  const control = controlOf(about, id);
  const label = element("label", { for: id }, name, isRequired ? " (required)" : "");
  const hint = element("p", { class: "hint", id: `${id}-hint` }, schema.description ?? "");
  control.querySelector?.(`#${id}`)?.setAttribute("aria-describedby", hint.id);
  if (control.id === id) control.setAttribute("aria-describedby", hint.id);
  return element("div", { class: "parameter" }, label, control, hint);
}

function controlOf(about, id) {
  const { schema } = about, kind = schema["x-kind"];
  if (schema.type === "array" && schema.items?.enum) return choices(about, id);
  if (schema.enum) return select(about, id, schema.enum);
  if (schema.type === "boolean") return toggle(about, id);
  if (schema.type === "integer" || schema.type === "number") return slider(about, id);
  if (kind === "color") return color(about, id);
  if (kind === "model") return select(about, id, about.context.models(about.known));
  if (kind === "picture" || kind === "file") return picture(about, id);
  return text(about, id);
}

const isDefault = (schema, value) => schema.default !== undefined && String(schema.default) === String(value);

function slider({ schema, value, set, name }, id) {
  const { minimum: low, maximum: high, default: usual } = schema;
  const step = schema.not?.multipleOf ? 2 : schema.type === "integer" ? 1 : niceStep(high - low);
  const now = value ?? usual ?? "";
  const number = element("input", { type: "number", id, min: low, max: high, step: schema.type === "integer" ? step : "any", value: now, placeholder: usual ?? "auto" });
  const range = element("input", { type: "range", min: low, max: high, step, value: now === "" ? low : now, "aria-label": `${name}, slider` });
  const take = (text, other) => {
    other.value = text === "" ? low : text;
    if (text === "") set(undefined);
    else if (number.checkValidity()) set(isDefault(schema, text) ? undefined : text);
  };
  range.addEventListener("input", () => { number.value = range.value; take(range.value, range); });
  number.addEventListener("input", () => take(number.value, range));
  return element("div", { class: "slider" }, range, number);
}

/** About 200 places on the slider, at a round number. */
const niceStep = (span) => 10 ** Math.floor(Math.log10(span / 100));

function select({ schema, value, set, isRequired }, id, options) {
  const control = element("select", { id });
  if (!isRequired) control.append(element("option", { value: "" }, schema.default == null ? "automatic" : `${schema.default} (default)`));
  for (const one of options) {
    const [word, label] = Array.isArray(one) ? one : [one, one];
    if (word !== schema.default || isRequired) control.append(element("option", { value: word }, label));
  }
  control.value = value ?? (isRequired ? control.options[0]?.value ?? "" : "");
  control.addEventListener("change", () => set(control.value || undefined));
  return control;
}

function toggle({ schema, value, set }, id) {
  const control = element("input", { type: "checkbox", id });
  control.checked = value === undefined ? schema.default === true : value === "true" || value === "1";
  control.addEventListener("change", () => set(control.checked === (schema.default === true) ? undefined : String(control.checked)));
  return control;
}

function choices({ schema, value, set, name }, id) {
  const chosen = new Set(value ?? schema.default ?? []);
  const boxes = schema.items.enum.map((word, index) => {
    const box = element("input", { type: "checkbox", value: word, ...(index ? {} : { id }) });
    box.checked = chosen.has(word);
    box.addEventListener("change", () => set(boxes.map((one) => one.firstChild).filter((one) => one.checked).map((one) => one.value)));
    return element("label", { class: "inline" }, box, word);
  });
  return element("div", { class: "row", role: "group", "aria-label": name }, ...boxes);
}

function color({ schema, value, set, name }, id) {
  const input = textInput(schema, value, id), well = element("input", { type: "color", "aria-label": `${name}, palette` });
  const show = () => { const hex = six(input.value || String(schema.default ?? "")); if (hex) well.value = `#${hex}`; };
  input.addEventListener("input", () => { show(); if (input.checkValidity()) set(input.value || undefined); });
  well.addEventListener("input", () => { input.value = well.value.slice(1); set(input.value); });
  show();
  return element("div", { class: "slider color" }, well, input);
}

const six = (hex) => (/^[0-9a-f]{6}/i.test(hex) ? hex.slice(0, 6) : /^[0-9a-f]{3,4}$/i.test(hex) ? [...hex.slice(0, 3)].map((one) => one + one).join("") : "");

function text({ schema, value, set }, id) {
  const isList = schema.type === "array";
  const input = textInput(schema, isList ? value?.join(" ") : value, id);
  input.addEventListener("input", () => {
    if (input.checkValidity()) set(isList ? input.value.split(/\s+/).filter(Boolean) : input.value || undefined);
  });
  return input;
}

function textInput(schema, value, id) {
  const usual = Array.isArray(schema.default) ? schema.default.join(" ") : schema.default;
  const input = element("input", { type: "text", id, value: value ?? "", placeholder: usual ?? "", autocomplete: "off", spellcheck: "false" });
  if (schema.pattern) input.pattern = schema.pattern.replace(/^\^|\$$/g, "");
  return input;
}

/** A second picture, or a file: one that the server has, or one from this device. */
function picture({ schema, value, set, context }, id) {
  const input = textInput(schema, value, id), list = element("datalist", { id: `${id}-list` });
  input.setAttribute("list", list.id);
  list.append(...context.assets(schema["x-kind"]).map((name) => element("option", { value: name })));
  input.addEventListener("input", () => input.checkValidity() && set(input.value || undefined));
  const file = element("input", { type: "file", "aria-label": "A file from this device" });
  file.addEventListener("change", () => {
    if (!file.files.length) return;
    input.value = context.bring(file.files[0]);
    set(input.value);
  });
  return element("div", {}, input, list, file);
}

// The grammar of pipelines, as far as the page needs it: text to steps, and steps to text.
// A step is {name, values, off}; a value is text, or a list of texts.

const RESERVED = /[/,=+%\s\u0000-\u001f]/g;
const quote = (text) => String(text).replace(RESERVED, (char) => encodeURIComponent(char));
const unquote = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
const write = (value) => (Array.isArray(value) ? value.map(quote).join("+") : quote(value));

/** A schema without the null of an optional parameter. */
export const plain = (schema) => (schema.anyOf ? { ...schema, ...schema.anyOf.find((one) => one.type !== "null") } : schema);

/** Leading values stand alone, the others by their names. */
export function stepText({ name, values }, known) {
  const parameters = Object.keys(known?.parameters.properties ?? {}).filter((one) => given(values[one]));
  const declared = Object.keys(known?.parameters.properties ?? {});
  const parts = parameters.map((one, index) => (declared[index] === one ? write(values[one]) : `${one}=${write(values[one])}`));
  return parts.length ? `${name}:${parts.join(",")}` : name;
}

const given = (value) => value !== undefined && value !== "" && !(Array.isArray(value) && !value.length);

export const pipelineText = (steps, known) => steps.filter((step) => !step.off).map((step) => stepText(step, known.get(step.name))).join("/");

/** The steps of a text; a preset stands for its own steps. */
export function parse(text, known, presets = {}) {
  if (!text.trim()) return [];
  return text.split("/").flatMap((part) => {
    const at = part.indexOf(":"), name = at < 0 ? part : part.slice(0, at), rest = at < 0 ? "" : part.slice(at + 1);
    if (name === "preset" && Object.hasOwn(presets, rest)) return parse(presets[rest], known);
    return [{ name, values: valuesOf(rest, known.get(name)), off: false }];
  });
}

function valuesOf(text, known) {
  const values = {}, properties = known?.parameters.properties ?? {}, declared = Object.keys(properties);
  if (!text) return values;
  text.split(",").forEach((part, index) => {
    const at = part.indexOf("="), name = at < 0 ? declared[index] : part.slice(0, at), value = at < 0 ? part : part.slice(at + 1);
    if (!name || value === "") return;
    const isList = plain(properties[name] ?? {}).type === "array";
    values[name] = isList ? value.split(/[+ ]/).filter(Boolean).map(unquote) : unquote(value);
  });
  return values;
}

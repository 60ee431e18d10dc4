// Findings drawn over a picture, and as tables. Everything from outside is put in as text.

const SVG = "http://www.w3.org/2000/svg";
const HUES = [4, 200, 130, 42, 280, 170, 320, 90];

/** An element with attributes and children; text stays text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const shape = (name, attributes) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

/** The findings of the first frame. */
export const first = (findings) => findings?.frames?.[0] ?? findings ?? {};

/** An SVG over a picture of this size, with every object's outline, label and key points. */
export function overlay(findings, { width, height }) {
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" });
  const objects = first(findings).objects ?? [];
  svg.setAttribute("aria-label", `${objects.length} objects found`);
  const scale = Math.max(width, height) / 1000;
  objects.forEach((object) => draw(svg, object, scale, HUES[hash(object.label) % HUES.length]));
  return svg;
}

function draw(svg, object, scale, hue) {
  const [x, y, width, height] = object.box, color = `hsl(${hue} 95% 60%)`;
  const outline = object.quad
    ? shape("polygon", { points: object.quad.map((point) => point.join(",")).join(" ") })
    : shape("rect", { x, y, width, height });
  for (const [stroke, size] of [["#000a", 5], [color, 2.5]]) {
    const line = outline.cloneNode();
    line.setAttribute("fill", "none");
    line.setAttribute("stroke", stroke);
    line.setAttribute("stroke-width", size * scale);
    svg.append(line);
  }
  for (const point of object.keypoints ?? []) svg.append(shape("circle", { cx: point.x, cy: point.y, r: 4 * scale, fill: color }));
  const text = shape("text", { x: x + 6 * scale, y: Math.max(y - 7 * scale, 22 * scale), fill: "#fff", stroke: "#000", "stroke-width": 5 * scale, "paint-order": "stroke", "font-size": 22 * scale, "font-weight": 600 });
  text.textContent = caption(object);
  svg.append(text);
}

const caption = (object) => [object.label, object.track === undefined ? "" : `#${object.track}`, object.score === undefined ? "" : `${Math.round(object.score * 100)} %`, ...(object.attributes ?? []).map(told)].filter(Boolean).join(" ");
const told = (one) => one.label ?? `${one.name} ${Math.round(one.value)}`;
const hash = (text) => [...String(text)].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 9973, 7);

/** The findings as tables; an empty answer says so. */
export function tables(findings) {
  const one = first(findings), parts = [];
  if (one.counts) parts.push(table("Counts", ["label", "count"], Object.entries(one.counts)));
  if (one.objects) {
    const says = one.objects.some((object) => "text" in object || "base64" in object), said = (object) => says ? [object.text ?? object.base64 ?? ""] : [];
    parts.push(table("Objects", ["label", "score", "x", "y", "width", "height", ...(says ? ["says"] : [])], one.objects.map((object) => [object.label, percent(object.score), ...object.box.map(Math.round), ...said(object)])));
  }
  if (one.labels) parts.push(table("Labels", ["label", "score"], one.labels.map((label) => [label.label, percent(label.score)])));
  for (const segment of one.segments ?? []) parts.push(table("Areas", ["label", "share"], Object.entries(segment.share).map(([label, share]) => [label, percent(share)])));
  if (one.measures) parts.push(...Object.entries(one.measures).map(([name, value]) => measure(name, value)));
  return parts;
}

const percent = (value) => (typeof value === "number" ? `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %` : "");

function table(title, names, rows) {
  const heading = element("h3", {}, title);
  if (!rows.length) return element("div", {}, heading, element("p", { class: "muted" }, "Nothing was found."));
  const isNumber = (index) => index > 0 ? { class: "number" } : {};
  const head = element("tr", {}, ...names.map((name, index) => element("th", { scope: "col", ...isNumber(index) }, name)));
  const body = rows.map((row) => element("tr", {}, ...row.map((value, index) => element("td", isNumber(index), String(value)))));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  return element("div", {}, heading, scroll);
}

function measure(name, value) {
  const heading = element("h3", {}, name);
  if (name === "palette" && Array.isArray(value)) return element("div", {}, heading, swatches(value));
  const text = typeof value === "object" ? JSON.stringify(value, null, 1) : String(value);
  return element("div", {}, heading, element("pre", { tabindex: "0", "aria-label": name }, text.length > 6000 ? `${text.slice(0, 6000)}…` : text));
}

function swatches(colors) {
  const row = element("p", { class: "row" });
  for (const { color, share } of colors) {
    const dot = element("span", { class: "swatch" });
    dot.style.background = /^[0-9a-f]{6}$/.test(color) ? `#${color}` : "";
    row.append(element("span", { class: "badge" }, dot, ` ${color} ${percent(share)}`));
  }
  return row;
}

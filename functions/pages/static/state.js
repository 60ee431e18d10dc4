// What the Darkroom page holds: the steps and the output, with undo and redo, kept in the page's address.

import { parse, stepText } from "./pipeline.js";

const MERGED = 800; // milliseconds: changes of one slider within this time are one step back

export class State {
  constructor(known, presets) {
    this.known = known;
    this.presets = presets;
    this.listeners = [];
    this.past = [];
    this.future = [];
    this.last = { key: "", at: 0 };
    this.serial = 0;
    this.now = this.read(new URLSearchParams(location.search));
  }

  listen(listener) { this.listeners.push(listener); }

  /** Change a copy. Changes with the same key that follow each other quickly are undone together. */
  change(edit, key = "") {
    const before = this.now, moment = Date.now();
    const next = structuredClone(before);
    edit(next);
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    if (!key || key !== this.last.key || moment - this.last.at > MERGED) this.past.push(before);
    this.last = { key, at: moment };
    this.future = [];
    this.now = next;
    this.tell(key ? "values" : "steps");
  }

  undo() { this.travel(this.past, this.future); }
  redo() { this.travel(this.future, this.past); }

  travel(from, to) {
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.last = { key: "", at: 0 };
    this.tell("steps");
  }

  tell(what) {
    history.replaceState(null, "", this.address());
    for (const listener of this.listeners) listener(what);
  }

  /** Steps with a number each, by which the list knows them again. */
  numbered(steps) { return steps.map((step) => ({ ...step, id: ++this.serial })); }

  read(query) {
    const steps = this.numbered(parse(query.get("pipeline") ?? "", this.known, this.presets));
    for (const index of (query.get("off") ?? "").split(",").filter(Boolean)) if (steps[index]) steps[index].off = true;
    const image = query.get("image") ?? "";
    return { image: /^[0-9a-f]{32}$/.test(image) ? image : "", steps, format: query.get("format") ?? "", quality: query.get("quality") ?? "" };
  }

  address() {
    const { image, steps, format, quality } = this.now, query = new URLSearchParams();
    const pipeline = steps.map((step) => stepText(step, this.known.get(step.name))).join("/");
    const off = steps.flatMap((step, index) => (step.off ? [index] : [])).join(",");
    for (const [name, value] of Object.entries({ image, pipeline, off, format, quality })) if (value) query.set(name, value);
    return `${location.pathname}${[...query].length ? `?${query}` : ""}`;
  }
}

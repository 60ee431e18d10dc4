// The list of steps: each with its form, a switch, and a handle to drag it or to move it by the arrow keys.

import { element } from "./findings.js";
import { form } from "./forms.js";

export class Steps {
  constructor(list, state, context) {
    this.list = list;
    this.state = state;
    this.context = context;
    this.open = new Set();
    list.addEventListener("dragover", (event) => this.dragOver(event));
    list.addEventListener("drop", (event) => { event.preventDefault(); this.dropped(); });
  }

  /** Unfold the forms of these steps when they are drawn. */
  unfold(added) { added.forEach((step) => this.open.add(step.id)); }

  /** Draw the list anew. The focus stays on the same button of the same step. */
  draw() {
    const active = document.activeElement, kept = this.list.contains(active) && { id: active.closest("li")?.dataset.id, kind: active.className };
    this.list.replaceChildren(...this.state.now.steps.map((step, index) => this.item(step, index)));
    if (kept?.id) [...this.list.querySelectorAll(`li[data-id="${kept.id}"] button`)].find((one) => one.className === kept.kind)?.focus();
  }

  item(step, index) {
    const known = this.state.known.get(step.name), count = this.state.now.steps.length;
    const item = element("li", { class: step.off ? "card off" : "card", "data-id": step.id, "data-step": step.name });
    const handle = element("button", { type: "button", class: "quiet icon handle", draggable: "true", "aria-label": `Move ${step.name}: place ${index + 1} of ${count}, arrow keys`, title: "Drag, or press the arrow keys" }, "⠿");
    handle.addEventListener("keydown", (event) => this.key(event, step.id));
    handle.addEventListener("dragstart", (event) => { this.dragged = item; event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", step.name); item.classList.add("dragged"); });
    handle.addEventListener("dragend", () => this.dropped());
    const toggle = element("input", { type: "checkbox", "aria-label": `${step.name} is on` });
    toggle.checked = !step.off;
    toggle.addEventListener("change", () => this.edit(step.id, (one) => { one.off = !toggle.checked; }));
    const remove = element("button", { type: "button", class: "quiet icon remove", "aria-label": `Remove ${step.name}` }, "✕");
    remove.addEventListener("click", () => this.remove(step.id));
    item.append(element("div", { class: "head" }, handle, toggle, element("h3", {}, step.name), remove), this.body(step, known));
    return item;
  }

  body(step, known) {
    if (!known) return element("p", { class: "problem" }, "This server has no such step.");
    const set = (name, value) => this.state.change((next) => {
      const values = next.steps.find((one) => one.id === step.id).values;
      if (value === undefined) delete values[name];
      else values[name] = value;
    }, `${step.id} ${name}`);
    const details = element("details", { class: "body" }, element("summary", {}, known.summary), form(known, step.values, set, this.context));
    details.open = this.open.has(step.id);
    details.addEventListener("toggle", () => (details.open ? this.open.add(step.id) : this.open.delete(step.id)));
    return details;
  }

  edit(id, change) { this.state.change((next) => change(next.steps.find((one) => one.id === id))); }

  remove(id) {
    const at = this.state.now.steps.findIndex((one) => one.id === id);
    this.state.change((next) => { next.steps.splice(at, 1); });
    const left = this.list.querySelectorAll(".remove");
    (left[Math.min(at, left.length - 1)] ?? document.querySelector(".add")).focus();
  }

  move(id, to) {
    this.state.change((next) => {
      const from = next.steps.findIndex((one) => one.id === id), [step] = next.steps.splice(from, 1);
      next.steps.splice(Math.max(0, Math.min(to, next.steps.length)), 0, step);
    });
  }

  key(event, id) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const to = this.state.now.steps.findIndex((one) => one.id === id) + by;
    if (to >= 0 && to < this.state.now.steps.length) this.move(id, to);
  }

  dragOver(event) {
    if (!this.dragged) return;
    event.preventDefault();
    const below = [...this.list.children].find((item) => item !== this.dragged && event.clientY < item.getBoundingClientRect().top + item.offsetHeight / 2);
    if (below !== this.dragged.nextSibling) this.list.insertBefore(this.dragged, below ?? null);
  }

  dropped() {
    if (!this.dragged) return;
    const item = this.dragged, to = [...this.list.children].indexOf(item);
    this.dragged = undefined;
    item.classList.remove("dragged");
    this.move(Number(item.dataset.id), to);
  }
}

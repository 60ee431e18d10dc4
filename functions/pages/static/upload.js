// Uploads of many files: a few at a time, each with its progress, its error, and a way to cancel or try again.

import * as api from "./api.js";

const AT_ONCE = 3, TRIES = 6, WAIT = 1000;

/** Uploads into the list of a section; `onStored` is called when all are settled and some arrived. */
export class Uploads {
  constructor(section, limits, onStored) {
    this.section = section;
    this.limits = limits;
    this.onStored = onStored;
    this.items = [];
    this.fresh = 0;
    this.box = section.querySelector(".uploads");
    this.list = section.querySelector(".transfers");
    this.summary = section.querySelector(".summary");
    this.cancelAll = section.querySelector(".cancel-all");
    this.clear = section.querySelector(".clear");
    this.cancelAll.addEventListener("click", () => this.items.forEach((item) => item.cancel()));
    this.clear.addEventListener("click", () => this.forget());
  }

  add(files) {
    for (const file of files) this.items.push(new Item(file, this));
    this.box.hidden = this.items.length === 0;
    this.next();
  }

  next() {
    const running = this.items.filter((item) => item.state === "sending").length;
    this.items.filter((item) => item.state === "waiting").slice(0, AT_ONCE - running).forEach((item) => item.send());
    this.tell();
  }

  tell() {
    const count = (...states) => this.items.filter((item) => states.includes(item.state)).length;
    const left = count("waiting", "sending");
    const parts = [`${count("done")} of ${this.items.length} added`];
    if (count("failed")) parts.push(`${count("failed")} failed`);
    if (count("cancelled")) parts.push(`${count("cancelled")} cancelled`);
    this.summary.textContent = parts.join(", ");
    this.cancelAll.hidden = left === 0;
    this.clear.hidden = left > 0;
    if (left === 0 && this.fresh) {
      this.fresh = 0;
      this.onStored();
    }
  }

  forget() {
    this.items = [];
    this.list.replaceChildren();
    this.box.hidden = true;
  }
}

class Item {
  constructor(file, uploads) {
    this.file = file;
    this.uploads = uploads;
    this.state = "waiting";
    this.row = document.createElement("li");
    const [name, state] = ["file", "state"].map((kind) => Object.assign(document.createElement("span"), { className: kind }));
    name.textContent = file.name || "pasted picture";
    this.told = state;
    this.button = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
    this.button.addEventListener("click", () => (this.isOpen ? this.cancel() : this.again()));
    this.bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    this.bar.setAttribute("aria-label", `Progress of ${name.textContent}`);
    this.row.append(name, state, this.button, this.bar);
    uploads.list.append(this.row);
    this.show("waiting", "waiting");
  }

  get isOpen() { return this.state === "waiting" || this.state === "sending"; }

  show(state, text, why = "") {
    this.state = state;
    this.row.className = state;
    this.told.textContent = text;
    this.bar.hidden = state !== "sending";
    this.button.hidden = state === "done";
    this.button.textContent = this.isOpen ? "Cancel" : "Try again";
    this.button.setAttribute("aria-label", `${this.button.textContent}: ${this.file.name}`);
    this.row.querySelector(".why")?.remove();
    if (why) this.row.append(Object.assign(document.createElement("p"), { className: "why", textContent: why }));
  }

  async send() {
    this.show("sending", "sending");
    this.stop = new AbortController();
    try {
      this.check();
      await this.persist();
      this.show("done", "added");
      this.uploads.fresh += 1;
    } catch (error) {
      if (error.name === "AbortError") this.show("cancelled", "cancelled");
      else this.show("failed", "failed", error.message);
    }
    this.uploads.next();
  }

  check() {
    const { upload } = this.uploads.limits;
    if (this.file.size > upload) throw new Error(`It has ${size(this.file.size)}; at most ${size(upload)} are taken.`);
    if (this.file.size === 0) throw new Error("The file is empty.");
  }

  /** A server that goes away and returns, or is full for a moment, is asked again. */
  async persist() {
    for (let tries = 1; ; tries++) {
      try {
        return await api.store(this.file, { limit: this.uploads.limits.request, signal: this.stop.signal, onProgress: (share) => this.progress(share) });
      } catch (error) {
        const passing = api.isLost(error) || [429, 503].includes(error.status);
        if (!passing || tries === TRIES) throw error;
        this.told.textContent = "waiting for the server";
        await pause(WAIT * tries, this.stop.signal);
      }
    }
  }

  progress(share) {
    this.bar.value = share;
    this.told.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "being read";
  }

  cancel() {
    if (this.state === "sending") this.stop.abort();
    else if (this.state === "waiting") this.show("cancelled", "cancelled");
    this.uploads.tell();
  }

  again() {
    this.show("waiting", "waiting");
    this.uploads.next();
  }
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("Cancelled", "AbortError")); });
  });
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

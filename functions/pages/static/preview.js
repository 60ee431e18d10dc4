// Previews: the newest request wins. A change waits for the slider to rest, and what was asked before is cancelled.

import * as api from "./api.js";

const REST = 140; // milliseconds
export const SCREEN = 1600; // pixels: a preview is not larger, since nobody sees more

export class Preview {
  /** `asked()` gives {file, pipeline, options, pictures, accept} or null; `on` has busy, shown and failed; `work` asks. */
  constructor(asked, on, work = run) {
    this.asked = asked;
    this.on = on;
    this.work = work;
  }

  soon() {
    clearTimeout(this.timer);
    this.stop?.abort();
    this.stop = null; // else what was asked before would end the waiting for what is asked next
    this.on.busy(true);
    this.timer = setTimeout(() => this.now(), REST);
  }

  async now() {
    clearTimeout(this.timer);
    this.stop?.abort();
    const asked = this.asked();
    if (!asked) return this.on.busy(false);
    const stop = this.stop = new AbortController();
    this.on.busy(true);
    try {
      const made = await this.work(asked, stop.signal);
      if (this.stop !== stop) return;
      this.on.shown(made);
    } catch (error) {
      if (error.name === "AbortError" || this.stop !== stop) return;
      this.on.failed(error);
    }
    if (this.stop === stop) this.on.busy(false);
  }
}

async function run({ file, pipeline, options, pictures, accept }, signal) {
  const fitted = [pipeline, `resize:${SCREEN},${SCREEN}`].filter(Boolean).join("/");
  const request = { ...options, pipeline: fitted, format: "json", include: "image" };
  const began = performance.now();
  const { body, timings } = await api.process(file, request, { pictures, accept, signal });
  const { width, height } = body.output;
  return { ...body, timings, ms: performance.now() - began, approximate: Math.max(width, height) >= SCREEN };
}

/** The whole result as a file. */
export async function whole({ file, pipeline, options, pictures, format }, signal) {
  const request = { ...options, pipeline, ...(format ? { format } : {}) };
  return (await api.process(file, request, { pictures, accept: "image/*", signal })).body;
}

// A client of Darkroom for browsers and Node: pictures and pipelines over HTTP, by fetch alone.
//
//   import { Darkroom } from "darkroom-client";
//   const darkroom = new Darkroom("http://127.0.0.1:8080");
//   const result = await darkroom.process(file, "resize:1280/sepia", { format: "webp" });
//   image.src = URL.createObjectURL(result.blob);

const RETRIES = 3;
const LONGEST_WAIT = 30; // seconds; a server that asks for more is not waited for
const LASTING = new Set([
  "model_absent", "model_broken", "model_checksum", "model_memory", "model_mismatch", "model_output", "runtime_missing",
]);
const RESERVED = /[\/,=+% \u0000-\u001f]/g;
const ID = /^[0-9a-f]{32}$/;
const ADDRESS = /^[a-z][a-z0-9]*:\/\//;

/** The server refused, did not answer, or what it answered is not Darkroom's. `code` is for programs. */
export class DarkroomError extends Error {
  constructor(detail, { status = 0, problem = {}, retryAfter = null, requestId = null, cause } = {}) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = "DarkroomError";
    const { code = "", title = "", parameter = null, expected = null, got = null } = problem;
    Object.assign(this, { status, problem, code, title, detail, parameter, expected, got, retryAfter, requestId });
  }
}

/** A response: a picture as `blob`, or JSON. */
export class Result {
  constructor(blob, headers) {
    this.blob = blob;
    this.headers = headers;
    this.type = mediaType(headers);
  }

  get isPicture() {
    return this.type.startsWith("image/");
  }

  async json() {
    return parsed(await this.blob.text());
  }

  bytes() {
    return this.blob.arrayBuffer();
  }
}

/** A value with the grammar's own characters written %XX. */
export function quote(value) {
  return String(value).replace(RESERVED, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** The text of a pipeline: of its text, or of steps such as `{filter: "resize", width: 800}`. */
export function pipelineText(pipeline) {
  if (typeof pipeline === "string") return pipeline;
  return pipeline.map(({ filter, ...parameters }) => {
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
    const texts = given.map(([name, value]) => `${name}=${Array.isArray(value) ? value.map(quote).join("+") : quote(value)}`);
    return texts.length ? `${filter}:${texts.join(",")}` : filter;
  }).join("/");
}

export class Darkroom {
  #base;
  #key;
  #fetch;
  #retries;

  /** A server: its URL, or a path such as "." or "" for the server that a page comes from. */
  constructor(base = "", { key = null, fetch: send = globalThis.fetch, retries = RETRIES } = {}) {
    this.#base = base.replace(/\/+$/, "");
    this.#key = key;
    this.#fetch = (...given) => send(...given); // a browser's own refuses to be called as a method
    this.#retries = retries;
  }

  /** Send a picture through a pipeline. `file` is a Blob, bytes, or the address of a picture (gs://, s3://, https://). */
  async process(file, pipeline = "", { pictures = {}, outputs, ...options } = {}, how = {}) {
    const form = new FormData();
    if (typeof file === "string") form.append("source", file);
    else append(form, "file", file);
    for (const [name, picture] of Object.entries(pictures)) append(form, name, picture);
    if (outputs) form.append("request", JSON.stringify({ outputs: outputs.map(withText), ...options }));
    else appendOptions(form, { pipeline: pipelineText(pipeline), ...options });
    const result = await this.#ask("POST", "/v1/process", { form, ...how });
    if (!/^(image\/|application\/(json|zip)|multipart\/mixed|text\/plain)/.test(result.type)) {
      throw new DarkroomError(`The server answered with ${result.type || "no content type"}. Is it a Darkroom server?`);
    }
    return result;
  }

  /** What is in a picture: source, output, findings and the canonical pipeline, and no pixels. */
  async inspect(file, pipeline = "", options = {}, how = {}) {
    return (await this.process(file, pipeline, { ...options, format: "json" }, how)).json();
  }

  /** A page of stored pictures: `{images, next}`; `next` is the `cursor` of the next page. */
  images(query = {}, how = {}) {
    return this.#json("GET", `/v1/images${search(query)}`, how);
  }

  /** A stored picture's row. */
  image(id, how = {}) {
    return this.#json("GET", `/v1/images/${encodeURIComponent(id)}`, how);
  }

  /** Store a picture; its row. */
  put(file, { name } = {}, how = {}) {
    const form = new FormData();
    append(form, "file", file);
    return this.#json("POST", `/v1/images${search({ name })}`, { form, ...how });
  }

  /** Delete a stored picture and everything made from it. */
  async remove(id, how = {}) {
    await this.#ask("DELETE", `/v1/images/${encodeURIComponent(id)}`, how);
  }

  /** A stored picture's bytes, as they were sent. */
  original(id, how = {}) {
    return this.#ask("GET", `/v1/images/${encodeURIComponent(id)}/original`, how);
  }

  async filters(how = {}) {
    return (await this.#json("GET", "/v1/filters", how)).filters;
  }

  filter(name, how = {}) {
    return this.#json("GET", `/v1/filters/${encodeURIComponent(name)}`, how);
  }

  async presets(how = {}) {
    return (await this.#json("GET", "/v1/presets", how)).presets;
  }

  async formats(how = {}) {
    return (await this.#json("GET", "/v1/formats", how)).formats;
  }

  async models(how = {}) {
    return (await this.#json("GET", "/v1/models", how)).models;
  }

  model(name, how = {}) {
    return this.#json("GET", `/v1/models/${encodeURIComponent(name)}`, how);
  }

  loadModel(name, how = {}) {
    return this.#json("POST", `/v1/models/${encodeURIComponent(name)}/load`, how);
  }

  unloadModel(name, how = {}) {
    return this.#json("POST", `/v1/models/${encodeURIComponent(name)}/unload`, how);
  }

  version(how = {}) {
    return this.#json("GET", "/v1/version", how);
  }

  /** The URL of a picture through a pipeline, for `<img>`: of a stored one by its id, or of one at an address. */
  renderURL(source, pipeline, options = {}) {
    const steps = pipelineText(pipeline).split("/").map(segment).join("/");
    if (!steps) throw new TypeError("A render needs a pipeline; a stored picture itself is at originalURL(id).");
    if (ID.test(source)) return `${this.#base}/v1/images/${source}/${steps}${search(options)}`;
    if (!ADDRESS.test(source)) throw new TypeError("A source is the id of a stored picture, or an address such as gs://bucket/key.");
    const [, scheme, bucket, key] = /^([^:]+):\/\/([^/]*)\/?(.*)$/s.exec(source);
    const place = [scheme, bucket, ...key.split("/")].map(segment).join("/");
    return `${this.#base}/v1/render/${steps}/-/${place}${search(options)}`;
  }

  /** The URL of a stored picture as it was sent. */
  originalURL(id) {
    return `${this.#base}/v1/images/${encodeURIComponent(id)}/original`;
  }

  async #json(method, path, how) {
    return (await this.#ask(method, path, how)).json();
  }

  /** The result of a request, tried again while the server is busy and says when to come back. */
  async #ask(method, path, { form, signal, onProgress } = {}) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#try(method, path, form, signal, onProgress);
      } catch (error) {
        const pause = pauseAfter(error, attempt);
        if (attempt >= this.#retries || pause === null || signal?.aborted) throw error;
        await sleep(pause, signal);
      }
    }
  }

  async #try(method, path, form, signal, onProgress) {
    // A bearer token, unlike a header of our own, is not sent along where a 303 leads to another host.
    const headers = this.#key === null ? {} : { Authorization: `Bearer ${this.#key}` };
    const request = { method, headers, body: form, signal };
    const url = this.#base + path;
    let answer;
    try {
      answer = form && onProgress ? await watched(url, request, onProgress, this.#fetch) : await this.#fetch(url, request);
    } catch (error) {
      throw signal?.aborted ? error : lost(error);
    }
    const blob = await whole(answer);
    if (!answer.ok) throw await refusal(answer, blob);
    return new Result(blob, answer.headers);
  }
}

function append(form, name, file) {
  const blob = file instanceof Blob ? file : new Blob([file]);
  form.append(name, blob, blob.name || "picture");
}

function appendOptions(form, options) {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && value !== null) form.append(name, Array.isArray(value) ? value.join("+") : String(value));
  }
}

function withText({ pipeline = "", ...output }) {
  return { ...output, pipeline: pipelineText(pipeline) };
}

function search(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

/** One segment of a path, percent-encoded; what may stand there stays readable. */
function segment(text) {
  return encodeURIComponent(text).replace(/%(3A|2C|3D|2B)/g, decodeURIComponent);
}

function mediaType(headers) {
  return (headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DarkroomError("The response is not JSON. Is it a Darkroom server?", { cause });
  }
}

async function whole(answer) {
  try {
    return await answer.blob();
  } catch (cause) {
    if (cause?.name === "AbortError") throw cause;
    throw new DarkroomError("The response was cut short.", { cause });
  }
}

async function refusal(answer, blob) {
  let problem = {};
  if (/json/.test(mediaType(answer.headers))) {
    try {
      problem = JSON.parse(await blob.text());
    } catch {
      problem = {};
    }
  }
  const detail = problem?.detail || problem?.title || `The server answered ${answer.status} without a reason. Is it a Darkroom server?`;
  const seconds = answer.headers.get("Retry-After");
  const retryAfter = /^\d+$/.test(seconds ?? "") ? Number(seconds) : null;
  return new DarkroomError(detail, {
    status: answer.status, problem: problem ?? {}, retryAfter, requestId: answer.headers.get("X-Request-Id"),
  });
}

function lost(error) {
  return new DarkroomError(`No server answers (${error?.cause?.message || error?.message || error}).`, { cause: error });
}

/** Seconds to wait before the next try, with jitter; null where the same request would fail again. */
function pauseAfter(error, attempt) {
  if (!(error instanceof DarkroomError)) return null;
  const busy = error.status === 429 || error.status === 503; // in both cases nothing was done
  if (!busy || (error.retryAfter === null && LASTING.has(error.code))) return null;
  const least = error.retryAfter ?? 0;
  return least > LONGEST_WAIT ? null : least + Math.random() * Math.min(8, 0.5 * 2 ** attempt);
}

function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The response to a request whose progress is told as `{sent, total}`, bytes of the body. */
async function watched(url, { method, headers, body, signal }, onProgress, send) {
  if (typeof XMLHttpRequest !== "undefined") return sentByXHR(url, { method, headers, body, signal }, onProgress);
  const blob = await new Response(body).blob();
  const total = blob.size;
  let sent = 0;
  const counted = new TransformStream({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      onProgress({ sent, total });
      controller.enqueue(chunk);
    },
  });
  const stream = blob.stream().pipeThrough(counted);
  return send(url, { method, headers: { ...headers, "Content-Type": blob.type }, body: stream, signal, duplex: "half" });
}

/** As fetch answers: browsers' fetch tells nothing of an upload's progress, and streams no body over HTTP/1.1. */
function sentByXHR(url, { method, headers, body, signal }, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (finish, value) => {
      signal?.removeEventListener("abort", stop);
      finish(value);
    };
    request.open(method, url);
    request.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress({ sent: loaded, total });
    request.onload = () => end(resolve, new Response([204, 205, 304].includes(request.status) ? null : request.response, {
      status: request.status, statusText: request.statusText, headers: headersOf(request),
    }));
    request.onerror = () => end(reject, new TypeError("the connection was lost"));
    request.onabort = () => end(reject, signal.reason);
    if (signal?.aborted) return end(reject, signal.reason);
    signal?.addEventListener("abort", stop, { once: true });
    return request.send(body);
  });
}

function headersOf(request) {
  const lines = request.getAllResponseHeaders().trim().split("\r\n").filter(Boolean);
  return new Headers(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

// The one place that speaks HTTP. Addresses are relative: a platform may serve the function below a path.

/** A refusal of the server: the text for people, its code, and the parameter that is meant. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `The server answered ${status}.`);
    this.status = status;
    this.code = document.code || "";
    this.title = document.title || "";
    this.parameter = document.parameter || "";
  }
}

/** The server was not reached, or went away in the middle. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
    this.code = "unreachable";
  }
}

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  const document = await response.json().catch(() => ({}));
  return new Problem(response.status, document);
}

async function json(url, options = {}) {
  return (await ask(url, { ...options, headers: { Accept: "application/json", ...options.headers } })).json();
}

/** Another page of this server as a document, such as the next one of a list. */
export async function page(url, signal) {
  return new DOMParser().parseFromString(await (await ask(url, { signal })).text(), "text/html");
}

export const filters = async () => (await json("v1/filters")).filters;
export const models = async () => (await json("v1/models")).models;
export const image = (id) => json(`v1/images/${id}`);
export const original = async (id, signal) => (await ask(`v1/images/${id}/original`, { signal })).blob();
export const bytes = async (url, signal) => (await ask(url, { signal })).blob();

/** The answer of a pipeline that only looks at a stored picture. */
export const look = (id, pipeline, signal) => json(`v1/images/${id}/${path(pipeline)}?format=json`, { signal });

/** A pipeline as it stands in a path: text is decoded once before the grammar reads it. */
export const path = (pipeline) => pipeline.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=");

/** Run a picture through a pipeline. `request` holds pipeline and options, `pictures` second pictures by name.
 *  Resolves to the response's body as JSON or Blob, and the server's timings. */
export async function process(file, request, { pictures = {}, accept = "*/*", signal } = {}) {
  const form = new FormData();
  form.append("file", file, file.name || "picture");
  for (const [name, picture] of Object.entries(pictures)) form.append(name, picture, picture.name || name);
  form.append("request", JSON.stringify(request));
  const response = await ask("v1/process", { method: "POST", body: form, headers: { Accept: accept }, signal });
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  return { body: await (isJson ? response.json() : response.blob()), timings: timings(response) };
}

/** `Server-Timing` as pairs of a name and milliseconds. */
function timings(response) {
  const entries = (response.headers.get("Server-Timing") || "").split(",");
  return entries.map((entry) => [entry.split(";")[0].trim(), parseFloat((entry.match(/dur=([\d.]+)/) || [])[1])])
    .filter(([name, ms]) => name && ms >= 0);
}

/** Store a picture with progress from 0 to 1; what no request may hold goes to a signed URL. */
export async function store(file, { limit, onProgress, signal }) {
  if (file.size <= limit) {
    const form = new FormData();
    form.append("file", file, file.name || "picture");
    return send("POST", "v1/images", form, {}, onProgress, signal);
  }
  const order = { content_type: file.type, bytes: file.size, filename: file.name };
  const headers = { "Content-Type": "application/json" };
  const signed = await json("v1/uploads", { method: "POST", body: JSON.stringify(order), headers, signal });
  const url = signed.url.replace(/^\//, "");
  const stored = await send(signed.method, url, file, signed.headers, onProgress, signal);
  return { id: signed.id, ...stored };
}

/** fetch cannot tell how much it has sent, so this is an XMLHttpRequest. */
function send(method, url, body, headers, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
    request.onload = () => {
      let document = {};
      try { document = JSON.parse(request.responseText); } catch { /* a bucket answers XML */ }
      if (request.status >= 200 && request.status < 300) resolve(document);
      else reject(new Problem(request.status, document));
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

// The one place that speaks HTTP, by the client that others use too: client.js is clients/js/darkroom.js, word for word.
// Addresses are relative: a platform may serve the function below a path.

import { Darkroom, DarkroomError } from "./client.js";

const BASE = ".";
const darkroom = new Darkroom(BASE);

export const filters = () => ours(darkroom.filters());
export const models = () => ours(darkroom.models());
export const image = (id) => ours(darkroom.image(id));
export const original = async (id, signal) => (await ours(darkroom.original(id, { signal }))).blob;

/** What people are told where a program would be told to send a key. */
export const ENDED = "Your login has ended. Reload the page to log in again; if you do so in another tab, nothing here is lost.";
const ended = () => new DarkroomError(ENDED, { status: 401, problem: { title: "Logged out" } });
const ours = (asked) => asked.catch((error) => { throw error.status === 401 ? ended() : error; });

/** Whether the server was not reached, or went away in the middle. */
export const isLost = (error) => error instanceof DarkroomError && error.status === 0;

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new DarkroomError("The server cannot be reached.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw refused(response.status, problem);
}

const refused = (status, problem) => (status === 401 ? ended() : new DarkroomError(problem.detail || problem.title || `The server answered ${status}.`, { status, problem }));

/** What is in another page of this server, such as the next one of a list. A template makes no document, which is many objects. */
export async function page(url, signal) {
  const response = await ask(url, { signal });
  if (response.redirected && new URL(response.url).pathname.endsWith("/login")) {
    throw ended();
  }
  const held = document.createElement("template");
  held.innerHTML = await response.text();
  return held.content;
}

/** A file of this server. */
export const bytes = async (url, signal) => (await ask(url, { signal })).blob();

/** The answer of a pipeline that only looks at a stored picture. */
export const look = async (id, pipeline, signal) => (await ask(darkroom.renderURL(id, pipeline, { format: "json" }), { signal })).json();

/** The address of a stored picture through a pipeline, below this server's own. */
export const rendered = (id, pipeline, options) => (pipeline ? darkroom.renderURL(id, pipeline, options) : darkroom.originalURL(id)).slice(BASE.length + 1);

/** Run a picture through a pipeline. `request` holds pipeline and options, `pictures` second pictures by name.
 *  Resolves to the response's body as JSON or Blob, and the server's timings. */
export async function process(file, { pipeline, ...options }, { pictures = {}, accept = "*/*", signal } = {}) {
  const asking = new Darkroom(BASE, { fetch: (url, request) => fetch(url, { ...request, headers: { ...request.headers, Accept: accept } }) });
  const result = await ours(asking.process(file, pipeline, { pictures, ...options }, { signal }));
  return { body: result.type === "application/json" ? await result.json() : result.blob, timings: timings(result.headers) };
}

/** `Server-Timing` as pairs of a name and milliseconds. */
function timings(headers) {
  const entries = (headers.get("Server-Timing") || "").split(",");
  return entries.map((entry) => [entry.split(";")[0].trim(), parseFloat((entry.match(/dur=([\d.]+)/) || [])[1])])
    .filter(([name, ms]) => name && ms >= 0);
}

/** The address of the web socket that takes frames. */
export function streamURL() {
  const url = new URL("v1/stream", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

/** The answer to one frame, as it is sent. */
export const frame = (data, options, signal) =>
  ask(`v1/stream?${new URLSearchParams(options)}`, { method: "POST", body: data, headers: { "Content-Type": "image/jpeg" }, signal });

/** Store a picture with progress from 0 to 1; what no request may hold goes to a signed URL. */
export async function store(file, { limit = Infinity, onProgress = () => {}, signal } = {}) {
  const tell = ({ sent, total }) => onProgress(total ? sent / total : 0);
  if (file.size <= limit) return ours(darkroom.put(file, {}, { onProgress: tell, signal }));
  const order = { content_type: file.type, bytes: file.size, filename: file.name };
  const response = await ask("v1/uploads", { method: "POST", body: JSON.stringify(order), headers: { "Content-Type": "application/json" }, signal });
  return put(await response.json(), file, tell, signal);
}

/** fetch cannot tell how much it has sent, so this is an XMLHttpRequest. */
function put({ url, method, headers, id }, file, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url.replace(/^\//, ""));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => tell({ sent: loaded, total });
    request.onerror = () => reject(new DarkroomError("The server cannot be reached."));
    request.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
    request.onload = () => (request.status < 300 ? resolve({ id }) : reject(refused(request.status, request.response ?? {})));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

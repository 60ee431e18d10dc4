// How frames reach the server: by a web socket, or one request a frame where a platform passes no sockets on.

import * as api from "./api.js";

const NO_KEY = 4401;
/** Closes after which another attempt makes sense: the server restarts, or the connection broke. */
const AGAIN = new Set([1001, 1006, 1012]);

/** Opens a web socket. `on` has answer(said, picture), end(message, again) and never() where none can be opened. */
export function socket(options, on) {
  const line = new WebSocket(api.streamURL());
  line.binaryType = "blob";
  let isOpen = false, isOver = false, waiting = null;
  line.onopen = () => { isOpen = true; line.send(JSON.stringify(options)); on.ready(); };
  line.onmessage = ({ data }) => {
    if (typeof data !== "string") {
      const said = waiting;
      waiting = null;
      if (said) on.answer(said, data);
      return;
    }
    const said = JSON.parse(data);
    if (said.picture) waiting = said;
    else on.answer(said, null);
  };
  line.onclose = ({ code, reason }) => {
    if (isOver) return;
    isOver = true;
    if (isOpen) on.end(code === NO_KEY ? api.ENDED : reason || `The connection ended (${code}).`, AGAIN.has(code));
    else on.never();
  };
  return {
    name: "web socket",
    inFlight: 2,
    configure: (changed) => line.readyState === WebSocket.OPEN && line.send(JSON.stringify(changed)),
    send: (frame) => line.send(frame),
    close: () => { isOver = true; line.close(1000); },
  };
}

/** One request a frame: nothing is remembered between them, so objects keep no identity. */
export function requests(options, on) {
  const cancel = new AbortController();
  let current = { ...options }, seq = 0;
  queueMicrotask(on.ready);
  return {
    name: "single requests",
    inFlight: 1,
    configure: (changed) => { current = { ...current, ...changed }; },
    close: () => cancel.abort(),
    send: async (frame) => {
      const number = ++seq;
      try {
        on.answer(...(await parts(await api.frame(frame, current, cancel.signal), number)));
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.status === 401) on.end(error.message, false);
        else if (error.status > 0) on.answer({ seq: number, problem: error }, null);
        else on.end("The server cannot be reached.", true);
      }
    },
  };
}

/** What is said of the frame and its picture, of an answer in lines or in parts. */
async function parts(response, seq) {
  const type = response.headers.get("Content-Type") || "";
  if (!type.startsWith("multipart/")) return [{ ...JSON.parse(await response.text()), seq }, null];
  const bytes = new Uint8Array(await response.arrayBuffer()), found = [];
  for (let place = 0; place < bytes.length;) {
    const end = indexOf(bytes, [13, 10, 13, 10], place);
    if (end < 0) break;
    const head = new TextDecoder().decode(bytes.subarray(place, end)), length = Number(head.match(/content-length: (\d+)/i)?.[1] ?? 0);
    found.push(new Blob([bytes.subarray(end + 4, end + 4 + length)], { type: head.match(/content-type: (\S+)/i)?.[1] ?? "" }));
    place = end + 4 + length;
  }
  return [{ ...JSON.parse(await found[0].text()), seq }, found[1] ?? null];
}

function indexOf(bytes, wanted, start) {
  for (let place = start; place <= bytes.length - wanted.length; place++) {
    if (wanted.every((byte, offset) => bytes[place + offset] === byte)) return place;
  }
  return -1;
}

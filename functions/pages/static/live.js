// A camera or a video file, frame by frame: what is shown is the frame that was answered, with its own findings.
import { requests, socket } from "./live_transport.js";

const id = (name) => document.getElementById(name);
const screen = id("screen"), pen = screen.getContext("2d", { alpha: false }), video = id("video");
const HUES = [4, 200, 130, 42, 280, 170, 320, 90];
const WIDTH = 640, QUALITY = 0.8, INTERVAL = 1000 / 30, TRIES = 5;

const state = { line: null, flying: new Map(), sent: 0, trips: [], works: [], times: [], dropped: 0, tries: 0, isOn: false, shown: 0, scheduled: false };
const spare = [];

// --- the source ---

async function camera() {
  stop();
  say("Waiting for the camera …");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: WIDTH, height: 480, frameRate: 30 }, audio: false });
  } catch (error) {
    return say(error.name === "NotAllowedError" ? "The browser does not allow the camera on this page." : "There is no camera that can be used.");
  }
  begin();
}

function file() {
  const chosen = id("file").files[0];
  if (!chosen) return;
  stop();
  video.src = URL.createObjectURL(chosen);
  video.loop = true;
  begin();
}

async function begin() {
  try {
    await video.play();
  } catch {
    return say("The browser cannot play this video.");
  }
  Object.assign(state, { isOn: true, sent: 0, trips: [], works: [], times: [], dropped: 0, tries: 0, shown: 0 });
  id("stop").disabled = false;
  id("invitation").hidden = true;
  connect(socket);
  video.requestVideoFrameCallback ? video.requestVideoFrameCallback(onFrame) : requestAnimationFrame(onFrame);
}

function stop() {
  state.isOn = false;
  state.line?.close();
  state.line = null;
  forget();
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  if (video.src) URL.revokeObjectURL(video.src);
  video.removeAttribute("src");
  id("stop").disabled = true;
  number("transport", "–");
}

function onFrame() {
  if (!state.isOn) return;
  video.requestVideoFrameCallback ? video.requestVideoFrameCallback(onFrame) : requestAnimationFrame(onFrame);
  send();
}

// --- the line ---

const options = () => ({ pipeline: id("pipeline").value.trim(), answer: id("answer").value });

function connect(transport) {
  forget();
  state.sent = 0;
  let line = null;
  const mine = (act) => (...given) => { if (state.isOn && state.line === line) act(...given); };
  line = transport(options(), {
    ready: mine(() => { line.isReady = true; number("transport", line.name); say(transport === requests ? "This server's platform passes no web sockets on: frames are sent as single requests, and objects keep no identity." : ""); }),
    answer: mine(answered),
    never: mine(() => connect(requests)),
    end: mine((reason, again) => {
      if (!again || ++state.tries > TRIES) { stop(); say(reason); return; }
      say(`${reason} Trying again …`);
      forget();
      line.isReady = false;
      setTimeout(mine(() => connect(transport)), 500 * state.tries);
    }),
  });
  state.line = line;
}

/** A second frame may be under way only where a round trip takes longer than a frame lasts. */
function mayFly() {
  const trip = median(state.trips);
  return trip > INTERVAL ? Math.min(2, state.line.inFlight) : 1;
}

async function send() {
  const { line } = state;
  if (!line?.isReady || !video.videoWidth || state.flying.size + (state.encoding ?? 0) >= mayFly()) return;
  state.encoding = (state.encoding ?? 0) + 1;
  const canvas = spare.pop() ?? new OffscreenCanvas(WIDTH, 480);
  const height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
  if (canvas.width !== WIDTH || canvas.height !== height) Object.assign(canvas, { width: WIDTH, height });
  canvas.getContext("2d", { alpha: false }).drawImage(video, 0, 0, WIDTH, height);
  const frame = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  state.encoding -= 1;
  if (!state.isOn || state.line !== line || !line.isReady) return;
  state.flying.set(++state.sent, { canvas, began: performance.now() });
  line.send(frame);
}

function forget() {
  for (const { canvas } of state.flying.values()) spare.push(canvas);
  state.flying.clear();
}

function landed(seq) {
  const flown = state.flying.get(seq);
  state.flying.delete(seq);
  if (flown && spare.length < 3) spare.push(flown.canvas);
  return flown;
}

async function answered(said, picture) {
  for (const seq of said.dropped ?? []) landed(seq);
  state.dropped += said.dropped?.length ?? 0;
  if (said.problem) {
    landed(said.seq);
    return say(said.problem.detail);
  }
  const flown = state.flying.get(said.seq);
  if (!flown) return;
  state.tries = 0;
  note(state.trips, performance.now() - flown.began);
  note(state.works, said.ms);
  note(state.times, performance.now(), 60);
  const drawn = picture ? await createImageBitmap(picture) : flown.canvas;
  if (said.seq > state.shown || state.shown > state.sent) show(drawn, said);
  landed(said.seq);
  send();
}

// --- what is shown ---

function show(drawn, said) {
  state.shown = said.seq;
  if (screen.width !== drawn.width || screen.height !== drawn.height) Object.assign(screen, { width: drawn.width, height: drawn.height });
  pen.drawImage(drawn, 0, 0);
  const first = said.findings.frames?.[0] ?? said.findings, objects = first.objects ?? [];
  if (!(drawn instanceof ImageBitmap)) outline(objects, drawn.width / said.width, drawn.height / said.height);
  if (!state.scheduled) {
    state.scheduled = true;
    setTimeout(() => { state.scheduled = false; table(objects, first.tracks ?? {}); numbers(); }, 250);
  }
}

function outline(objects, across, down) {
  pen.lineWidth = 2;
  pen.font = "600 14px system-ui, sans-serif";
  for (const object of objects) {
    const [x, y, width, height] = [object.box[0] * across, object.box[1] * down, object.box[2] * across, object.box[3] * down];
    const text = [object.label.replaceAll("_", " "), object.track === undefined ? "" : `#${object.track}`].filter(Boolean).join(" ");
    const wide = pen.measureText(text).width + 8, top = Math.max(0, y - 19);
    pen.strokeStyle = `hsl(${HUES[object.class % HUES.length]} 95% 60%)`;
    pen.strokeRect(x, y, width, height);
    pen.fillStyle = "#000c";
    pen.fillRect(x, top, wide, 19);
    pen.fillStyle = "#fff";
    pen.fillText(text, x + 4, top + 14);
  }
}

function table(objects, tracks) {
  const now = new Map();
  for (const { label } of objects) now.set(label, (now.get(label) ?? 0) + 1);
  const labels = [...new Set([...Object.keys(tracks), ...now.keys()])].sort();
  id("found").replaceChildren(...labels.map((label) => {
    const row = document.createElement("tr");
    for (const [index, value] of [label, now.get(label) ?? 0, tracks[label] ?? "–"].entries()) {
      const cell = document.createElement("td");
      if (index) cell.className = "number";
      cell.textContent = value;
      row.append(cell);
    }
    return row;
  }));
  id("nothing").hidden = labels.length > 0;
  screen.setAttribute("aria-label", labels.length ? `Found now: ${labels.map((label) => `${now.get(label) ?? 0} ${label}`).join(", ")}` : "Nothing is found");
}

function numbers() {
  const span = (state.times.at(-1) - state.times[0]) / 1000;
  number("rate", span > 0 ? ((state.times.length - 1) / span).toFixed(1) : "–");
  number("trip", `${median(state.trips).toFixed(0)} ms`);
  number("work", `${median(state.works).toFixed(0)} ms`);
  number("dropped", state.dropped);
}

const number = (name, text) => { document.querySelector(`[data-number=${name}]`).textContent = text; };
const say = (text) => { if (id("status").textContent !== text) id("status").textContent = text; };
const note = (list, value, most = 30) => { list.push(value); if (list.length > most) list.shift(); };
const median = (list) => [...list].sort((one, other) => one - other)[list.length >> 1] ?? 0;

// --- controls ---

const asked = new URLSearchParams(location.search);
if (asked.has("pipeline")) id("pipeline").value = asked.get("pipeline");
if (asked.has("answer")) id("answer").value = asked.get("answer") === "findings" ? "findings" : "both";
id("controls").addEventListener("submit", (event) => event.preventDefault());
id("camera").addEventListener("click", camera);
id("stop").addEventListener("click", () => { stop(); say("Stopped."); });
id("file").addEventListener("change", file);
for (const name of ["pipeline", "answer"]) {
  id(name).addEventListener("change", () => { say(""); state.line?.configure(options()); });
}
addEventListener("pagehide", stop);

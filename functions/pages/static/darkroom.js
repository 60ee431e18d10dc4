// The Darkroom page: a picture, steps, and the result, put together from the modules beside this one.

import * as api from "./api.js";
import { chooser } from "./chooser.js";
import { element, overlay, tables } from "./findings.js";
import { parse, pipelineText } from "./pipeline.js";
import { plan } from "./plan.js";
import { Preview, SCREEN, whole } from "./preview.js";
import { recipes } from "./recipes.js";
import { snippets } from "./snippets.js";
import { State } from "./state.js";
import { Steps } from "./steps.js";
import { histogram, View } from "./view.js";
import { webcam } from "./webcam.js";

const SAMPLE = new URL("./samples/street.jpg", import.meta.url).href;
const root = document.querySelector(".builder"), config = JSON.parse(document.querySelector("#config").textContent);
const find = (selector) => root.querySelector(selector);
const pictures = {};
let file = null, ownUrl = "", isShown = true, models = [], language = "Pipeline";

const known = new Map((await api.filters()).map((one) => [one.name, one]));
const state = new State(known, config.presets);
const view = new View(find(".stage"));
const context = { models: ({ name }) => modelsOf(name), assets: () => config.assets.flatMap((name) => [name.replace(/\.(png|jpe?g|webp)$/, "")]), bring };
const steps = new Steps(find(".steps"), state, context);
const preview = new Preview(asked, { busy: (is) => view.frame.classList.toggle("busy", is), shown, failed });
const explained = plan(find(".how"), () => asked() && { ...asked(), format: state.now.format });
const openChooser = chooser(document.querySelector(".chooser"), [...known.values()], config, addStep);
const openCamera = webcam(document.querySelector(".webcam"), (still) => take(still, ""));

function modelsOf(step) {
  const task = { detect: "detect", faces: "faces", persons: "persons", segment: "segment", classify: "classify", attributes: "attributes" }[step];
  return models.filter((one) => one.task === task).map((one) => [one.name, one.state === "absent" ? `${one.name} (no weights here)` : one.name]);
}

/** A second picture from this device gets the name that the pipeline calls it by. */
function bring(picture) {
  const stem = picture.name.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 40).replace(/^[^A-Za-z0-9_]+/, "") || "picture";
  const name = /\.cube$/i.test(picture.name) ? `${stem}.cube` : stem;
  pictures[name] = picture;
  return name;
}

function addStep(one) {
  const added = state.numbered(parse(one.example, known));
  steps.unfold(added);
  state.change((next) => { next.steps.push(...added); });
  find(`li[data-id="${added.at(-1).id}"] .handle`)?.focus();
}

const text = () => pipelineText(state.now.steps, known);
const used = () => Object.fromEntries(Object.entries(pictures).filter(([name]) => state.now.steps.some((step) => Object.values(step.values).includes(name))));
const format = () => config.formats.find((one) => one.name === state.now.format);
const options = () => (state.now.quality && (!format() || format().quality) ? { quality: Number(state.now.quality) } : {});

function asked() {
  if (!file) return null;
  const chosen = format(), accept = chosen?.shown ? chosen.type : isShown && !chosen ? "*/*" : "image/png";
  return { file, pipeline: text(), options: options(), pictures: used(), accept };
}

function shown(answer) {
  find(".trouble").hidden = true;
  const { source, output } = answer, type = config.formats.find((one) => one.name === output.format)?.type ?? "image/png";
  view.after.addEventListener("load", () => histogram(find(".histogram"), view.after), { once: true });
  view.after.src = `data:${type};base64,${answer.image}`;
  find(".source .facts").textContent = `${source.width} × ${source.height} ${source.format.toUpperCase()}, ${size(source.bytes)}${source.frames > 1 ? `, ${source.frames} frames` : ""}`;
  view.looks = state.now.steps.some((step) => !step.off) && state.now.steps.every((step) => step.off || known.get(step.name)?.kind !== "filter");
  find(".told").textContent = answer.approximate ? `A preview at ${SCREEN} pixels: fine detail, bytes and positions are approximate; the download has full size.` : "";
  measured(answer);
  const parts = tables(answer.findings), isFound = parts.length > 0;
  find(".found").hidden = !isFound;
  find(".tables").replaceChildren(...parts);
  view.drawOver(isFound && find(".marks input").checked ? overlay(answer.findings, output) : null);
  view.found = isFound ? () => overlay(answer.findings, output) : null;
}

function measured({ source, output, timings, ms }) {
  const row = (name, value) => [element("dt", {}, name), element("dd", {}, value)];
  const facts = [["Size", `${source.width} × ${source.height} → ${output.width} × ${output.height}`], ["Bytes", `${size(source.bytes)} → ${size(output.bytes)} ${output.format.toUpperCase()}`], ["Round trip", `${ms.toFixed(0)} ms`]];
  const parts = timings.map(([name, took]) => [name, `${took.toFixed(1)} ms`]);
  find(".measured").replaceChildren(element("dl", {}, ...[...facts, ...parts].flatMap(([name, value]) => row(name, value))));
}

function failed(error) {
  const trouble = find(".trouble");
  trouble.replaceChildren(element("p", {}, element("strong", {}, error.title || "It did not work"), `: ${error.message}`));
  if (error.code) trouble.append(element("p", {}, element("a", { href: `docs#${error.code}` }, error.code)));
  trouble.hidden = false;
}

const size = (bytes) => (bytes == null ? "–" : bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);

/** Begin with another picture. */
async function take(picture, image) {
  file = picture;
  if (state.now.image !== image) state.change((next) => { next.image = image; });
  URL.revokeObjectURL(ownUrl);
  ownUrl = URL.createObjectURL(picture);
  view.before.src = ownUrl;
  isShown = await view.before.decode().then(() => true, () => false);
  preview.now();
  explained.now();
  if (!isShown) await showByServer(picture);
}

/** Browsers do not show every format that the server reads. */
async function showByServer(picture) {
  try {
    const request = { pipeline: `resize:${SCREEN},${SCREEN}`, format: "json", include: "image" };
    const { body } = await api.process(picture, request, { accept: "image/png" });
    if (picture === file) view.before.src = `data:image/png;base64,${body.image}`;
  } catch { /* the preview tells what is wrong */ }
}

function tellSnippets() {
  const chosen = format(), base = new URL("./", location.href).href, pipeline = text();
  const all = snippets({
    base, pipeline, format: chosen?.name ?? "", quality: options().quality ?? "", extension: chosen?.extension ?? extension(), file: file?.name || "picture.jpg",
    image: state.now.image, rendered: state.now.image ? api.rendered(state.now.image, pipeline, { format: chosen?.name, quality: options().quality }) : "", pictures: Object.fromEntries(Object.entries(used()).map(([name, one]) => [name, one.name])),
  });
  find(".snippets code").textContent = all[language];
}

/** A request without a format and with any Accept gets the picture's own where it can be written. */
const extension = () => config.formats.find((one) => one.type === file?.type)?.extension ?? "png";

function tabs() {
  for (const name of ["Pipeline", "curl", "Python", "Go", "JavaScript", "<img>"]) {
    const radio = element("input", { type: "radio", name: "language", value: name, ...(name === language ? { checked: "" } : {}) });
    radio.addEventListener("change", () => { language = name; tellSnippets(); });
    find(".tabs").append(element("label", {}, radio, element("span", {}, name)));
  }
  find(".copy").addEventListener("click", async () => {
    const told = find(".snippets .hint");
    try { await navigator.clipboard.writeText(find(".snippets code").textContent); told.textContent = "Copied."; } catch { told.textContent = "Select the text and copy it."; }
  });
}

function outputs() {
  const select = find(".format"), quality = find(".quality input");
  select.append(...config.formats.map((one) => element("option", { value: one.name }, one.name)));
  select.addEventListener("change", () => state.change((next) => { next.format = select.value; }));
  quality.addEventListener("input", () => quality.checkValidity() && state.change((next) => { next.quality = quality.value; }, "quality"));
  find(".download").addEventListener("click", () => act("Downloaded", async () => {
    const blob = await result(), link = element("a", { href: URL.createObjectURL(blob), download: `${stem()}.${config.formats.find((one) => one.type === blob.type)?.extension ?? "json"}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return `${link.download}, ${size(blob.size)}`;
  }));
  find(".keep").hidden = !config.store;
  find(".keep").addEventListener("click", () => act("Added to the gallery", async () => {
    const blob = await result(), name = `${stem()}.${config.formats.find((one) => one.type === blob.type)?.extension ?? "png"}`;
    await api.store(new File([blob], name, { type: blob.type }));
    return name;
  }));
  saving();
}

function saving() {
  const form = find(".save");
  form.hidden = !config.targets.length;
  form.elements.to.value = config.targets.length ? `${config.targets[0].replace(/\/?$/, "/")}result.${extension()}` : "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act("Saved", async () => (await api.process(file, { ...options(), pipeline: text(), to: form.elements.to.value, ...(format() ? { format: format().name } : {}) }, { pictures: used() })).body.url);
  });
}

const stem = () => `${(file?.name || "picture").replace(/\.[^.]*$/, "")}-darkroom`;
const result = () => whole({ file, pipeline: text(), options: options(), pictures: used(), format: state.now.format });

async function act(done, work) {
  const told = find(".saved");
  told.textContent = "Working…";
  try { told.textContent = `${done}: ${await work()}`; } catch (error) { told.textContent = ""; failed(error); }
}

/** Show what the state says; a form that is being changed is left alone. */
function show(what) {
  if (what === "steps") steps.draw();
  find(".none").hidden = state.now.steps.length > 0;
  find(".undo").disabled = !state.past.length;
  find(".redo").disabled = !state.future.length;
  find(".format").value = state.now.format;
  if (document.activeElement !== find(".quality input")) find(".quality input").value = state.now.quality;
  find(".quality").hidden = Boolean(format() && !format().quality);
  tellSnippets();
}

function controls() {
  const input = find(".file");
  find(".pick").addEventListener("click", () => input.click());
  input.addEventListener("change", () => { if (input.files.length) take(input.files[0], ""); input.value = ""; });
  find(".camera").addEventListener("click", openCamera);
  find(".sample").addEventListener("click", () => load(""));
  find(".add").addEventListener("click", openChooser);
  find(".undo").addEventListener("click", () => state.undo());
  find(".redo").addEventListener("click", () => state.redo());
  find(".marks input").addEventListener("change", (event) => view.drawOver(event.target.checked && view.found ? view.found() : null));
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input[type=text], input[type=search], input[type=number]")) return;
    event.preventDefault();
    if (event.shiftKey) state.redo();
    else state.undo();
  });
  addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  addEventListener("drop", (event) => { if (event.dataTransfer.files.length) { event.preventDefault(); take(event.dataTransfer.files[0], ""); } });
  addEventListener("paste", (event) => event.clipboardData.files.length && take(event.clipboardData.files[0], ""));
}

/** The picture of an id, or the sample. */
async function load(image) {
  try {
    const name = image ? (await api.image(image)).name || image : "street.jpg";
    const blob = image ? await api.original(image) : await api.bytes(SAMPLE);
    await take(new File([blob], name, { type: blob.type }), image);
  } catch (error) {
    failed(error);
  }
}

state.listen((what) => { show(what); preview.soon(); explained.soon(); });
controls();
tabs();
outputs();
recipes(find(".recipes"), config.presets, text, (pipeline) => state.change((next) => { next.steps = state.numbered(parse(pipeline, known, config.presets)); }));
if (state.now.steps.length <= 2) steps.unfold(state.now.steps);
show("steps");
root.hidden = false;
load(state.now.image);
models = await api.models().catch(() => []);
if (state.now.steps.some((step) => ["detect", "faces", "persons", "segment", "classify"].includes(step.name))) steps.draw();

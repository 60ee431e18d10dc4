// The gallery's enhancements: placeholders, an endless list that the back button returns to, and uploads.

import * as api from "./api.js";
import { placeholders } from "./blurhash.js";
import { Uploads } from "./upload.js";

const main = document.querySelector("main");
const grid = document.querySelector(".grid"); // the first page's; each further page is a grid of its own
const more = document.querySelector(".more");

placeholders(document);
endless();
let isNamed = false; // whether the drop-down has more than the names that came with the page
for (const kind of ["pointerenter", "focusin"]) document.querySelector(".names").addEventListener(kind, allNames);
const section = document.querySelector("#upload");
if (section) uploads();
for (const form of document.querySelectorAll(".query")) form.addEventListener("submit", leaveOutEmpty);

/** An address without empty fields is easier to share. */
function leaveOutEmpty(event) {
  const fields = [...event.target.elements].filter((field) => field.name && !field.value);
  fields.forEach((field) => { field.disabled = true; });
  addEventListener("pageshow", () => fields.forEach((field) => { field.disabled = false; }));
}

/** The page comes with the first names: who comes near the drop-down gets more of them. */
async function allNames() {
  if (isNamed) return;
  isNamed = true;
  const select = document.querySelector(".names select"), { value } = select;
  const fresh = await api.page(part(location.href, "names")).catch(() => null);
  if (!fresh) { isNamed = false; return; }
  select.replaceChildren(...fresh.querySelectorAll("option"));
  select.value = value;
  document.querySelector(".names span").textContent = fresh.querySelector("span").textContent;
}

/** The address of a part of a page of the gallery. */
function part(address, name) {
  const url = new URL(address);
  url.searchParams.set("part", name);
  return url.href;
}

/** How many pictures the list has, also where they are put away. */
function shown() {
  return [...main.querySelectorAll(".grid ~ .grid")].reduce((sum, list) => sum + kept.get(list).count, grid.children.length);
}

// Thousands of cards in the document make the browser's garbage collector hold the page for a tenth of a second and more:
// far from the window only their text is kept, and a box of their height.
const FAR = 4000; // pixels; what is nearer than 3000 may be drawn already
const kept = new WeakMap(); // the cards of each further page as text, and how many they are
const away = new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => (isIntersecting ? bring : put)(target)), { rootMargin: `${FAR}px` });

function put(list) {
  if (!list.isConnected || list.contains(document.activeElement)) return;
  list.classList.add("away");
  list.replaceChildren();
}

function bring(list) {
  if (!list.classList.contains("away")) return;
  list.innerHTML = kept.get(list).cards;
  list.classList.remove("away");
  placeholders(list);
}

/** Pages that are out of sight are not drawn, so their height is told; what stands below a list that goes on is not shown. */
function endless() {
  let height = 0;
  const measure = () => {
    const now = grid.children[0]?.offsetHeight ?? 0;
    if (now && now !== height) main.style.setProperty("--card", `${height = now}px`);
  };
  new ResizeObserver(measure).observe(grid);
  main.classList.toggle("goes-on", !more.hidden);
  const link = more.querySelector("a"), told = more.querySelector("[role=status]");
  let busy = false, restored = false;

  async function extend() {
    if (busy || more.hidden) return;
    busy = true;
    let failed = false;
    main.classList.add("goes-on");
    try {
      append(await api.page(part(link.href, "list")));
      told.textContent = "";
    } catch (error) {
      told.textContent = `${error.message} Choose “More pictures” to try again.`;
      watcher.disconnect();
      main.classList.remove("goes-on");
      failed = true;
    }
    busy = false;
    if (restored && !failed) look();
  }

  function append(next) {
    const list = document.adoptNode(next.querySelector(".grid")), following = next.querySelector(".more:not([hidden]) a");
    const begin = shown(), count = list.children.length;
    kept.set(list, { cards: list.innerHTML, count });
    list.style.setProperty("--cards", count);
    list.setAttribute("aria-label", `Pictures ${begin + 1} to ${begin + count}`);
    more.before(list);
    placeholders(list);
    away.observe(list);
    more.hidden = !following;
    main.classList.toggle("goes-on", Boolean(following));
    if (following) link.href = following.getAttribute("href");
    remember();
  }

  const remember = () => history.replaceState({ count: shown(), y: scrollY }, "");
  const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && extend(), { rootMargin: "600px" });
  // An observer tells of changes only: to a reader who is still, or again, near the end it would say nothing.
  const look = () => { watcher.unobserve(more); watcher.observe(more); };
  link.addEventListener("click", (event) => { event.preventDefault(); extend(); });
  addEventListener("pagehide", remember);
  restore(extend).then(() => { restored = true; look(); });
}

/** After coming back: as many pictures as there were, at the place where the reader was. */
async function restore(extend) {
  const state = history.state;
  if (!state?.count) return;
  for (let length = -1; shown() < state.count && shown() !== length;) {
    length = shown();
    await extend();
  }
  scrollTo(0, state.y);
}

function uploads() {
  const limits = { request: Number(main.dataset.requestLimit), upload: Number(main.dataset.uploadLimit) };
  const queue = new Uploads(section, limits, refresh);
  const form = section.querySelector("form"), input = form.querySelector("input[type=file]");
  const take = (files) => { if (files.length) queue.add([...files]); };
  form.addEventListener("submit", (event) => { event.preventDefault(); take(input.files); input.value = ""; });
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
  addEventListener("paste", (event) => take([...event.clipboardData.files]));
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) addEventListener(kind, (event) => dragged(event, take));
}

function dragged(event, take) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  section.classList.toggle("over", event.type === "dragenter" || event.type === "dragover");
  if (event.type === "drop") take(event.dataTransfer.files);
}

/** What the server shows now: new pictures, and new names in the drop-down. */
async function refresh() {
  const now = await api.page(location.href);
  for (const selector of [".grid", ".names"]) {
    const fresh = now.querySelector(selector), old = document.querySelector(selector);
    old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    old.hidden = fresh.hidden;
  }
  for (const further of document.querySelectorAll(".grid ~ .grid")) {
    away.unobserve(further);
    further.remove();
  }
  isNamed = false;
  more.hidden = now.querySelector(".more").hidden;
  more.querySelector("a").href = now.querySelector(".more a").getAttribute("href");
  document.querySelector(".empty")?.toggleAttribute("hidden", !grid.hidden);
  placeholders(grid);
}

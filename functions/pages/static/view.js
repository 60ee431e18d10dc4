// The original and the result: with a divider, side by side, or the result alone; zoomed; with a histogram.

const COLORS = ["#e0564a", "#45b06a", "#4f86e8"];

export class View {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector(".view");
    [this.before, this.after] = ["before", "after"].map((name) => this.frame.querySelector(`.${name} img`));
    this.divider = this.frame.querySelector(".divider");
    this.mode = root.querySelector(".mode");
    this.zoom = root.querySelector(".zoom");
    this.divider.addEventListener("input", () => this.cut());
    for (const one of [this.mode, this.zoom]) one.addEventListener("change", () => this.arrange());
    for (const one of [this.before, this.after]) one.addEventListener("load", () => this.arrange());
    this.arrange();
  }

  /** A divider makes sense only between pictures that differ and have one shape. `looks`: the steps change no pixel. */
  arrange() {
    const alike = sameShape(this.before, this.after), wanted = this.mode.value;
    const mode = wanted !== "divider" ? wanted : this.looks ? "result" : alike ? "divider" : "beside";
    this.frame.dataset.mode = mode;
    this.divider.hidden = mode !== "divider";
    const zoom = Number(this.zoom.value);
    this.frame.classList.toggle("zoomed", zoom > 0);
    for (const one of [this.before, this.after]) one.style.width = zoom ? `${(this.after.naturalWidth || one.naturalWidth) * zoom}px` : "";
    this.cut();
  }

  cut() {
    const part = this.frame.dataset.mode === "divider" ? this.divider.value : 0;
    this.frame.style.setProperty("--cut", `${part}%`);
  }

  drawOver(svg) {
    const box = this.after.parentElement;
    box.querySelector("svg")?.remove();
    if (svg) box.append(svg);
  }
}

const shape = (picture) => (picture.naturalHeight ? picture.naturalWidth / picture.naturalHeight : 0);
const sameShape = (one, other) => !shape(one) || !shape(other) || Math.abs(shape(one) / shape(other) - 1) < 0.01;

/** How many pixels of a picture have which value, for red, green and blue. */
export function histogram(canvas, picture) {
  const side = 256, small = new OffscreenCanvas(side, side), context = small.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side), counts = COLORS.map(() => new Float64Array(256));
  for (let at = 0; at < data.length; at += 4) if (data[at + 3]) counts.forEach((one, channel) => { one[data[at + channel]] += 1; });
  const pen = canvas.getContext("2d"), highest = Math.max(...counts.map((one) => [...one].sort((a, b) => b - a)[2])) || 1;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.globalAlpha = 0.55;
  counts.forEach((one, channel) => {
    pen.fillStyle = COLORS[channel];
    pen.beginPath();
    pen.moveTo(0, canvas.height);
    one.forEach((count, value) => pen.lineTo(value / 255 * canvas.width, canvas.height * (1 - Math.min(1, count / highest))));
    pen.lineTo(canvas.width, canvas.height);
    pen.fill();
  });
}

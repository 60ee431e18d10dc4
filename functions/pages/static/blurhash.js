// Placeholders: a BlurHash (https://github.com/woltapp/blurhash) drawn below a picture until it has loaded.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const SIDE = 24, MOST = 9; // pixels a side, and waves along one
const STEPS = 4096; // of light, in the table that encodes it

const number = (text) => [...text].reduce((value, digit) => value * 83 + DIGITS.indexOf(digit), 0);
const linear = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const encoded = (light) => 255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
const signed = (value) => Math.sign(value) * value * value;

// A page draws dozens at once: what they share is computed once, and sums of waves are taken first down, then across.
const COSINES = Float64Array.from({ length: SIDE * MOST }, (_, at) => Math.cos(Math.PI * Math.floor(at / MOST) * (at % MOST) / SIDE));
const BYTES = Uint8Array.from({ length: STEPS + 1 }, (_, at) => Math.round(encoded(at / STEPS)));

function waves(hash) {
  const flags = number(hash[0]), across = flags % 9 + 1, down = Math.floor(flags / 9) + 1;
  const largest = (number(hash[1]) + 1) / 166, mean = number(hash.slice(2, 6));
  const found = [linear(mean >> 16), linear((mean >> 8) & 255), linear(mean & 255)];
  for (let i = 1; i < across * down; i++) {
    const value = number(hash.slice(4 + 2 * i, 6 + 2 * i));
    for (const digit of [Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19]) found.push(signed((digit - 9) / 9) * largest);
  }
  return { across, down, found: Float64Array.from(found) };
}

/** The pixels of a hash, SIDE × SIDE, RGBA. */
export function decode(hash) {
  const { across, down, found } = waves(hash);
  const data = new Uint8ClampedArray(SIDE * SIDE * 4).fill(255), line = new Float64Array(across * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let at = 0; at < line.length; at++) {
      line[at] = 0;
      for (let j = 0; j < down; j++) line[at] += found[j * line.length + at] * COSINES[y * MOST + j];
    }
    for (let x = 0; x < SIDE; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let light = 0;
        for (let i = 0; i < across; i++) light += line[i * 3 + channel] * COSINES[x * MOST + i];
        data[(y * SIDE + x) * 4 + channel] = BYTES[Math.round(Math.max(0, Math.min(1, light)) * STEPS)];
      }
    }
  }
  return new ImageData(data, SIDE, SIDE);
}

/** Draw the placeholders of pictures that have not loaded yet. */
export function placeholders(root) {
  for (const frame of root.querySelectorAll("[data-hash]")) {
    const picture = frame.querySelector("img"), { hash, color } = frame.dataset;
    if (!picture || picture.complete) continue;
    if (/^.{6,}$/.test(hash)) draw(frame, picture, hash);
    else if (/^[0-9a-f]{6}$/.test(color)) frame.style.background = `#${color}`;
  }
}

function draw(frame, picture, hash) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").putImageData(decode(hash), 0, 0);
  frame.prepend(canvas);
  picture.addEventListener("load", () => canvas.remove(), { once: true });
}

// Placeholders: a BlurHash (https://github.com/woltapp/blurhash) drawn below a picture until it has loaded.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const SIDE = 24;

const number = (text) => [...text].reduce((value, digit) => value * 83 + DIGITS.indexOf(digit), 0);
const linear = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const encoded = (light) => {
  const value = Math.max(0, Math.min(1, light));
  return Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055));
};
const signed = (value) => Math.sign(value) * value * value;

function waves(hash) {
  const flags = number(hash[0]), across = flags % 9 + 1, down = Math.floor(flags / 9) + 1;
  const largest = (number(hash[1]) + 1) / 166, mean = number(hash.slice(2, 6));
  const found = [[linear(mean >> 16), linear((mean >> 8) & 255), linear(mean & 255)]];
  for (let i = 1; i < across * down; i++) {
    const value = number(hash.slice(4 + 2 * i, 6 + 2 * i));
    found.push([Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19].map((v) => signed((v - 9) / 9) * largest));
  }
  return { across, down, found };
}

/** The pixels of a hash, SIDE × SIDE, RGBA. */
export function decode(hash) {
  const { across, down, found } = waves(hash);
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const light = [0, 0, 0];
      for (let j = 0; j < down; j++) {
        for (let i = 0; i < across; i++) {
          const basis = Math.cos(Math.PI * x * i / SIDE) * Math.cos(Math.PI * y * j / SIDE);
          found[j * across + i].forEach((value, channel) => { light[channel] += value * basis; });
        }
      }
      data.set([...light.map(encoded), 255], (y * SIDE + x) * 4);
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

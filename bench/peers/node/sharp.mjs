// Plain sharp behind Node's own HTTP server: two processes, each with one thread of libvips.

import cluster from "node:cluster";
import http from "node:http";
import sharp from "sharp";

const [port, processes] = process.argv.slice(2).map(Number);
const sepia = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];
const makes = {
  "fit-512": (image) => image.resize(512, 512, { fit: "inside" }),
  "fit-800": (image) => image.resize(800, 800, { fit: "inside" }),
  "cover-400": (image) => image.resize(400, 400, { fit: "cover" }),
  "fit-200": (image) => image.resize(200, 200, { fit: "inside" }),
  four: (image) => image.resize(800, 800, { fit: "inside" }).recomb(sepia).linear(1.2, -25.6).sharpen({ sigma: 1 }),
  blur: (image) => image.blur(2.6),
  grey: (image) => image.grayscale(),
};
const writes = {
  jpeg: (image) => image.jpeg({ quality: 80 }),
  webp: (image) => image.webp({ quality: 80, effort: 4 }),
  gif: (image) => image.gif(),
  png: (image) => image.png(),
  avif: (image) => image.avif({ quality: 60, effort: 2 }),
};

if (cluster.isPrimary) {
  for (let number = 0; number < processes; number++) cluster.fork();
} else {
  sharp.concurrency(1);
  sharp.cache(false);
  http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const [operation, kind] = request.url.slice(1).split(".");
      const data = await writes[kind](makes[operation](sharp(Buffer.concat(parts), { animated: kind === "gif" }))).toBuffer();
      response.writeHead(200, { "Content-Type": `image/${kind}`, "Content-Length": data.length });
      response.end(data);
    });
  }).listen(port, "127.0.0.1");
}

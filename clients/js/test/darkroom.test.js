// Against a real server: DARKROOM_TEST_URL. The whole suite (tests/clients/test_js.py) starts one.
import assert from "node:assert/strict";
import { File } from "node:buffer";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { deflateSync } from "node:zlib";
import { Darkroom, DarkroomError, pipelineText, quote } from "../darkroom.js";

const BASE = process.env.DARKROOM_TEST_URL;
assert.ok(BASE, "DARKROOM_TEST_URL names no server");
const darkroom = new Darkroom(BASE);

/** A PNG of one colour. */
function png(width, height, red, green, blue) {
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([red, green, blue]))]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(Buffer.concat(Array(height).fill(row)));
  const chunks = [["IHDR", header], ["IDAT", data], ["IEND", Buffer.alloc(0)]].map(([name, body]) => {
    const named = Buffer.concat([Buffer.from(name), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc(named), 4);
    return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
  });
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...chunks]);
}

function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

const RED = png(40, 30, 200, 0, 0);

describe("process", () => {
  for (const [name, file] of [["bytes", RED], ["a Blob", new Blob([RED])], ["a File", new File([RED], "a.png")]]) {
    test(`takes ${name}`, async () => {
      const result = await darkroom.process(file, "resize:20", { format: "webp" });
      assert.equal(result.type, "image/webp");
      assert.ok(result.isPicture);
      assert.equal(Buffer.from(await result.bytes()).toString("latin1", 8, 12), "WEBP");
    });
  }

  test("takes steps as objects, and tells what they are", async () => {
    const told = await darkroom.inspect(RED, [{ filter: "resize", width: 20 }, { filter: "palette", colors: 2 }]);
    assert.deepEqual([told.output.width, told.output.height], [20, 15]);
    assert.match(told.pipeline, /^resize:20\/palette/);
  });

  test("takes second pictures", async () => {
    const result = await darkroom.process(RED, "watermark:logo", { pictures: { logo: png(4, 4, 0, 0, 200) }, format: "png" });
    assert.notDeepEqual(Buffer.from(await result.bytes()), RED);
  });

  test("makes several outputs", async () => {
    const outputs = [{ name: "small", pipeline: [{ filter: "resize", width: 10 }] }, { name: "grey", pipeline: "grayscale" }];
    const told = await (await darkroom.process(RED, "", { outputs, include: ["image"] })).json();
    assert.deepEqual(Object.keys(told.outputs), ["small", "grey"]);
    assert.equal(told.outputs.small.output.width, 10);
  });

  test("tells progress, in bytes that grow to all of them", async () => {
    const seen = [];
    const large = png(2000, 1500, 1, 2, 3);
    await darkroom.process(large, "resize:20", {}, { onProgress: (progress) => seen.push(progress) });
    assert.ok(seen.at(-1).total > large.length);
    assert.equal(seen.at(-1).sent, seen.at(-1).total);
    assert.ok(seen.every(({ sent }, at) => at === 0 || sent > seen[at - 1].sent));
  });

  test("ends when it is cancelled", async () => {
    const control = new AbortController();
    const sent = darkroom.process(RED, "blur", {}, { signal: control.signal });
    control.abort();
    await assert.rejects(sent, { name: "AbortError" });
  });
});

describe("a refusal", () => {
  test("has the members of the problem document", async () => {
    await assert.rejects(darkroom.process(RED, "blurr"), (error) => {
      assert.ok(error instanceof DarkroomError);
      assert.deepEqual([error.status, error.code, error.expected], [400, "unknown_filter", "blur"]);
      assert.match(error.detail, /Did you mean "blur"/);
      assert.ok(error.requestId);
      return true;
    });
  });

  test("without a server names no status", async () => {
    await assert.rejects(new Darkroom("http://127.0.0.1:9").version(), (error) => error instanceof DarkroomError && error.status === 0);
  });
});

describe("lists", () => {
  test("filters, one filter, presets, formats, models, version", async () => {
    const filters = await darkroom.filters();
    assert.ok(filters.length > 50);
    assert.equal((await darkroom.filter("blur")).parameters.properties.kernel.maximum, 99);
    assert.ok((await darkroom.presets()).some(({ name }) => name === "thumbnail"));
    assert.ok((await darkroom.formats()).some(({ name, writes }) => name === "webp" && writes));
    assert.ok((await darkroom.models()).some(({ name }) => name === "shapes"));
    assert.equal((await darkroom.version()).name, "darkroom");
  });
});

describe("stored pictures", () => {
  test("are put, found, rendered by the URL, and removed", async () => {
    const row = await darkroom.put(RED, { name: "a red one" });
    assert.deepEqual([row.name, row.width, row.height], ["a red one", 40, 30]);
    assert.ok((await darkroom.images({ min_width: 40, max_width: 40 })).images.some(({ id }) => id === row.id));
    assert.equal((await darkroom.image(row.id)).sha256, row.sha256);
    assert.deepEqual(Buffer.from(await (await darkroom.original(row.id)).bytes()), RED);
    const rendered = await fetch(darkroom.renderURL(row.id, [{ filter: "text", text: "a/b, 50 %" }], { format: "webp" }));
    assert.deepEqual([rendered.status, rendered.headers.get("content-type")], [200, "image/webp"]);
    assert.equal((await fetch(darkroom.originalURL(row.id))).status, 200);
    await darkroom.remove(row.id);
    await assert.rejects(darkroom.image(row.id), { status: 404 });
  });
});

describe("texts", () => {
  for (const [steps, text] of [
    ["blur:15/sepia", "blur:15/sepia"],
    [[], ""],
    [[{ filter: "sepia" }], "sepia"],
    [[{ filter: "detect", classes: ["a b", "c"], score: 0.5, model: undefined }], "detect:classes=a%20b+c,score=0.5"],
    [[{ filter: "rotate", degrees: 30, expand: false }, { filter: "flip" }], "rotate:degrees=30,expand=false/flip"],
  ]) {
    test(`of ${JSON.stringify(steps)}`, () => assert.equal(pipelineText(steps), text));
  }

  test("values are quoted", () => assert.equal(quote("a/b,c=d+e% f\n"), "a%2Fb%2Cc%3Dd%2Be%25%20f%0A"));

  test("addresses of renders", () => {
    const there = new Darkroom("https://photos.example/base/");
    assert.equal(
      there.renderURL("gs://bucket/a folder/ä.jpg", "resize:800,600/text:a%2Fb", { format: "webp", quality: 70 }),
      "https://photos.example/base/v1/render/resize:800,600/text:a%252Fb/-/gs/bucket/a%20folder/%C3%A4.jpg?format=webp&quality=70",
    );
    assert.equal(new Darkroom(".").originalURL("0".repeat(32)), `./v1/images/${"0".repeat(32)}/original`);
    assert.throws(() => there.renderURL("a.jpg", "sepia"), TypeError);
    assert.throws(() => there.renderURL("0".repeat(32), ""), TypeError);
  });
});

describe("a busy server", () => {
  let server;
  let base;
  const asked = [];
  const answers = { "/v1/version": [[429, { "Retry-After": "0" }], [200, {}]], "/v1/formats": [[429, { "Retry-After": "3600" }]],
    "/v1/models": [[503, {}, { code: "model_absent" }]] };

  before(async () => {
    server = createServer((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      const [status, headers, body = { detail: "busy", code: "queue_full" }] = answers[request.url].shift();
      response.writeHead(status, { "Content-Type": status === 200 ? "application/json" : "application/problem+json", ...headers });
      response.end(JSON.stringify(body));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());

  test("is asked again when it says so, with the key", async () => {
    await new Darkroom(base, { key: "dk_secret" }).version();
    assert.deepEqual(asked.filter(([path]) => path === "/v1/version"), Array(2).fill(["/v1/version", "Bearer dk_secret"]));
  });

  test("is not waited for an hour", () => assert.rejects(new Darkroom(base).formats(), { status: 429, retryAfter: 3600 }));

  test("is not asked again for what does not change", () => assert.rejects(new Darkroom(base).models(), { code: "model_absent" }));
});

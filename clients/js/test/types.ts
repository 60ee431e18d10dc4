// Compiled, never run: what the types must allow and refuse.
import { Darkroom, DarkroomError, type Filter, type ImagePage, type Result } from "../darkroom.js";

const darkroom = new Darkroom("http://127.0.0.1:8080", { key: "dk_…", retries: 1 });
const result: Result = await darkroom.process(new Blob(), [{ filter: "resize", width: 800 }], { format: "webp", quality: 70 }, {
  signal: AbortSignal.timeout(1000),
  onProgress: ({ sent, total }) => console.log(sent / total),
});
const page: ImagePage = await darkroom.images({ min_width: 1920, label: "person", cursor: null });
const filters: Filter[] = await darkroom.filters();
const score: number | undefined = (await darkroom.inspect("gs://bucket/a.jpg", "detect")).findings.objects?.[0]?.score;
const address: string = darkroom.renderURL(page.images[0].id, "sepia");
try {
  await darkroom.remove("0");
} catch (error) {
  if (error instanceof DarkroomError) console.log(error.code, error.status, result.type, filters, score, address);
}
// @ts-expect-error: a picture is no number
await darkroom.process(7);
// @ts-expect-error: a step has a filter
await darkroom.process(new Blob(), [{ width: 3 }]);

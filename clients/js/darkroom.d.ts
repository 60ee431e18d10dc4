/** A picture to send: a file of a form, bytes, or an address such as `gs://bucket/key` or `https://host/a.jpg`. */
export type Picture = Blob | ArrayBuffer | ArrayBufferView | string;
/** A second picture, or one to store. */
export type Bytes = Blob | ArrayBuffer | ArrayBufferView;
export type Value = string | number | boolean;
/** A step with its parameters beside it, such as `{filter: "resize", width: 800}`. */
export interface Step {
  filter: string;
  [parameter: string]: Value | readonly Value[] | null | undefined;
}
/** Text, such as `resize:800/sepia`, or steps. */
export type Pipeline = string | readonly Step[];

export interface EncodeOptions {
  /** `jpeg`, `png`, `webp`, `avif`, … or `json`; without it the server chooses. */
  format?: string;
  /** 1 to 100. */
  quality?: number;
  lossless?: boolean;
  progressive?: boolean;
  /** 0 fastest, 10 smallest. */
  effort?: number;
  chroma?: "420" | "422" | "444";
  /** Most colours of a PNG, 2 to 256. */
  colors?: number;
  /** Mix the colours of a PNG. */
  dither?: boolean;
  /** WebP whose colours keep edges. */
  sharp?: boolean;
  /** 0 to 100: lossless WebP of pixels changed a little. */
  near_lossless?: number;
  background?: string;
  keep?: string | readonly string[];
  max_bytes?: number;
  findings?: string;
  /** Where the result is stored, instead of being returned. */
  to?: string;
}
export interface Output extends EncodeOptions {
  name: string;
  pipeline?: Pipeline;
}
export interface ProcessOptions extends EncodeOptions {
  include?: string | readonly string[];
  /** Second pictures by the names that steps give them. */
  pictures?: Record<string, Bytes>;
  /** Several results of one picture. */
  outputs?: readonly Output[];
}
export interface Progress {
  /** Bytes of the body that are sent, and all of them. */
  sent: number;
  total: number;
}
export interface How {
  signal?: AbortSignal;
}
export interface HowToSend extends How {
  onProgress?: (progress: Progress) => void;
}

export interface Found {
  label: string;
  class: number;
  score: number;
  /** x, y, width and height in pixels, from the upper left corner. */
  box: [number, number, number, number];
  quad?: [number, number][];
  keypoints?: { name: string; x: number; y: number; score: number }[];
  /** What further models tell of it: a value, or a label with its score. */
  attributes?: { name: string; value?: number; label?: string; score?: number; model: string }[];
  /** What a code says, and its bytes where they are not the text's in UTF-8. */
  text?: string;
  base64?: string;
  model: string;
}
export interface Findings {
  objects?: Found[];
  labels?: { label: string; class: number; score: number; model: string }[];
  segments?: { model: string; labels: string[]; share: Record<string, number>; map?: string }[];
  counts?: Record<string, number>;
  measures?: Record<string, unknown>;
  frames?: (Findings & { index: number; ms: number })[];
}
export interface Answer {
  source: { format: string; width: number; height: number; bytes: number; frames: number; url?: string; version?: string };
  output: { format: string; width: number; height: number; bytes: number | null; frames: number };
  findings: Findings;
  pipeline: string;
  digest: string;
  image?: string;
  url?: string;
  [member: string]: unknown;
}
export interface ImageRow {
  id: string;
  name: string;
  source: string;
  width: number;
  height: number;
  format: string;
  bytes: number;
  sha256: string;
  added: string;
  taken?: string | null;
  camera?: string | null;
  labels?: string[];
  distance?: number;
  [member: string]: unknown;
}
export interface ImagePage {
  images: ImageRow[];
  next: string | null;
}
export interface Filter {
  name: string;
  kind: "filter" | "measure" | "vision";
  needs: ("pictures" | "findings" | "model")[];
  summary: string;
  description?: string;
  family: string;
  /** JSON Schema of an object. */
  parameters: Record<string, any>;
  example: string;
  aliases?: string[];
}
export interface Preset {
  name: string;
  pipeline: string;
}
export interface Format {
  name: string;
  media_type: string;
  extensions: string[];
  reads: boolean;
  writes: boolean;
  animates: boolean;
  alpha: boolean;
  options: Record<string, any>;
}
export interface Model {
  name: string;
  title: string;
  task: "detect" | "faces" | "persons" | "segment" | "classify";
  state: "absent" | "cached" | "loading" | "ready" | "failed";
  bytes: number;
  licence: string;
  source: string;
  labels?: string[];
  [member: string]: unknown;
}

/** The server refused, did not answer, or what it answered is not Darkroom's. */
export class DarkroomError extends Error {
  /** 0 if there was no response. */
  readonly status: number;
  /** For programs, such as `bad_parameter`; empty if the response was not a problem document. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly parameter: string | null;
  readonly expected: string | null;
  readonly got: string | null;
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | null;
  readonly requestId: string | null;
  readonly problem: Record<string, unknown>;
}

export class Result {
  readonly blob: Blob;
  /** The media type, without parameters. */
  readonly type: string;
  readonly headers: Headers;
  readonly isPicture: boolean;
  json(): Promise<any>;
  bytes(): Promise<ArrayBuffer>;
}

export interface Connection {
  key?: string | null;
  fetch?: typeof fetch;
  /** How often to try again while the server is busy; 3 by default. */
  retries?: number;
}

export class Darkroom {
  constructor(base?: string, connection?: Connection);
  process(file: Picture, pipeline?: Pipeline, options?: ProcessOptions, how?: HowToSend): Promise<Result>;
  inspect(file: Picture, pipeline?: Pipeline, options?: ProcessOptions, how?: HowToSend): Promise<Answer>;
  images(query?: Record<string, Value | null | undefined>, how?: How): Promise<ImagePage>;
  image(id: string, how?: How): Promise<ImageRow>;
  put(file: Bytes, about?: { name?: string }, how?: HowToSend): Promise<ImageRow>;
  remove(id: string, how?: How): Promise<void>;
  original(id: string, how?: How): Promise<Result>;
  filters(how?: How): Promise<Filter[]>;
  filter(name: string, how?: How): Promise<Filter>;
  presets(how?: How): Promise<Preset[]>;
  formats(how?: How): Promise<Format[]>;
  models(how?: How): Promise<Model[]>;
  model(name: string, how?: How): Promise<Model>;
  loadModel(name: string, how?: How): Promise<Model>;
  unloadModel(name: string, how?: How): Promise<Model>;
  version(how?: How): Promise<Record<string, string>>;
  renderURL(source: string, pipeline: Pipeline, options?: EncodeOptions): string;
  originalURL(id: string): string;
}

/** A value with the grammar's own characters written %XX. */
export function quote(value: Value): string;
/** The text of a pipeline. */
export function pipelineText(pipeline: Pipeline): string;

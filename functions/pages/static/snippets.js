// The pipeline for other programs: what is shown here is run by a test, word for word.

const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const string = (text) => JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The texts by their names. `about` has base, pipeline, format, quality, extension, file, image and pictures. */
export function snippets(about) {
  const query = new URLSearchParams({ pipeline: about.pipeline });
  if (about.format) query.set("format", about.format);
  if (about.quality) query.set("quality", about.quality);
  const url = `${about.base}v1/process?${query}`, out = `result.${about.extension}`;
  return { Pipeline: about.pipeline, curl: curl(url, out, about), Python: python(url, out, about), Go: go(url, out, about), JavaScript: javascript(url, out, about), "<img>": img(about) };
}

const parts = ({ file, pictures }) => [["file", file], ...Object.entries(pictures)];

function curl(url, out, about) {
  const forms = parts(about).map(([name, file]) => `-F ${shell(`${name}=@${file}`)}`).join(" ");
  return `curl --fail-with-body ${forms} ${shell(url)} -o ${out}`;
}

function python(url, out, about) {
  const files = parts(about).map(([name, file]) => `${string(name)}: open(${string(file)}, "rb")`).join(", ");
  return `import httpx

response = httpx.post(
    ${string(url)},
    files={${files}},
    timeout=60,
)
response.raise_for_status()
with open("${out}", "wb") as result:
    result.write(response.content)`;
}

function go(url, out, about) {
  const files = parts(about).map(([name, file]) => `{${string(name)}, ${string(file)}}`).join(", ");
  return `package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
)

func main() {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, part := range [][2]string{${files}} {
		data, err := os.ReadFile(part[1])
		check(err)
		field, err := form.CreateFormFile(part[0], part[1])
		check(err)
		_, err = field.Write(data)
		check(err)
	}
	check(form.Close())
	response, err := http.Post(${string(url)}, form.FormDataContentType(), &body)
	check(err)
	result, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != http.StatusOK {
		check(fmt.Errorf("%s: %s", response.Status, result))
	}
	check(os.WriteFile("${out}", result, 0o644))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}`;
}

function javascript(url, out, about) {
  const appends = parts(about).map(([name, file]) => `form.append(${string(name)}, new Blob([await readFile(${string(file)})]), ${string(file)});`).join("\n");
  return `// Node 18 or newer; in a browser, append the File of an <input type="file">.
import { readFile, writeFile } from "node:fs/promises";

const form = new FormData();
${appends}
const response = await fetch(${string(url)}, { method: "POST", body: form });
if (!response.ok) throw new Error(await response.text());
await writeFile("${out}", Buffer.from(await response.arrayBuffer()));`;
}

const attribute = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

function img({ base, image, rendered, pictures }) {
  if (!image) return "An <img> needs a picture of the gallery: open one there, and choose “Open in the Darkroom”.";
  if (Object.keys(pictures).length) return "An <img> cannot bring a second picture along; name one that the server has.";
  return `<img src="${attribute(base + rendered)}" alt="">`;
}

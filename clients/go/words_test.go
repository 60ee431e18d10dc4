package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	oneModel  = `{"name": "n/1", "title": "Sees", "task": "faces", "state": "absent", "bytes": 1048576, "memory": 0, "licence": "MIT", "source": "here", "labels": ["a", "b"], "latency_ms": null, "runs": 0, "reason": null}`
	oneImage  = `{"id": "abc", "name": "a.jpg", "source": "s", "width": 4, "height": 3, "format": "jpeg", "bytes": 1500, "sha256": "0f", "added": "2026-01-02T03:04:05Z", "taken": null, "camera": null, "labels": []`
	oneStep   = `{"filters": [{"name": "blur", "kind": "filter", "summary": "Softens.", "example": "blur:15", "needs": [], "parameters": {"type": "object", "properties": {"zeta": {"type": "integer", "minimum": 1, "maximum": 99, "default": 15, "description": "Side"}, "alpha": {"enum": ["x", "y"], "default": "x", "description": "Which"}, "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "description": "Or not"}}, "required": []}}]}`
	oneFormat = `{"formats": [{"name": "jpeg", "media_type": "image/jpeg", "extensions": [".jpg", ".jpeg"], "reads": true, "writes": true, "animates": false, "alpha": false, "options": {"quality": {"type": "integer"}, "chroma": {"enum": ["444"]}}}]}`
	onePlan   = `{"pipeline": "resize:500/sepia", "format": "webp", "rules": [{"rule": "shrink", "did": "decoded at 1/4"}], "decoding": {"scale": 4, "width": 1000, "height": 750, "channels": 3, "ms": 12.34}, "steps": [{"step": "resize+sepia", "width": 500, "height": 375, "channels": 3, "ms": 1.06, "mib": 2.1}], "encoding_ms": 9.96, "frames": 2, "ms": 23.4, "mib": 4.6}`
	oneFound  = `"output": {"format": "png", "width": 40, "height": 30}, "findings": {"objects": [{"label": "dog", "class": 1, "score": 0.876, "box": [1.4, 2, 3.6, 4], "model": "m"}]}`
)

// shop is a server that knows one of everything, and notes what it was asked.
func shop(t *testing.T) (address string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	answers := map[string]string{
		"GET /v1/models": `{"models": [` + oneModel + `]}`, "GET /v1/models/n%2F1": oneModel,
		"POST /v1/models/n%2F1/load": strings.Replace(oneModel, "absent", "ready", 1),
		"GET /v1/images":             `{"images": [` + oneImage + `}], "next": "c2"}`, "GET /v1/images/abc": oneImage + `}`,
		"POST /v1/images": oneImage + `}`, "GET /v1/images/abc/original": "the bytes", "DELETE /v1/images/abc": "",
		"GET /v1/version": `{"name": "darkroom", "deep": true}`, "GET /v1/filters": oneStep, "GET /v1/formats": oneFormat, "POST /v1/process": `{` + oneFound + `}`,
	}
	address = serve(t, func(reply http.ResponseWriter, request *http.Request) {
		key := request.Method + " " + request.URL.EscapedPath()
		note := key + "?" + request.URL.RawQuery + " " + request.Header.Get("Authorization")
		if request.ParseMultipartForm(1<<20) == nil {
			note += " " + request.FormValue("request")
		}
		*asked = append(*asked, note)
		text, known := answers[key]
		if request.URL.Query().Get("explain") == "true" {
			text = onePlan
		}
		if strings.Contains(note, `"outputs"`) {
			image := base64.StdEncoding.EncodeToString([]byte("drawn"))
			text = fmt.Sprintf(`{"outputs": {"drawn": {%s, "image": %q}}}`, oneFound, image)
		}
		reply.Header().Set("Content-Type", jsonType)
		if !known {
			reply.WriteHeader(http.StatusNotFound)
			text = `{"detail": "There is none.", "code": "not_found"}`
		} else if request.Method == http.MethodDelete {
			reply.WriteHeader(http.StatusNoContent)
		} else if key == "POST /v1/images" {
			reply.WriteHeader(http.StatusCreated)
		}
		_, _ = io.WriteString(reply, text)
	})
	return address, asked
}

func TestWords(t *testing.T) {
	cases := []struct {
		id     string
		words  string
		code   int
		stdout string // a part
		stderr string // a part
		asked  string // a part of the last request
	}{
		{"models", "models", 0, "name  task   state   MiB  licence\nn/1   faces  absent  1.0  MIT\n", "", "GET /v1/models?"},
		{"a model", "models n/1", 0, "labels   a, b (2)\n\nfetch it:  darkroom models load n/1\n", "", "GET /v1/models/n%2F1"},
		{"loaded", "models load n/1", 0, "", "n/1 is ready (1.0 MiB).\n", "POST /v1/models/n%2F1/load"},
		{"no such model", "models other", exitRefused, "", "There is none. (code: not_found)", ""},
		{"two models", "models a b", exitUsage, "", "one model at a time", ""},
		{"load what", "models load", exitUsage, "", "which model?", ""},
		{"filters", "filters", 0, "blur  filter  Softens.\n\nDetails:  darkroom filters NAME\n", "", "GET /v1/filters"},
		{"a filter", "filters blur", 0, "zeta       15       integer from 1 to 99  Side\nalpha      x        x | y                 Which\nmaybe               string or null        Or not\n\ntry:  darkroom run blur:15 photo.jpg\n", "", ""},
		{"no such filter", "filters blurr", exitUsage, "", `there is no filter "blurr"`, ""},
		{"formats", "formats", 0, "format  files        read  written  animated  alpha  options\njpeg    .jpg, .jpeg  yes   yes      no        no     quality, chroma\n\nOptions go with -O KEY=VALUE; quality is -q.\n", "", "GET /v1/formats"},
		{"no such command", "rum sepia one.jpg", exitUsage, "", `"rum" is none of the commands (completions, detect, `, ""},
		{"formats of what", "formats jpeg", exitUsage, "", "takes no arguments", ""},
		{"explain", "explain resize:500/sepia one.jpg -f webp", 0, "step           size          ms\ndecode at 1/4  1000×750×3  12.3\nresize+sepia   500×375×3    1.1\nencode webp                10.0\nshrink: decoded at 1/4\n\nabout 23.4 ms of one core, 5 MiB, 2 frames\n", "", "POST /v1/process?explain=true&format=webp&pipeline=resize%3A500%2Fsepia"},
		{"explain as JSON", "explain sepia one.jpg --json", 0, `{"pipeline":"resize:500/sepia","format":"webp","rules":[{`, "", "explain=true&pipeline=sepia"},
		{"explain at an address", "explain sepia gs://b/a.jpg", 0, "decode at 1/4", "", "source=gs%3A%2F%2Fb%2Fa.jpg"},
		{"explain nothing", "explain sepia", exitUsage, "", "explain needs a pipeline and a picture", ""},
		{"explain none", "explain sepia none.jpg", exitFile, "", "there is no file none.jpg\n", ""},
		{"completions of what", "completions", exitUsage, "", "bash, zsh or fish", ""},
		{"completions of another", "completions ksh", exitUsage, "", "bash, zsh or fish", ""},
		{"images", "images list format=jpeg", 0, "abc  a.jpg  jpeg        4       3   2  2026-01-02 03:04\n\nmore:  darkroom images list format=jpeg cursor=c2\n", "", "GET /v1/images?format=jpeg"},
		{"images as JSON", "images list --json", 0, `{"id":"abc","name":"a.jpg","source":"s","width":4,"height":3,"format":"jpeg","bytes":1500,"sha256":"0f","added":"2026-01-02T03:04:05Z","taken":null,"camera":null,"labels":[],"distance":null}` + "\n", "", ""},
		{"similar", "images similar abc limit=2", 0, "abc", "", "limit=2&similar_to=abc"},
		{"put", "images put one.jpg tree/a.jpg", 0, "abc", "", "POST /v1/images?name=a.jpg"},
		{"put some", "images put none.jpg one.jpg", exitSomeFailed, "abc", "none.jpg:\ndarkroom: there is no file", ""},
		{"put none", "images put none.jpg", exitFile, "", "there is no file", ""},
		{"get", "images get abc", 0, "width    4\n", "", "GET /v1/images/abc?"},
		{"get bytes", "images get abc -o -", 0, "the bytes", "", "GET /v1/images/abc/original"},
		{"get over", "images get abc -o one.jpg", exitFile, "", "already exists: --force", ""},
		{"rm", "images rm abc", 0, "", "", "DELETE /v1/images/abc"},
		{"rm some", "images rm abc other", exitSomeFailed, "", "There is none.", ""},
		{"no verb", "images", exitUsage, "", "list, put, get, rm or similar", ""},
		{"not a pair", "images list x", exitUsage, "", "not KEY=VALUE", ""},
		{"-o elsewhere", "images list -o x", exitUsage, "", "-o is for `darkroom images get`", ""},
		{"detect", "detect one.jpg", 0, "one.jpg, 40 × 30\nlabel  score  x  y  width  height\ndog     0.88  1  2      4       4\ndog 1\n", "", "format=json&pipeline=detect"},
		{"detect two", "detect one.jpg tree/a.jpg -j 1", 0, "dog 1\n\ntree/a.jpg", "", ""},
		{"detect as JSON", "detect one.jpg --json", 0, `{"input":"one.jpg","width":40,"height":30,"objects":[{"label":"dog"`, "", ""},
		{"what to detect", "detect one.jpg --task faces --model m/1 --classes a,b+c --score 0.5", 0, "", "", "pipeline=" + url.QueryEscape("faces:model=m%2F1,classes=a+b%2Bc,score=0.5")},
		{"at an address", "detect gs://b/a.jpg", 0, "gs://b/a.jpg, 40", "", "source=gs%3A%2F%2Fb%2Fa.jpg"},
		{"drawn", "detect one.jpg -draw seen.webp", 0, "dog 1", "Saved seen.webp\n", `"pipeline":"detect/draw"`},
		{"drawn over", "detect one.jpg -draw tree/a.jpg", exitFile, "", "already exists: --force", ""},
		{"drawn to stdout", "detect one.jpg -draw -", exitUsage, "", "stdout is for the findings", ""},
		{"no such task", "detect one.jpg -task x", exitUsage, "", "-task is one of", ""},
		{"wrong score", "detect one.jpg -score 2", exitUsage, "", "-score is a number from 0 to 1", ""},
		{"nothing to detect", "detect", exitUsage, "", "detect needs a picture", ""},
		{"help", "models -help", 0, "usage: darkroom models [flags] [load | unload] [NAME]\n", "", ""},
		{"help of help", "help models", 0, "usage: darkroom models", "", ""},
		{"help in between", "run sepia --help", 0, "-o, --output OUT", "", ""},
		{"seconds", "models --timeout 9.5", 0, "n/1", "", ""},
		{"no seconds", "models --timeout 0", exitUsage, "", "expected seconds above 0", ""},
		{"no number", "models --retries -1", exitUsage, "", "expected a whole number from 0", ""},
		{"version", "version", 0, "client  " + version + "\nserver  name darkroom, deep yes\n", "", "GET /v1/version"},
		{"version of what", "version x", exitUsage, "", "takes no arguments", ""},
		{"unknown flag", "filters --fromat x", exitUsage, "", "fromat", ""},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			address, asked := shop(t)
			here(t, tree)
			t.Setenv("DARKROOM_SERVER", address)
			t.Setenv("DARKROOM_KEY", "secret-key")
			got := call(strings.Fields(c.words)...)
			if got.code != c.code || !strings.Contains(got.stdout, c.stdout) || !strings.Contains(got.stderr, c.stderr) {
				t.Fatalf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
			}
			if c.asked != "" && (len(*asked) == 0 || !strings.Contains((*asked)[len(*asked)-1], c.asked)) {
				t.Errorf("asked %q, want %q in it", *asked, c.asked)
			}
			if i := slices.IndexFunc(*asked, func(note string) bool { return !strings.Contains(note, "Bearer secret-key") }); i >= 0 {
				t.Errorf("no key in %q", (*asked)[i])
			}
		})
	}
}

func TestDrawnFiles(t *testing.T) {
	for draw, made := range map[string][]string{
		"out/":            {"out/a.png", "out/sub/b.png"},
		"seen-{stem}.png": {"seen-a.png", "seen-b.png"},
	} {
		address, _ := shop(t)
		dir := here(t, tree)
		got := call("detect", "tree", "-draw", draw, "-server", address, "-force")
		if got.code != exitDone {
			t.Fatalf("exit %d, stderr %q", got.code, got.stderr)
		}
		found := files(t, dir)
		for _, name := range made {
			if found[filepath.ToSlash(name)] != "drawn" {
				t.Errorf("%s holds %q", name, found[name])
			}
		}
	}
}

func TestAnimationsAndMaps(t *testing.T) {
	for _, c := range []struct{ task, findings, want string }{
		{"detect", `{"frames": [{"objects": [{"label": "a", "score": 1, "box": [0, 0, 1, 1]}]}, {"objects": []}]}`, "frame  label  score  x  y  width  height\n    0  a       1.00  0  0      1       1\na 1 (most in one of 2 frames)\n"},
		{"segment", `{"segments": [{"share": {"sky": 0.25, "road": 0.5}}]}`, "label  share\nroad   50.0%\nsky    25.0%\n"},
		{"classify", `{"labels": [{"label": "cat", "score": 0.5}]}`, "label  score\ncat     0.50\n"},
		{"faces", `{"objects": []}`, "Nothing was found.\n"},
	} {
		var out strings.Builder
		if err := printFindings(&out, []byte(c.findings), c.task); err != nil || out.String() != c.want {
			t.Errorf("%s: %q (%v)", c.task, out.String(), err)
		}
	}
}

func TestAnswersOfOthersAreNotTaken(t *testing.T) {
	here(t, tree)
	for _, text := range []string{"<html>", "[]", `{"findings": 1}`} {
		address := serve(t, func(reply http.ResponseWriter, _ *http.Request) {
			reply.Header().Set("Content-Type", jsonType)
			_, _ = io.WriteString(reply, text)
		})
		for _, words := range [][]string{{"detect", "one.jpg"}, {"explain", "sepia", "one.jpg"}, {"formats"}, {"models"}} {
			if words[0] == "models" && text == `{"findings": 1}` {
				continue
			}
			if got := call(append(words, "-server", address)...); got.code != exitBroken {
				t.Errorf("%v of %q: exit %d, stderr %q", words, text, got.code, got.stderr)
			}
		}
	}
}

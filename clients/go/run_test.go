package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// darkroom is a server that answers each picture with itself and notes what was asked.
type darkroom struct {
	url  string
	lock sync.Mutex
	seen []string // queries, and the names of parts
	fail map[string]int
}

func newDarkroom(t *testing.T) *darkroom {
	t.Helper()
	d := &darkroom{fail: map[string]int{}}
	d.url = serve(t, func(reply http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		data, names := []byte("from an address"), []string{}
		if request.ParseMultipartForm(1<<20) == nil {
			for name, files := range request.MultipartForm.File {
				file, _ := files[0].Open()
				content, _ := io.ReadAll(file)
				if names = append(names, name+"="+files[0].Filename); name == formKey {
					data = content
				}
			}
		}
		d.lock.Lock()
		d.seen = append(d.seen, query.Encode()+" "+strings.Join(names, ","))
		d.lock.Unlock()
		kind := map[string]string{"": "image/png", "json": jsonType}[query.Get("format")]
		if kind == "" {
			kind = "image/" + query.Get("format")
		}
		if kind == jsonType {
			data = []byte(`{"pipeline": "` + query.Get("pipeline") + `"}`)
		}
		reply.Header().Set("Content-Type", kind)
		if bytes.HasPrefix(data, []byte("bad")) {
			reply.Header().Set("Content-Type", "application/problem+json")
			reply.WriteHeader(http.StatusUnsupportedMediaType)
			data = []byte(`{"detail": "No picture.", "code": "not_an_image"}`)
		}
		_, _ = reply.Write(data)
	})
	return d
}

// here makes files and changes to their folder.
func here(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(text))
	}
	old, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir(old) })
	return dir
}

func call(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(args, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, _ error) error {
		if !entry.IsDir() {
			data, _ := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			found[filepath.ToSlash(name)] = string(data)
		}
		return nil
	})
	return found
}

var tree = map[string]string{"tree/a.jpg": "A", "tree/sub/b.png": "B", "tree/notes.txt": "no", "one.jpg": "ONE"}

func TestRun(t *testing.T) {
	cases := []struct {
		id     string
		args   []string
		code   int
		stdout string
		stderr string
		made   map[string]string // files that are new
		asked  string            // part of the last request
	}{
		{"beside, by the type of the answer", []string{"sepia", "one.jpg"}, 0, "", "Saved one-darkroom.png\n", map[string]string{"one-darkroom.png": "ONE"}, "pipeline=sepia file=one.jpg"},
		{"the suffix of the output is the format", []string{"sepia", "one.jpg", "-o", "out.webp"}, 0, "", "Saved out.webp\n", map[string]string{"out.webp": "ONE"}, "format=webp"},
		{"options behind the words", []string{"blur:5", "one.jpg", "-f", "jpeg", "-q", "70", "-O", "keep=exif"}, 0, "", "Saved one-darkroom.jpg\n", map[string]string{"one-darkroom.jpg": "ONE"}, "format=jpeg&keep=exif&pipeline=blur%3A5&quality=70"},
		{"two dashes", []string{"--quiet", "sepia", "one.jpg", "--output=x/", "--format", "png"}, 0, "", "", map[string]string{"x/one.png": "ONE"}, "format=png"},
		{"a folder", []string{"sepia", "tree", "-o", "out"}, 0, "", "Saved 2 pictures in out\n", map[string]string{"out/a.png": "A", "out/sub/b.png": "B"}, ""},
		{"JSON of a folder is printed", []string{"palette", "tree", "--json", "-j", "1"}, 0, "{\"input\":\"tree/a.jpg\",\"pipeline\":\"palette\"}\n{\"input\":\"tree/sub/b.png\",\"pipeline\":\"palette\"}\n", "", nil, "format=json"},
		{"to stdout", []string{"sepia", "one.jpg", "-o", "-"}, 0, "ONE", "", nil, ""},
		{"a second picture", []string{"watermark:logo", "one.jpg", "--picture", "logo=tree/a.jpg", "-o", "-"}, 0, "ONE", "", nil, "logo=logo"},
		{"an address", []string{"sepia", "gs://bucket/a.jpg", "-o", "-"}, 0, "from an address", "", nil, "source=gs%3A%2F%2Fbucket%2Fa.jpg"},
		{"to an address", []string{"sepia", "one.jpg", "-o", "s3://bucket/out.png"}, 0, "", "Saved s3://bucket/out.png\n", nil, "to=s3%3A%2F%2Fbucket%2Fout.png"},
		{"a folder to an address", []string{"sepia", "tree/sub", "-o", "gs://b/x/", "-f", "webp"}, 0, "", "Saved gs://b/x/b.webp\n", nil, "to=gs%3A%2F%2Fb%2Fx%2Fb.webp"},
		{"swapped", []string{"one.jpg", "sepia"}, exitUsage, "", "the pipeline comes first:  darkroom run sepia one.jpg", nil, ""},
		{"no picture", []string{"sepia"}, exitUsage, "", "run needs a pipeline and a picture", nil, ""},
		{"missing", []string{"sepia", "none.jpg"}, exitUsage, "", "there is no file none.jpg", nil, ""},
		{"a folder without output", []string{"sepia", "tree"}, exitUsage, "", "-o FOLDER", nil, ""},
		{"unknown flag", []string{"sepia", "one.jpg", "--fromat", "x"}, exitUsage, "", "fromat", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			server, dir := newDarkroom(t), here(t, tree)
			t.Setenv("DARKROOM_SERVER", server.url)
			got := call(append([]string{"run"}, c.args...)...)
			if got.code != c.code || got.stdout != c.stdout || !strings.Contains(got.stderr, c.stderr) {
				t.Fatalf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
			}
			for name, text := range files(t, dir) {
				if want, ok := c.made[name]; tree[name] != text && (!ok || want != text) {
					t.Errorf("%s holds %q", name, text)
				}
			}
			for name := range c.made {
				if !exists(filepath.FromSlash(name)) {
					t.Errorf("there is no %s", name)
				}
			}
			if c.asked != "" && !strings.Contains(server.seen[len(server.seen)-1], c.asked) {
				t.Errorf("asked %q, want %q in it", server.seen, c.asked)
			}
			if c.code == exitUsage && len(server.seen) > 0 {
				t.Errorf("%q was sent for nothing", server.seen)
			}
		})
	}
}

func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	server, dir := newDarkroom(t), here(t, tree)
	t.Setenv("DARKROOM_SERVER", server.url)
	call("run", "sepia", "tree", "-o", "out")
	write(t, filepath.Join(dir, "tree", "c.jpg"), []byte("C"))
	server.seen = nil
	again := call("run", "sepia", "tree", "-o", "out")
	if again.code != exitDone || again.stderr != "Saved out/c.png\n2 were there already and were skipped; --force makes them anew.\n" {
		t.Errorf("exit %d, stderr %q", again.code, again.stderr)
	}
	if len(server.seen) != 1 {
		t.Errorf("%d were sent, want 1", len(server.seen))
	}
	if got := call("run", "sepia", "tree", "-o", "out", "--force"); got.code != exitDone || len(server.seen) != 4 {
		t.Errorf("exit %d with --force, %d sent", got.code, len(server.seen))
	}
	if got := call("run", "sepia", "one.jpg", "-o", "out/a.png"); got.code != exitFile || !strings.Contains(got.stderr, "--force") || len(server.seen) != 4 {
		t.Errorf("a named file that is there: exit %d, stderr %q, %d sent", got.code, got.stderr, len(server.seen))
	}
}

func TestSomeFail(t *testing.T) {
	server := newDarkroom(t)
	t.Setenv("DARKROOM_SERVER", server.url)
	here(t, map[string]string{"a.jpg": "A", "b.jpg": "bad", "c.jpg": "C"})
	got := call("run", "sepia", "a.jpg", "b.jpg", "c.jpg", "-o", "out/")
	for _, text := range []string{"Saved 2 pictures in out/\n", "1 of 3 failed:\n  b.jpg: ", "No picture. (code: not_an_image)"} {
		if got.code != exitSomeFailed || !strings.Contains(got.stderr, text) {
			t.Errorf("exit %d, stderr %q, want %q", got.code, got.stderr, text)
		}
	}
	if got := call("run", "sepia", "b.jpg"); got.code != exitRefused {
		t.Errorf("one that is refused: exit %d", got.code)
	}
	if got := call("run", "sepia", "a.jpg", "c.jpg", "-o", "x/", "--server", "http://127.0.0.1:1", "-j", "1"); got.code != exitConnection || !strings.Contains(got.stderr, "were not tried") {
		t.Errorf("without a server: exit %d, stderr %q", got.code, got.stderr)
	}
}

func TestStdin(t *testing.T) {
	server := newDarkroom(t)
	d := newWorkspace(t)
	command := d.program("run", "sepia", "-", "--server", server.url)
	command.Stdin = bytes.NewReader(d.picture)
	got, err := command.Output()
	if err != nil || !bytes.Equal(got, d.picture) {
		t.Errorf("%d bytes came back (%v), want %d", len(got), err, len(d.picture))
	}
}

func TestTheDefaultOutputHasTheRightSuffix(t *testing.T) {
	server := newDarkroom(t)
	dir := here(t, map[string]string{"1.jpg": "A"})
	got := call("-server", server.url, "-pipeline", "sepia")
	if got.code != exitDone || got.stdout != "Processed image saved to 2.png\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
	}
	if found := files(t, dir); found["2.png"] != "A" || found["2.jpg"] != "" {
		t.Errorf("there are %v", found)
	}
}

func TestOtherCommands(t *testing.T) {
	t.Setenv(signingKeyName, "0123456789abcdef0123456789abcdef")
	if got := call("version", "--server", "http://127.0.0.1:1"); got.code != 0 || got.stdout != "client  "+version+"\nserver  none answers at http://127.0.0.1:1\n" {
		t.Errorf("version: %+v", got)
	}
	old, got := call("-sign", "/v1/images/1/original"), call("sign", "/v1/images/1/original")
	if got.code != 0 || got.stdout != old.stdout {
		t.Errorf("sign: %+v, want %+v", got, old)
	}
	if got := call("sign"); got.code != exitUsage {
		t.Errorf("sign without a URL: %+v", got)
	}
}

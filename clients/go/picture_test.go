package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

func TestPictureProblems(t *testing.T) {
	cases := []struct {
		id   string
		make func(t *testing.T, path string)
		text string
	}{
		{"missing", func(*testing.T, string) {}, "there is no file"},
		{"a folder", func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o755)) }, "is a folder"},
		{"empty", func(t *testing.T, path string) { write(t, path, nil) }, "is empty"},
		{"a named pipe", func(t *testing.T, path string) { must(t, syscall.Mkfifo(path, 0o644)) }, "is a special file"},
		{"a dangling link", func(t *testing.T, path string) { must(t, os.Symlink("nowhere", path)) }, "there is no file"},
		{"below a file", func(t *testing.T, path string) { write(t, filepath.Dir(path)+"/x", nil) }, "there is no file"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.file = filepath.Join(d.dir, "odd.jpg")
			c.make(t, d.file)
			server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
			d.mustFail(t, d.send(server), exitFile, c.text)
		})
	}
}

func TestPictureThatChangesWhileSent(t *testing.T) {
	const size = 48 << 20 // more than the sockets' buffers hold
	cases := []struct {
		id     string
		change int64
		text   string
	}{
		{"shrinks", size / 2, "shrank while it was sent"},
		{"grows", size + 1, "grew while it was sent"},
		{"is emptied", 0, "shrank while it was sent"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.file = filepath.Join(d.dir, "big.jpg")
			sparse(t, d.file, size)
			server := serve(t, func(_ http.ResponseWriter, request *http.Request) {
				must(t, os.Truncate(d.file, c.change))
				_, _ = io.Copy(io.Discard, request.Body)
			})
			d.mustFail(t, d.send(server), exitFile, c.text)
		})
	}
}

func TestPictureIsStreamed(t *testing.T) {
	const size, allowed = 256 << 20, 8 << 20
	d := newWorkspace(t)
	d.file = filepath.Join(d.dir, "big.jpg")
	sparse(t, d.file, size)
	server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
		n, _ := io.Copy(io.Discard, request.Body)
		reply.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(reply, strconv.FormatInt(n-request.ContentLength, 10))
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := d.send(server)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > allowed {
		t.Errorf("%d MiB were allocated for a picture of %d MiB", used>>20, size>>20)
	}
	d.mustSave(t, got, []byte("0"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

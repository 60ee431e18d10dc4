package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOutputProblems(t *testing.T) {
	cases := []struct {
		id   string
		path string
		make func(t *testing.T, d workspace)
		text string
	}{
		{"no such folder", "none/2.jpg", func(*testing.T, workspace) {}, "there is no folder"},
		{"below a file", "1.jpg/2.jpg", func(*testing.T, workspace) {}, "cannot write"},
		{"a folder", "sub", func(t *testing.T, d workspace) { must(t, os.Mkdir(filepath.Join(d.dir, "sub"), 0o755)) }, "is a folder"},
		{"a named pipe", "pipe", func(t *testing.T, d workspace) { must(t, syscall.Mkfifo(filepath.Join(d.dir, "pipe"), 0o644)) }, "is a special file"},
		{"a read-only file", "kept.jpg", func(t *testing.T, d workspace) { readOnly(t, filepath.Join(d.dir, "kept.jpg")) }, "is read-only"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			c.make(t, d)
			server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
			got := d.send(server, "-output", filepath.Join(d.dir, c.path))
			d.mustFail(t, got, exitFile, c.text)
		})
	}
}

func readOnly(t *testing.T, path string) {
	t.Helper()
	write(t, path, []byte(oldResult))
	must(t, os.Chmod(path, 0o444))
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root writes everywhere, except where the kernel makes no files at all.
		d := newWorkspace(t)
		d.mustFail(t, d.send("http://127.0.0.1:1", "-output", "/proc/2.jpg"), exitFile, "-output")
		return
	}
	d := newWorkspace(t)
	must(t, os.Chmod(d.dir, 0o555))
	t.Cleanup(func() { must(t, os.Chmod(d.dir, 0o755)) })
	d.mustFail(t, d.send("http://127.0.0.1:1"), exitFile, "permission denied")
}

func TestWhereTheAnswerLands(t *testing.T) {
	cases := []struct {
		id    string
		paths func(t *testing.T, d *workspace)
		mode  os.FileMode
	}{
		{"a new file follows the umask", func(t *testing.T, d *workspace) { must(t, os.Remove(d.output)) }, 0o640},
		{"an old file keeps its permissions", func(t *testing.T, d *workspace) { must(t, os.Chmod(d.output, 0o604)) }, 0o604},
		{"over the picture itself", func(_ *testing.T, d *workspace) { d.output = d.file }, 0o644},
		{"through a link", func(t *testing.T, d *workspace) {
			link := filepath.Join(d.dir, "link.jpg")
			must(t, os.Symlink("2.jpg", link))
			t.Cleanup(func() { checkLink(t, link) })
			d.output = link
		}, 0o644},
	}
	old := syscall.Umask(0o027)
	t.Cleanup(func() { syscall.Umask(old) })
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			must(t, os.Chmod(d.file, 0o644))
			must(t, os.Chmod(d.output, 0o644))
			c.paths(t, &d)
			server, _ := record(t, []byte("fresh"))
			d.mustSave(t, d.send(server), []byte("fresh"))
			info, err := os.Stat(d.output)
			must(t, err)
			if info.Mode().Perm() != c.mode {
				t.Errorf("permissions are %o, want %o", info.Mode().Perm(), c.mode)
			}
		})
	}
}

func checkLink(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone (%v)", err)
	}
}

func TestSavingThatFails(t *testing.T) {
	cases := []struct {
		id       string
		sabotage func(out *output, d workspace)
		code     int
	}{
		{"a file that takes no bytes", func(out *output, _ workspace) { out.file.Close() }, exitFile},
		{"a folder came in between", func(out *output, d workspace) { out.path = d.dir }, exitFile},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			out, err := createOutput(d.output)
			must(t, err)
			c.sabotage(out, d)
			answer := &http.Response{Body: io.NopCloser(bytes.NewReader([]byte("fresh"))), ContentLength: 5}
			err = receive(context.Background(), out, answer)
			if err = errors.Join(err, out.commit()); exitCode(err) != c.code {
				t.Errorf("exit %d (%v), want %d", exitCode(err), err, c.code)
			}
			out.discard()
			d.mustHold(t, []byte(oldResult))
		})
	}
}

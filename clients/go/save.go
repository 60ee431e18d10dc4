package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
)

// output is a temporary file beside the output file. It replaces that file atomically (commit) or is
// removed (discard); the old file stays until then.
type output struct {
	file *os.File
	path string
	keep bool // an existing file is not replaced
}

func createOutput(path string) (*output, error) {
	target, mode, err := resolveTarget(path)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf(".darkroom-%016x.tmp", rand.Uint64())
	// Not os.CreateTemp, which makes the file 0600: the result should follow the umask.
	file, err := os.OpenFile(filepath.Join(filepath.Dir(target), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitFile, "there is no folder %s to save in: make it, or choose another -output", filepath.Dir(target))
	} else if err != nil {
		return nil, fail(exitFile, "cannot write in the folder of -output: %w", err)
	}
	out := &output{file: file, path: target}
	if mode != 0 && file.Chmod(mode) != nil {
		out.discard()
		return nil, fail(exitFile, "cannot give the result the permissions of %s", path)
	}
	return out, nil
}

// resolveTarget follows a link to the real file and says which permissions stand there (0: no file yet).
func resolveTarget(path string) (target string, mode fs.FileMode, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, 0, nil
	case err != nil:
		return "", 0, fail(exitFile, "cannot write the output: %w", err)
	case !info.Mode().IsRegular():
		return "", 0, fail(exitFile, "%s is %s: choose a file name with -output", path, kindOf(info))
	case info.Mode().Perm()&0o222 == 0:
		return "", 0, fail(exitFile, "%s is read-only and stays as it is: choose another -output", path)
	}
	if target, err = filepath.EvalSymlinks(path); err != nil {
		return "", 0, fail(exitFile, "cannot write the output: %w", err)
	}
	return target, info.Mode().Perm(), nil
}

// receive writes the response's body and fails unless it is complete.
func receive(ctx context.Context, out *output, answer *http.Response) error {
	source := &recordingReader{Reader: answer.Body}
	got, err := io.Copy(out.file, source)
	switch {
	case source.err != nil: // net/http checks the announced length and the last chunk
		return failNetwork(ctx, exitBroken, "the response broke off after %d bytes%s: nothing was saved (%w)",
			got, ofTotal(answer.ContentLength), source.err)
	case err != nil:
		return fail(exitFile, "cannot write the output: %w", err)
	case got == 0:
		return fail(exitBroken, "the response is empty: nothing was saved")
	}
	return nil
}

func ofTotal(want int64) string {
	if want < 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", want)
}

// recordingReader remembers the error of its reader: io.Copy does not say which side failed.
type recordingReader struct {
	io.Reader
	err error
}

func (r *recordingReader) Read(buffer []byte) (int, error) {
	n, err := r.Reader.Read(buffer)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// commit syncs the file and renames it to the output.
func (out *output) commit() error {
	err := out.file.Sync()
	if closed := out.file.Close(); err == nil {
		err = closed
	}
	if err == nil && out.keep {
		if _, found := os.Lstat(out.path); found == nil {
			return fail(exitFile, "%s already exists: --force overwrites it", out.path)
		}
	}
	if err == nil {
		err = os.Rename(out.file.Name(), out.path)
	}
	if err != nil {
		return fail(exitFile, "cannot save the output: %w", err)
	}
	return nil
}

// discard removes what was not committed; after commit it does nothing.
func (out *output) discard() {
	out.file.Close()
	os.Remove(out.file.Name()) // after commit this name no longer exists
}

// saveBytes writes a file that is whole or not there; an existing one is replaced only by force.
func saveBytes(path string, data []byte, force bool) error {
	if !force && exists(path) {
		return fail(exitFile, "%s already exists: --force overwrites it", path)
	}
	out, err := createOutput(path)
	if err != nil {
		return err
	}
	defer out.discard()
	out.keep = !force
	if _, err := out.file.Write(data); err != nil {
		return fail(exitFile, "cannot write the output: %w", err)
	}
	return out.commit()
}

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"os"
	"path/filepath"
)

const formKey = "file"

// picture is a file to send, and the size it had when it was opened.
type picture struct {
	*os.File
	size   int64
	name   string        // of the part; else the file's own
	others []secondImage // further parts
}

// secondImage is a further picture, by the name that the pipeline gives it.
type secondImage struct {
	name string
	data []byte
}

// field is a part of the form that is text.
type field struct{ name, value string }

func writeFields(writer *multipart.Writer, fields []field) error {
	for _, one := range fields {
		if err := writer.WriteField(one.name, one.value); err != nil {
			return err
		}
	}
	return nil
}

// openPicture opens a picture for sending; advice is what a failure ends with.
func openPicture(path, advice string) (*picture, error) {
	// Stat comes before Open, because opening a named pipe would wait for a writer.
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fail(exitFile, "%s is %s, not a picture file%s", path, kindOf(info), advice)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitFile, "there is no file %s%s", path, advice)
	} else if err != nil {
		return nil, fail(exitFile, "cannot open the picture: %w", err)
	}
	return sized(file)
}

func sized(file *os.File) (*picture, error) {
	info, err := file.Stat()
	if err == nil && info.Size() > 0 {
		return &picture{File: file, size: info.Size()}, nil
	}
	file.Close()
	if err != nil {
		return nil, fail(exitFile, "cannot read the picture: %w", err)
	}
	return nil, fail(exitFile, "%s is empty: there is nothing to send", file.Name())
}

func kindOf(info fs.FileInfo) string {
	if info.IsDir() {
		return "a folder"
	}
	return "a special file"
}

// form wraps the picture as multipart/form-data without reading it: the head, the file itself, the tail.
// The length is exact.
func (p *picture) form(fields []field) (body io.Reader, length int64, contentType string, err error) {
	var frame bytes.Buffer
	writer := multipart.NewWriter(&frame)
	if err := writeFields(writer, fields); err != nil {
		return nil, 0, "", err
	}
	for _, other := range p.others {
		part, err := writer.CreateFormFile(other.name, other.name)
		if err != nil {
			return nil, 0, "", err
		}
		_, _ = part.Write(other.data) // a buffer takes everything
	}
	name := p.name
	if name == "" {
		name = filepath.Base(p.Name())
	}
	if _, err = writer.CreateFormFile(formKey, name); err != nil {
		return nil, 0, "", err
	}
	split := frame.Len()
	if err = writer.Close(); err != nil {
		return nil, 0, "", err
	}
	head, tail := frame.Bytes()[:split], frame.Bytes()[split:]
	if _, err = p.Seek(0, io.SeekStart); err != nil { // it may have been sent before
		return nil, 0, "", err
	}
	body = io.MultiReader(bytes.NewReader(head), &sizedReader{p, p.size}, bytes.NewReader(tail))
	return body, int64(frame.Len()) + p.size, writer.FormDataContentType(), nil
}

// sizedReader reads the picture and fails if the file no longer has the announced size.
type sizedReader struct {
	pic  *picture
	left int64
}

func (r *sizedReader) Read(buffer []byte) (int, error) {
	n, err := r.pic.Read(buffer)
	r.left -= int64(n)
	switch {
	case r.left < 0:
		return 0, fail(exitFile, "%s grew while it was sent: try again when it is complete", r.pic.Name())
	case err == io.EOF && r.left > 0:
		return 0, fail(exitFile, "%s shrank while it was sent: try again when it is complete", r.pic.Name())
	case err != nil && err != io.EOF:
		return n, fail(exitFile, "cannot read the picture: %w", err)
	}
	return n, err
}

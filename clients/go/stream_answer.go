package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"strconv"
)

const longestPart = 1 << 30

// frameAnswer is what the server says of one frame.
type frameAnswer struct {
	Seq      int             `json:"seq"`
	Width    int             `json:"width"`
	Height   int             `json:"height"`
	Findings json.RawMessage `json:"findings"`
	Ms       float64         `json:"ms"`
	Dropped  []int           `json:"dropped"`
	Problem  json.RawMessage `json:"problem,omitempty"`
}

// answersOf reads a response one answer after the other; io.EOF after the last one.
func answersOf(answer *http.Response) (func() (frameAnswer, []byte, error), error) {
	kind, parameters, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	reader := bufio.NewReader(answer.Body)
	boundary := "--" + parameters["boundary"]
	unreadable := errors.New("the answer to a frame cannot be read: is it a Darkroom server?")
	decoded := func(data []byte, err error) (said frameAnswer, kind string, failed error) {
		var about struct{ Picture string }
		if err == nil && (json.Unmarshal(data, &said) != nil || json.Unmarshal(data, &about) != nil) {
			err = unreadable
		}
		return said, about.Picture, err
	}
	switch kind {
	case "application/x-ndjson":
		return func() (frameAnswer, []byte, error) {
			line, err := reader.ReadBytes('\n')
			if err == io.EOF && len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			said, _, err := decoded(line, err)
			return said, nil, err
		}, nil
	case "multipart/mixed":
		return func() (frameAnswer, []byte, error) {
			said, picture, err := decoded(nextPart(reader, boundary))
			if err != nil || picture == "" {
				return said, nil, err
			}
			data, err := nextPart(reader, boundary)
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return said, data, err
		}, nil
	}
	return nil, fail(exitBroken, "the server answered with %s: is it a Darkroom server?", cmp.Or(clean(kind), "no type"))
}

// nextPart reads a part by the length that it tells, which is known before the boundary behind it has come.
func nextPart(reader *bufio.Reader, boundary string) ([]byte, error) {
	text := textproto.NewReader(reader)
	line, err := text.ReadLine()
	for err == nil && line == "" {
		line, err = text.ReadLine()
	}
	switch {
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	case line == boundary+"--":
		return nil, io.EOF
	case line != boundary:
		return nil, errors.New("a part has no boundary")
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || length < 0 || length > longestPart {
		return nil, errors.New("a part does not tell its length")
	}
	data := make([]byte, length)
	_, err = io.ReadFull(reader, data)
	return data, err
}

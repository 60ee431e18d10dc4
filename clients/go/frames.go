package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

const (
	longestFrame = 256 << 20 // bytes of one JPEG; what goes on longer is none
	longestSaid  = 4 << 10   // bytes kept of what ffmpeg says
)

var digits = regexp.MustCompile(`^[0-9]+$`)

// video is a source of frames, each a JPEG.
type video struct {
	name   string
	reader *bufio.Reader
	close  func() error
	isLive bool // a frame that waits is late
}

// openVideo opens JPEGs one after the other (- for stdin, or a file .mjpeg) as they are, anything else by ffmpeg:
// a video file, a camera by its number, or the URL of a stream.
func openVideo(ctx context.Context, source string) (*video, error) {
	suffix := strings.ToLower(filepath.Ext(source))
	isCamera := digits.MatchString(source) && !exists(source)
	switch {
	case source == "-":
		return &video{name: "standard input", reader: bufio.NewReader(os.Stdin), close: func() error { return nil }, isLive: true}, nil
	case !isCamera && !addressForm.MatchString(source) && !exists(source):
		return nil, fail(exitFile, "%s: no video that can be read", source)
	case suffix == ".mjpeg" || suffix == ".mjpg":
		file, err := os.Open(source)
		if err != nil {
			return nil, fail(exitFile, "cannot open the video: %w", err)
		}
		return &video{name: source, reader: bufio.NewReader(file), close: file.Close}, nil
	}
	input := []string{"-i", source}
	if isCamera {
		camera, err := cameraInput(source)
		if err != nil {
			return nil, err
		}
		input = camera
	}
	decoded, err := decodedVideo(ctx, source, input)
	if err == nil {
		decoded.isLive = isCamera || addressForm.MatchString(source)
	}
	return decoded, err
}

// cameraInput is how ffmpeg opens the camera of a number.
func cameraInput(number string) ([]string, error) {
	switch runtime.GOOS {
	case "linux":
		return []string{"-f", "v4l2", "-i", "/dev/video" + number}, nil
	case "darwin":
		return []string{"-f", "avfoundation", "-framerate", "30", "-i", number}, nil
	}
	return nil, failUsage("cameras have no numbers here: pipe JPEGs into  darkroom stream - PIPELINE")
}

// decodedVideo starts ffmpeg, which turns any video into JPEGs.
func decodedVideo(ctx context.Context, source string, input []string) (*video, error) {
	words := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, input...)
	command := exec.CommandContext(ctx, "ffmpeg", append(words, "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "-")...)
	said := &tail{}
	command.Stderr = said
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fail(exitFile, "videos and cameras need ffmpeg on the PATH; without it, name a file .mjpeg, or - for JPEGs one after the other")
	} else if err != nil {
		return nil, fail(exitFile, "cannot start ffmpeg: %w", err)
	}
	end := func() error {
		output.Close() // it ends when nobody reads on
		if command.Wait() != nil && said.Len() > 0 {
			return fail(exitFile, "%s: no video that can be read\nffmpeg: %s", source, clean(said.String()))
		}
		return nil
	}
	return &video{name: source, reader: bufio.NewReader(output), close: end}, nil
}

// tail keeps the beginning of what a process says, and drops the rest.
type tail struct{ bytes.Buffer }

func (t *tail) Write(data []byte) (int, error) {
	if room := longestSaid - t.Len(); room > 0 {
		t.Buffer.Write(data[:min(room, len(data))])
	}
	return len(data), nil
}

// next is the next frame; io.EOF after the last one.
func (v *video) next() ([]byte, error) {
	frame, err := nextJPEG(v.reader)
	if err == nil || err == io.EOF {
		return frame, err
	}
	return nil, fail(exitFile, "%s: %w", v.name, err)
}

var errNoJPEG = errors.New("no JPEGs one after the other")

// nextJPEG reads one JPEG by its markers: thumbnails in it have ends of their own (ITU-T T.81, annex B).
func nextJPEG(reader *bufio.Reader) ([]byte, error) {
	if err := skipSpace(reader); err != nil {
		return nil, err
	}
	frame := make([]byte, 2, 1<<16)
	if _, err := io.ReadFull(reader, frame); err != nil || frame[0] != 0xFF || frame[1] != 0xD8 {
		return nil, errNoJPEG
	}
	for len(frame) < longestFrame {
		scan, err := reader.ReadBytes(0xFF)
		frame = append(frame, scan...)
		marker := byte(0xFF)
		for err == nil && marker == 0xFF { // any number of them may fill
			marker, err = reader.ReadByte()
			frame = append(frame, marker)
		}
		if err == nil && marker == 0xD9 {
			return frame, nil
		}
		if err == nil && hasLength(marker) {
			frame, err = appendSegment(reader, frame)
		}
		if err != nil {
			return nil, errors.New("the last frame is incomplete")
		}
	}
	return nil, errNoJPEG
}

func skipSpace(reader *bufio.Reader) error {
	for {
		letter, err := reader.ReadByte()
		if err != nil {
			return err
		}
		if !strings.ContainsRune(" \t\r\n", rune(letter)) {
			return reader.UnreadByte()
		}
	}
}

// hasLength says whether a marker begins a segment; stuffed bytes, TEM and restarts do not.
func hasLength(marker byte) bool { return marker > 0x01 && (marker < 0xD0 || marker > 0xD7) }

func appendSegment(reader *bufio.Reader, frame []byte) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(reader, length[:]); err != nil {
		return frame, err
	}
	size := int(length[0])<<8 | int(length[1])
	if size < 2 {
		return frame, errNoJPEG
	}
	segment := make([]byte, size-2)
	_, err := io.ReadFull(reader, segment)
	return append(append(frame, length[:]...), segment...), err
}

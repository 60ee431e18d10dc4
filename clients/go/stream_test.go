package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// jpeg is a frame by its markers: a segment that holds another picture's end, a scan with a stuffed byte and a restart.
func jpeg(letter string) string {
	thumbnail := "\xff\xd8\xff\xd9" + letter
	return "\xff\xd8\xff\xe1\x00" + string(rune(len(thumbnail)+2)) + thumbnail + "\xff\xda\x00\x02a\xff\x00b\xff\xd0c\xff\xff\xd9"
}

func TestFrames(t *testing.T) {
	whole := jpeg("a") + "\r\n" + jpeg("b")
	cases := []struct {
		id, data string
		frames   []string
		err      string
	}{
		{"one after the other", whole, []string{jpeg("a"), jpeg("b")}, "EOF"},
		{"none", " \n", nil, "EOF"},
		{"no JPEG", "GIF89a", nil, "no JPEGs"},
		{"something behind", jpeg("a") + "x", []string{jpeg("a")}, "no JPEGs"},
		{"broken off in the scan", whole[:len(whole)-1], []string{jpeg("a")}, "incomplete"},
		{"broken off in a segment", jpeg("a")[:9], nil, "incomplete"},
		{"a segment without a length", "\xff\xd8\xff\xe1\x00\x01", nil, "incomplete"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			reader := bufio.NewReader(strings.NewReader(c.data))
			for i := 0; ; i++ {
				frame, err := nextJPEG(reader)
				if err != nil {
					if i != len(c.frames) || !strings.Contains(err.Error(), c.err) {
						t.Errorf("%d frames, then %v", i, err)
					}
					return
				}
				if i >= len(c.frames) || string(frame) != c.frames[i] {
					t.Fatalf("frame %d is %q", i, frame)
				}
			}
		})
	}
}

// frameServer answers each frame before it reads the next, with a picture where one is asked for; the one that is
// bad by a problem. It notes queries and keys.
func frameServer(t *testing.T) (address string, asked *[]string) {
	asked = &[]string{}
	address = serve(t, func(reply http.ResponseWriter, request *http.Request) {
		_ = http.NewResponseController(reply).EnableFullDuplex()
		query := request.URL.Query()
		*asked = append(*asked, query.Encode()+" "+request.Header.Get("X-Api-Key"))
		_, parameters, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
		parts := multipart.NewReader(request.Body, parameters["boundary"])
		kind := "application/x-ndjson"
		if query.Get("answer") == "both" {
			kind = "multipart/mixed; boundary=b"
		}
		reply.Header().Set("Content-Type", kind)
		for seq := 1; ; seq++ {
			part, err := parts.NextRawPart()
			if err != nil {
				break
			}
			frame := make([]byte, len(jpeg("a")))
			_, _ = io.ReadFull(part, frame) // not to its end, behind which the next part begins
			line := fmt.Sprintf(`{"seq": %d, "width": 4, "height": 3, "findings": {"n": %d}, "ms": 1.5, "dropped": []`, seq, seq)
			picture := query.Get("answer") == "both"
			switch {
			case bytes.Contains(frame, []byte("bad")):
				line, picture = fmt.Sprintf(`{"seq": %d, "problem": {"detail": "No picture."}, "dropped": []`, seq), false
			case bytes.Contains(frame, []byte("end")):
				line, picture = `{"seq": 0, "problem": {"detail": "Too many.", "code": "too_many"}`, false
			case picture:
				line += `, "picture": "image/jpeg"`
			}
			line += "}\n"
			if kind == "application/x-ndjson" {
				_, _ = io.WriteString(reply, line)
			} else {
				fmt.Fprintf(reply, "--b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s\r\n", len(line), line)
				if picture {
					fmt.Fprintf(reply, "--b\r\nContent-Length: 4\r\n\r\npic%d\r\n", seq)
				}
			}
			_ = http.NewResponseController(reply).Flush()
		}
		if kind != "application/x-ndjson" {
			_, _ = io.WriteString(reply, "--b--\r\n")
		}
	})
	return address, asked
}

func TestStream(t *testing.T) {
	answered := func(seq int) string {
		return fmt.Sprintf(`{"seq":%d,"width":4,"height":3,"findings":{"n":%d},"ms":1.5,"dropped":[]}`+"\n", seq, seq)
	}
	videos := map[string]string{
		"three.mjpeg": jpeg("abc") + jpeg("def") + jpeg("ghi"), "bad.mjpg": jpeg("abc") + jpeg("bad"), "end.mjpeg": jpeg("abc") + jpeg("end"),
		"broken.mjpeg": jpeg("abc") + jpeg("def")[:20], "none.mjpeg": "", "text.mjpeg": "text", "out/000001.jpg": "old",
	}
	cases := []struct {
		id, words      string
		code           int
		stdout, stderr string // the latter a part
		asked          string
		files          map[string]string
	}{
		{"findings", "three.mjpeg detect/track", 0, answered(1) + answered(2) + answered(3), "", "pipeline=detect%2Ftrack secret", nil},
		{"options", "three.mjpeg detect -f png -q 70 --answer findings", 0, answered(1) + answered(2) + answered(3), "", "answer=findings&format=png&pipeline=detect&quality=70", nil},
		{"pictures", "three.mjpeg blur -o new/", 0, answered(1) + answered(2) + answered(3), "", "answer=both", map[string]string{"new/000001.jpg": "pic1", "new/000003.jpg": "pic3"}},
		{"every second", "three.mjpeg detect -every 2", 0, answered(1) + answered(2), "", "", nil},
		{"two of them", "three.mjpeg detect -frames 2", 0, answered(1) + answered(2), "", "", nil},
		{"by force", "three.mjpeg blur -o out -frames 1 -force -f png", 0, answered(1), "", "", map[string]string{"out/000001.png": "pic1", "out/000001.jpg": "old"}},
		{"not over", "three.mjpeg blur -o out", exitFile, answered(1), "already exists: --force", "", map[string]string{"out/000001.jpg": "old"}},
		{"a bad frame", "bad.mjpg detect", exitSomeFailed, answered(1) + `{"seq":2,"width":0,"height":0,"findings":{},"ms":0,"dropped":[],"problem":{"detail":"No picture."}}` + "\n", "1 frames failed.\n", "", nil},
		{"refused in the middle", "end.mjpeg detect", exitRefused, answered(1), "Too many. (code: too_many)", "", nil},
		{"broken off", "broken.mjpeg detect", exitFile, answered(1), "the last frame is incomplete", "", nil},
		{"no frames", "none.mjpeg detect", exitFile, "", "has no frames", "", nil},
		{"no video", "text.mjpeg detect", exitFile, "", "no JPEGs one after the other", "", nil},
		{"no file", "nowhere.mp4 detect", exitFile, "", "nowhere.mp4: no video that can be read", "", nil},
		{"no pipeline", "three.mjpeg", exitUsage, "", "stream needs a video and a pipeline", "", nil},
		{"wrong answer", "three.mjpeg detect -answer all", exitUsage, "", "-answer is one of findings, picture, both", "", nil},
		{"wrong number", "three.mjpeg detect -every 0", exitUsage, "", "at least 1", "", nil},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			address, asked := frameServer(t)
			dir := here(t, videos)
			t.Setenv("DARKROOM_KEY", "dk_secret")
			got := call(append([]string{"stream", "-server", address}, strings.Fields(c.words)...)...)
			if got.code != c.code || got.stdout != c.stdout || !strings.Contains(got.stderr, c.stderr) {
				t.Fatalf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
			}
			if c.asked != "" && (len(*asked) != 1 || !strings.Contains(strings.ReplaceAll((*asked)[0], "dk_", ""), c.asked)) {
				t.Errorf("asked %q, want %q in it", *asked, c.asked)
			}
			found := files(t, dir)
			for name, text := range c.files {
				if found[name] != text {
					t.Errorf("%s holds %q, want %q", name, found[name], text)
				}
			}
		})
	}
}

func TestStreamThatIsRefused(t *testing.T) {
	here(t, map[string]string{"one.mjpeg": jpeg("abc")})
	refuses := serve(t, func(reply http.ResponseWriter, _ *http.Request) {
		reply.Header().Set("Content-Type", "application/problem+json")
		reply.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(reply, `{"detail": "There is no blurr.", "code": "unknown_filter"}`)
	})
	silent := serve(t, func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body) // a server sees that its client is gone when nothing is left to read
		<-request.Context().Done()
	})
	for _, c := range []struct {
		id, server, text string
		code             int
	}{
		{"refused", refuses, "There is no blurr. (code: unknown_filter)", exitRefused},
		{"a page", serve(t, func(reply http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(reply, "<html>") }), "is it a Darkroom server?", exitBroken},
		{"broken off", serveRaw(t, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n{\"seq\"", false), "lost before the answer", exitBroken},
		{"nobody", "http://127.0.0.1:1", "cannot connect", exitConnection},
		{"silent", silent, "did not answer in time", exitTimeout},
	} {
		t.Run(c.id, func(t *testing.T) {
			timeout := "5m"
			if c.id == "silent" {
				timeout = "50ms"
			}
			got := call("stream", "one.mjpeg", "blurr", "-server", c.server, "-timeout", timeout)
			if got.code != c.code || !strings.Contains(got.stderr, c.text) {
				t.Errorf("exit %d, stderr %q", got.code, got.stderr)
			}
		})
	}
}

// TestVideosAreDecodedByFfmpeg has a program in the place of ffmpeg that hands out frames, or what it is not able to.
func TestVideosAreDecodedByFfmpeg(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a script of sh")
	}
	for _, c := range []struct {
		id, script, text string
		code, frames     int
	}{
		{"frames", "cat frames.mjpeg", "", 0, 2},
		{"unreadable", "echo 'moov atom not found' >&2; exit 1", "no video that can be read\nffmpeg: moov atom not found", exitFile, 0},
		{"broken off", "cat frames.mjpeg; echo 'broken file' >&2; exit 1", "ffmpeg: broken file", exitFile, 2},
		{"absent", "", "need ffmpeg on the PATH", exitFile, 0},
	} {
		t.Run(c.id, func(t *testing.T) {
			address, _ := frameServer(t)
			dir := here(t, map[string]string{"frames.mjpeg": jpeg("abc") + jpeg("def"), "a.mp4": "a video", "bin/none": ""})
			if c.script != "" {
				program := "#!/bin/sh\nPATH=/usr/bin:/bin\necho \"$@\" > asked\n" + c.script + "\n"
				if err := os.WriteFile(filepath.Join(dir, "bin", "ffmpeg"), []byte(program), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", filepath.Join(dir, "bin"))
			got := call("stream", "a.mp4", "detect", "-server", address)
			if got.code != c.code || !strings.Contains(got.stderr, c.text) || strings.Count(got.stdout, "\n") != c.frames {
				t.Errorf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
			}
			if asked := files(t, dir)["asked"]; c.script != "" && !strings.Contains(asked, "-i a.mp4 -f image2pipe") {
				t.Errorf("ffmpeg was asked for %q", asked)
			}
		})
	}
}

package main

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	beProgram = "DARKROOM_GO_TEST_PROGRAM" // set: the test binary is the program itself
	oldResult = "the result of an earlier run"
)

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// workspace is a folder with a picture to send and a result of an earlier run that must survive failures.
type workspace struct {
	dir, file, output string
	picture           []byte
}

func newWorkspace(t *testing.T) workspace {
	t.Helper()
	dir := t.TempDir()
	d := workspace{dir, filepath.Join(dir, "1.jpg"), filepath.Join(dir, "2.jpg"), noise(100_000)}
	write(t, d.file, d.picture)
	write(t, d.output, []byte(oldResult))
	return d
}

func noise(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sparse makes a file of that size that takes no room on the disk.
func sparse(t *testing.T, path string, size int64) {
	t.Helper()
	write(t, path, nil)
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

type outcome struct {
	code           int
	stdout, stderr string
}

// send runs the client inside the test, with more flags where given.
func (d workspace) send(server string, more ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(d.args(server, more...), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func (d workspace) args(server string, more ...string) []string {
	return append([]string{"-server", server, "-file", d.file, "-output", d.output}, more...)
}

// program is the client as a process of its own, for signals and working folders.
func (d workspace) program(args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), beProgram+"=1")
	command.Dir = d.dir
	return command
}

// mustSave checks a success: the message, the bytes, and nothing left over.
func (d workspace) mustSave(t *testing.T, got outcome, want []byte) {
	t.Helper()
	if got.code != exitDone || got.stderr != "" {
		t.Fatalf("exit %d, stderr %q", got.code, got.stderr)
	}
	if message := "Processed image saved to " + d.output + "\n"; got.stdout != message {
		t.Errorf("stdout is %q, want %q", got.stdout, message)
	}
	d.mustHold(t, want)
}

// mustFail checks a failure: exit code, message, silence on stdout, and an untouched earlier result.
func (d workspace) mustFail(t *testing.T, got outcome, code int, texts ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit %d, want %d; stderr %q", got.code, code, got.stderr)
	}
	if got.stdout != "" {
		t.Errorf("stdout is %q, want nothing", got.stdout)
	}
	for _, text := range append(texts, "darkroom: ") {
		if !strings.Contains(got.stderr, text) {
			t.Errorf("stderr is %q, want %q in it", got.stderr, text)
		}
	}
	d.mustHold(t, []byte(oldResult))
}

func (d workspace) mustHold(t *testing.T, want []byte) {
	t.Helper()
	if data, err := os.ReadFile(d.output); err != nil || !bytes.Equal(data, want) {
		t.Errorf("the output has %d bytes (%v), want these %d", len(data), err, len(want))
	}
	d.mustBeClean(t)
}

func (d workspace) mustBeClean(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".darkroom-") {
			t.Errorf("temporary file %s is left over", entry.Name())
		}
	}
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// serveRaw answers each request with these very bytes and hangs up. It does not read the body unless told.
func serveRaw(t *testing.T, answer string, readBody bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answerRaw(conn, answer, readBody)
		}
	}()
	return "http://" + listener.Addr().String()
}

func answerRaw(conn net.Conn, answer string, readBody bool) {
	defer conn.Close()
	if readBody {
		takePicture(conn)
	} else {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
	}
	_, _ = io.WriteString(conn, answer)
}

func takePicture(conn net.Conn) {
	if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		_, _ = io.Copy(io.Discard, request.Body)
	}
}

// quiet drops what a test server logs about handshakes that are meant to fail.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

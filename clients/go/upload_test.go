package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// received is one request as the server saw it.
type received struct {
	method, uri, name string
	length, body      int64
	chunked           bool
	picture           []byte
	header            http.Header
}

// record is a server that notes what came and answers with a picture.
func record(t *testing.T, answer []byte) (server string, seen *received) {
	t.Helper()
	seen = &received{}
	return serve(t, func(reply http.ResponseWriter, request *http.Request) {
		counter := &countingBody{ReadCloser: request.Body}
		request.Body = counter
		part, header, err := request.FormFile(formKey)
		if err != nil {
			t.Errorf("no part %q: %v", formKey, err)
			return
		}
		picture, _ := io.ReadAll(part)
		*seen = received{request.Method, request.RequestURI, header.Filename, request.ContentLength, counter.n,
			len(request.TransferEncoding) > 0, picture, request.Header}
		reply.Header().Set("Content-Type", "image/jpeg")
		_, _ = reply.Write(answer)
	}), seen
}

type countingBody struct {
	io.ReadCloser
	n int64
}

func (c *countingBody) Read(buffer []byte) (int, error) {
	n, err := c.ReadCloser.Read(buffer)
	c.n += int64(n)
	return n, err
}

func TestUpload(t *testing.T) {
	cases := []struct {
		id   string
		name string
		size int
		more []string
		uri  string
	}{
		{"small", "1.jpg", 1, nil, "/upload"},
		{"a photograph's size", "1.jpg", 3 << 20, nil, "/upload"},
		{"pipeline", "1.jpg", 1000, []string{"-pipeline", "resize:80/sepia"}, "/v1/process?format=jpeg&pipeline=resize%3A80%2Fsepia"},
		{"empty pipeline", "1.jpg", 1000, []string{"-pipeline="}, "/v1/process?format=jpeg&pipeline="},
		{"name with a space", "my street.jpg", 1000, nil, "/upload"},
		{"name in another script", "фото.jpg", 1000, nil, "/upload"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.file, d.picture = filepath.Join(d.dir, c.name), noise(c.size)
			write(t, d.file, d.picture)
			answer := noise(200_000)
			server, seen := record(t, answer)
			d.mustSave(t, d.send(server, c.more...), answer)
			checkRequest(t, seen, c.uri, c.name, d.picture)
		})
	}
}

func checkRequest(t *testing.T, seen *received, uri, name string, picture []byte) {
	t.Helper()
	if seen.method != http.MethodPost || seen.uri != uri || seen.name != name {
		t.Errorf("got %s %s with %q, want POST %s with %q", seen.method, seen.uri, seen.name, uri, name)
	}
	if seen.chunked || seen.length != seen.body {
		t.Errorf("Content-Length %d (chunked: %v) for %d bytes", seen.length, seen.chunked, seen.body)
	}
	if !bytes.Equal(seen.picture, picture) {
		t.Errorf("%d bytes arrived, not the %d of the picture", len(seen.picture), len(picture))
	}
	if seen.header.Get("Accept") != "*/*" || seen.header.Get("Accept-Encoding") != "" {
		t.Errorf("Accept %q, Accept-Encoding %q", seen.header.Get("Accept"), seen.header.Get("Accept-Encoding"))
	}
}

func TestDefaultNames(t *testing.T) {
	d := newWorkspace(t)
	server, seen := record(t, []byte("blurred"))
	out, err := d.program("-server", server).CombinedOutput()
	if err != nil || string(out) != "Processed image saved to 2.jpg\n" {
		t.Fatalf("%v: %s", err, out)
	}
	d.mustHold(t, []byte("blurred"))
	checkRequest(t, seen, "/upload", "1.jpg", d.picture)
}

func TestHTTPS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2 is %v", http2), func(t *testing.T) {
			d := newWorkspace(t)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(reply http.ResponseWriter, request *http.Request) {
				_, _ = io.Copy(io.Discard, request.Body)
				reply.Header().Set("Content-Type", "image/jpeg")
				_, _ = fmt.Fprintf(reply, "%s %v", request.Proto, request.ContentLength > int64(len(d.picture)))
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			defer server.Close()
			trusted := filepath.Join(d.dir, "ca.pem")
			write(t, trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
			command := d.program(d.args(server.URL)...)
			command.Env = append(command.Env, "SSL_CERT_FILE="+trusted)
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			d.mustHold(t, []byte(map[bool]string{false: "HTTP/1.1 true", true: "HTTP/2.0 true"}[http2]))
		})
	}
}

func TestNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	refused := "http://" + listener.Addr().String()
	must(t, listener.Close())
	secure := httptest.NewUnstartedServer(nil)
	secure.TLS = &tls.Config{}
	secure.Config.ErrorLog = quiet()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	cases := []struct{ id, server, text string }{
		{"refused", refused, "make run"},
		{"unknown certificate", secure.URL, "certificate"},
		{"https asked of http", "https" + plain[len("http"):], "HTTPS"},
		{"port out of range", "http://127.0.0.1:99999", "99999"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.mustFail(t, d.send(c.server), exitConnection, "cannot connect to "+c.server, c.text)
		})
	}
}

func TestTimeout(t *testing.T) {
	cases := []struct {
		id     string
		answer string
	}{
		{"silent server", ""},
		{"answer that stops", "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100\r\n\r\nabc"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			server, _ := stall(t, c.answer)
			d.mustFail(t, d.send(server, "-timeout", "300ms"), exitTimeout, "-timeout")
		})
	}
}

func TestInterrupt(t *testing.T) {
	cases := []struct {
		id     string
		answer string
	}{
		{"before the answer", ""},
		{"within the answer", "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100\r\n\r\nabc"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			server, stalled := stall(t, c.answer)
			command := d.program(d.args(server)...)
			var stdout, stderr bytes.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr
			must(t, command.Start())
			<-stalled
			time.Sleep(50 * time.Millisecond) // let the client read what came
			must(t, command.Process.Signal(os.Interrupt))
			_ = command.Wait()
			got := outcome{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
			d.mustFail(t, got, exitInterrupted, "interrupted: nothing was saved")
		})
	}
}

// stall is a server that takes the picture, sends these bytes and then nothing more. The channel tells
// when it has sent them.
func stall(t *testing.T, answer string) (server string, stalled <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	sent, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(done); listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		takePicture(conn)
		_, _ = io.WriteString(conn, answer)
		close(sent)
		<-done
	}()
	return "http://" + listener.Addr().String(), sent
}

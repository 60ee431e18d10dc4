package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const problemType = "application/problem+json"

func TestRefusals(t *testing.T) {
	cases := []struct {
		id     string
		status int
		kind   string
		body   string
		texts  []string
	}{
		{
			"problem document", 415, problemType + "; charset=utf-8", `{"title":"x","status":415,"detail":"This is no picture.","code":"not_an_image"}`,
			[]string{"415 Unsupported Media Type", "This is no picture. (code: not_an_image)"},
		},
		{"problem without detail", 400, problemType, `{"title":"Bad parameter","code":"bad"}`, []string{"Bad parameter (code: bad)"}},
		{"problem without code", 400, problemType, `{"detail":"No."}`, []string{"400 Bad Request\nNo.\n"}},
		{"problem that is no JSON", 400, problemType, `{"detail":`, []string{`{"detail":`}},
		{"detail of another type", 400, problemType, `{"detail":[1]}`, []string{`{"detail":[1]}`}},
		{"plain text", 500, "text/plain", "it\n broke", []string{"500 Internal Server Error\nit broke\n"}},
		{"long page", 502, "text/html", strings.Repeat("<p>long</p>", 9000), []string{"502 Bad Gateway", "<p>long</p><p>…"}},
		{"no body", 404, "", "", []string{"404 Not Found"}},
		{"terminal escapes", 400, problemType, `{"detail":"a\u001b[31mb\u009bc"}`, []string{"a [31mb c"}},
		{"created is not saved", 201, "application/json", "{}", []string{"201 Created"}},
		{"no content", 204, "", "", []string{"204 No Content"}},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			server := serve(t, func(reply http.ResponseWriter, _ *http.Request) {
				reply.Header().Set("Content-Type", c.kind)
				reply.WriteHeader(c.status)
				_, _ = fmt.Fprint(reply, c.body)
			})
			d := newWorkspace(t)
			got := d.send(server)
			d.mustFail(t, got, exitRefused, c.texts...)
			if len(got.stderr) > 500 || strings.ContainsAny(got.stderr, "\x1b\u009b") {
				t.Errorf("not fit for a terminal: %q", got.stderr)
			}
		})
	}
}

func TestRetryAfterIsShown(t *testing.T) {
	server := serve(t, func(reply http.ResponseWriter, _ *http.Request) {
		reply.Header().Set("Retry-After", "7")
		http.Error(reply, "full", http.StatusTooManyRequests)
	})
	d := newWorkspace(t)
	d.mustFail(t, d.send(server, "-retries", "0"), exitRefused, "429 Too Many Requests\nfull\n", "Retry-After: 7")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			requests := 0
			server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
				requests++
				http.Redirect(reply, request, "/elsewhere", status)
			})
			d := newWorkspace(t)
			d.mustFail(t, d.send(server), exitRefused, "redirects to /elsewhere", "-server")
			if requests != 1 {
				t.Errorf("%d requests were made", requests)
			}
		})
	}
}

func TestAStoredAnswerIsFetched(t *testing.T) {
	for _, place := range []string{"/stored?a=1", "http://HOST/stored?a=1"} {
		t.Run(place, func(t *testing.T) {
			asked := []string{}
			server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
				asked = append(asked, request.Method+" "+request.URL.String())
				if request.Method == http.MethodGet {
					reply.Header().Set("Content-Type", "image/png")
					reply.Write([]byte("stored"))
					return
				}
				reply.Header().Set("Location", strings.Replace(place, "HOST", request.Host, 1))
				reply.WriteHeader(http.StatusSeeOther)
			})
			d := newWorkspace(t)
			d.mustSave(t, d.send(server), []byte("stored"))
			if want := []string{"POST /upload", "GET /stored?a=1"}; !slices.Equal(asked, want) {
				t.Errorf("asked %v, not %v", asked, want)
			}
		})
	}
}

func TestAStoredAnswerIsFetchedOnce(t *testing.T) {
	for _, place := range []string{"/elsewhere", "ftp://elsewhere/", "http://"} {
		t.Run(place, func(t *testing.T) {
			requests := 0
			server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
				requests++
				reply.Header().Set("Location", place)
				reply.WriteHeader(http.StatusSeeOther)
			})
			d := newWorkspace(t)
			d.mustFail(t, d.send(server), exitRefused, "redirects to "+place)
			if requests > 2 {
				t.Errorf("%d requests were made", requests)
			}
		})
	}
}

// A server that refuses a large picture at once hangs up while the client still writes.
func TestEarlyRefusalIsRead(t *testing.T) {
	body := `{"detail":"Too many bytes.","code":"too_many_bytes"}`
	head := "HTTP/1.1 413 Content Too Large\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
	server := serveRaw(t, fmt.Sprintf(head, problemType, len(body), body), false)
	for attempt := range 10 { // without patientConn six in ten lose the answer
		t.Run(fmt.Sprint(attempt), func(t *testing.T) {
			d := newWorkspace(t)
			d.file = filepath.Join(d.dir, "big.jpg")
			sparse(t, d.file, 64<<20)
			d.mustFail(t, d.send(server), exitRefused, "413", "Too many bytes. (code: too_many_bytes)")
		})
	}
}

func TestBrokenAnswers(t *testing.T) {
	const picture = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
	cases := []struct{ id, answer, text string }{
		{"hangs up at once", "", "did not respond"},
		{"hangs up in the header", "HTTP/1.1 200 OK\r\nContent-Ty", "did not respond"},
		{"no HTTP", "220 mail.example ESMTP\r\n", "did not respond"},
		{"body shorter than announced", picture + "Content-Length: 100\r\n\r\nhalf", "broke off after 4 bytes of 100"},
		{"no body of those announced", picture + "Content-Length: 100\r\n\r\n", "broke off after 0 bytes of 100"},
		{"chunks cut between", picture + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "broke off after 4 bytes"},
		{"chunks cut within", picture + "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf", "broke off after 4 bytes"},
		{"chunks malformed", picture + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n", "broke off after 4 bytes"},
		{"length unknown", picture + "\r\nhalf", "did not announce the length"},
		{"length unknown, HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\nhalf", "did not announce the length"},
		{"lengths that disagree", picture + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf!", "did not respond"},
		{"empty", picture + "Content-Length: 0\r\n\r\n", "the response is empty"},
		{"empty chunks", picture + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "the response is empty"},
		{"a web page", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 4\r\n\r\n<p/>", "text/html, not a picture"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.mustFail(t, d.send(serveRaw(t, c.answer, true)), exitBroken, c.text)
		})
	}
}

func TestWholeAnswers(t *testing.T) {
	cases := []struct{ id, answer string }{
		{"Content-Length", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nwhole"},
		{"chunked", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n"},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nwhole"},
		{"measures in JSON", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nwhole"},
		{"no type", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"},
		{"after 100 Continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			d.mustSave(t, d.send(serveRaw(t, c.answer, true)), []byte("whole"))
		})
	}
}

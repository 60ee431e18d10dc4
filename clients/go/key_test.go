package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var (
	aKey    = "dk_" + strings.Repeat("k", 43)
	another = "dk_" + strings.Repeat("o", 43)
)

func TestKey(t *testing.T) {
	cases := []struct {
		id           string
		flag         bool
		variables    map[string]string
		header, want string
	}{
		{"none", false, nil, "X-Api-Key", ""},
		{"file", true, nil, "X-Api-Key", aKey},
		{"variable", false, map[string]string{"DARKROOM_KEY": another}, "X-Api-Key", another},
		{"variable of a file", false, map[string]string{"DARKROOM_KEY_FILE": "FILE"}, "X-Api-Key", aKey},
		{"file before variable", true, map[string]string{"DARKROOM_KEY": another}, "X-Api-Key", aKey},
		{"token", false, map[string]string{"DARKROOM_KEY": "eyJ.eyJ.sig"}, "Authorization", "Bearer eyJ.eyJ.sig"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			file := filepath.Join(d.dir, "a.key")
			write(t, file, []byte(aKey+"\n"))
			t.Setenv("DARKROOM_KEY", "")
			t.Setenv("DARKROOM_KEY_FILE", "")
			for name, value := range c.variables {
				t.Setenv(name, strings.Replace(value, "FILE", file, 1))
			}
			server, seen := record(t, []byte("blurred"))
			more := []string{}
			if c.flag {
				more = append(more, "-key-file", file)
			}
			d.mustSave(t, d.send(server, more...), []byte("blurred"))
			if got := seen.header.Get(c.header); got != c.want {
				t.Errorf("%s is %q, want %q", c.header, got, c.want)
			}
		})
	}
}

func TestMarkedKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.key")
	write(t, file, []byte("\ufeff"+aKey+"\r\n"))
	if got, err := readKey(file); got != aKey || err != nil {
		t.Errorf("the key is %q (%v), want %q", got, err, aKey)
	}
}

func TestBadKey(t *testing.T) {
	for id, text := range map[string]string{"empty": "\n", "words": "dk_two words", "letters": "ключ"} {
		t.Run(id, func(t *testing.T) {
			d := newWorkspace(t)
			file := filepath.Join(d.dir, "a.key")
			write(t, file, []byte(text))
			server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
			got := d.send(server, "-key-file", file)
			d.mustFail(t, got, exitUsage, "has no key")
			if word := strings.TrimSpace(text); word != "" && strings.Contains(got.stderr, word) {
				t.Errorf("%q repeats what is no key", got.stderr)
			}
		})
	}
}

func TestRedirectKeepsTheKey(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") })
	server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
		http.Redirect(reply, request, elsewhere, http.StatusTemporaryRedirect)
	})
	d := newWorkspace(t)
	t.Setenv("DARKROOM_KEY", aKey)
	d.mustFail(t, d.send(server), exitRefused, "redirects")
}

func TestUnauthorized(t *testing.T) {
	d := newWorkspace(t)
	server := serve(t, func(reply http.ResponseWriter, _ *http.Request) {
		reply.Header().Set("Content-Type", "application/problem+json")
		reply.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(reply, `{"detail": "This server requires a key.", "code": "unauthorized"}`)
	})
	d.mustFail(t, d.send(server), exitRefused, "requires a key", "-key-file FILE")
}

func TestBusy(t *testing.T) {
	cases := []struct {
		id      string
		refused int // tries that are refused
		wait    string
		tries   int
		saved   bool
		body    string
		more    []string // flags
	}{
		{"once", 1, "0", 2, true, "", nil},
		{"twice", 2, "1", 3, true, "", nil},
		{"always", 9, "0", 4, false, "", nil},
		{"for too long", 1, "7200", 1, false, "", nil},
		{"without a word", 1, "", 2, true, "", nil},
		{"until a date that has passed", 1, "Mon, 30 Nov 2020 10:00:00 GMT", 2, true, "", nil},
		{"until a far date", 1, "Mon, 30 Nov 2099 10:00:00 GMT", 1, false, "", nil},
		{"not to be retried", 1, "0", 1, false, "", []string{"-retries", "0"}},
		{"more often", 4, "0", 5, true, "", []string{"-retries", "4"}},
		{"for good", 1, "", 1, false, `{"code": "model_absent"}`, nil},
		{"for good, unless the server says when", 1, "0", 2, true, `{"code": "model_absent"}`, nil},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			tries := 0
			server := serve(t, func(reply http.ResponseWriter, request *http.Request) {
				tries++
				part, _, err := request.FormFile(formKey)
				if err != nil {
					t.Errorf("try %d: %v", tries, err)
					return
				}
				part.Close()
				if tries > c.refused {
					reply.Header().Set("Content-Type", "image/jpeg")
					fmt.Fprint(reply, "blurred")
					return
				}
				reply.Header().Set("Retry-After", c.wait)
				reply.WriteHeader(http.StatusTooManyRequests)
				fmt.Fprint(reply, c.body)
			})
			began := time.Now()
			got := d.send(server, c.more...)
			if c.saved {
				d.mustSave(t, got, []byte("blurred"))
			} else {
				d.mustFail(t, got, exitRefused, "429")
			}
			if tries != c.tries {
				t.Errorf("%d tries, want %d", tries, c.tries)
			}
			if c.id == "twice" && time.Since(began) < 2*time.Second {
				t.Errorf("Retry-After was not waited for")
			}
		})
	}
}

func TestExposedKeyFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such bits")
	}
	file := filepath.Join(t.TempDir(), "a.key")
	write(t, file, []byte(aKey))
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o644: true, 0o640: true, 0o604: true} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if got := isExposed(file); got != want {
			t.Errorf("%o: exposed is %v, want %v", mode, got, want)
		}
	}
}

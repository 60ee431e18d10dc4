package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
)

const (
	longestProblem = 64 << 10 // bytes read of a response that is not a picture
	longestShown   = 300      // characters shown of it
)

// checkAnswer accepts only a 200 whose end can be detected. JSON is accepted: a pipeline of measures returns it.
func checkAnswer(answer *http.Response) error {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case answer.StatusCode/100 == 3:
		return fail(exitRefused, "the server redirects to %s (%s): use that URL as -server",
			clean(answer.Header.Get("Location")), clean(answer.Status))
	case answer.StatusCode != http.StatusOK && !isStored(answer):
		return fail(exitRefused, "the server refused the picture: %s%s", clean(answer.Status), explainStatus(answer, kind))
	case strings.HasPrefix(kind, "text/"):
		return fail(exitBroken, "the server answered with %s, not a picture: is it a Darkroom server?", kind)
	case answer.ContentLength < 0 && answer.ProtoMajor == 1 && len(answer.TransferEncoding) == 0:
		return fail(exitBroken, "the server did not announce the length of its response, so a truncated one could not be detected")
	}
	return nil
}

// refused is what the server says where no picture was sent through a pipeline.
func refused(answer *http.Response) error {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode/100 == 3 {
		return fail(exitRefused, "the server redirects to %s (%s): use that URL as -server",
			clean(answer.Header.Get("Location")), clean(answer.Status))
	}
	return fail(exitRefused, "the server refused: %s%s", clean(answer.Status), explainStatus(answer, kind))
}

// isStored says whether the response is about a result that was to be stored, and is.
func isStored(answer *http.Response) bool {
	return answer.StatusCode == http.StatusCreated && answer.Request != nil && answer.Request.URL.Query().Has("to")
}

// explainStatus returns the server's reason: the problem document's detail and code, or its text, shortened.
func explainStatus(answer *http.Response, kind string) string {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, longestProblem)) // a truncated explanation is still useful
	text := problemText(kind, body)
	if wait := answer.Header.Get("Retry-After"); wait != "" {
		text += "\nTry again later (Retry-After: " + clean(wait) + ")."
	}
	if answer.StatusCode == http.StatusUnauthorized {
		text += "\nName the file of your key: -key-file FILE, or DARKROOM_KEY_FILE=FILE in the environment."
	}
	return text
}

func problemText(kind string, body []byte) string {
	var problem struct{ Detail, Title, Code string }
	if strings.HasSuffix(kind, "json") && json.Unmarshal(body, &problem) == nil {
		if problem.Detail == "" {
			problem.Detail = problem.Title
		}
		return problemLine(problem.Detail, problem.Code)
	}
	return problemLine(string(body), "")
}

func problemLine(detail, code string) string {
	line := ""
	if detail = clean(detail); detail != "" {
		line = "\n" + detail
	}
	if code = clean(code); code != "" {
		line += fmt.Sprintf(" (code: %s)", code)
	}
	return line
}

// clean makes a server's text safe and short enough for a terminal: one line, no control characters.
func clean(text string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	runes := []rune(strings.Join(strings.Fields(printable), " "))
	if len(runes) > longestShown {
		return string(runes[:longestShown]) + "…"
	}
	return string(runes)
}

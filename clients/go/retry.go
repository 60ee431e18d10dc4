package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// As the Python client does it: exponential back-off with full jitter, so that clients that were refused together
// do not retry together, and never less than the server asks for.
const (
	defaultRetries = 3 // after the first try
	firstBackoff   = 500 * time.Millisecond
	longestBackoff = 8 * time.Second
	longestWait    = 60 * time.Second // a server that asks for more is not waited for
	problemBytes   = 1 << 16          // of a refusal, in which its code stands
)

// lasting are the codes of refusals that another try does not change, unless the server says when.
var lasting = []string{"model_absent", "model_broken", "model_checksum", "model_memory", "model_mismatch", "model_output", "runtime_missing"}

// send posts the picture, and again while the server is busy. Nothing was done then.
func send(ctx context.Context, opts options, pic *picture) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		answer, err := upload(ctx, opts, pic)
		if err != nil {
			return nil, err
		}
		if attempt == opts.retries || !isBusy(answer) {
			return answer, nil
		}
		asked, _ := askedWait(answer.Header.Get("Retry-After"))
		most := min(longestBackoff, firstBackoff<<min(attempt, 8))
		if asked > longestWait || !waitFor(ctx, asked+rand.N(most)) {
			return answer, nil
		}
		answer.Body.Close()
	}
}

// isBusy says whether the same request may succeed a moment later (429, 503). What is read of the body stays readable.
func isBusy(answer *http.Response) bool {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return false
	}
	if _, said := askedWait(answer.Header.Get("Retry-After")); said {
		return true
	}
	begin, _ := io.ReadAll(io.LimitReader(answer.Body, problemBytes))
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begin), answer.Body), answer.Body}
	var problem struct{ Code string }
	return json.Unmarshal(begin, &problem) != nil || !slices.Contains(lasting, problem.Code)
}

// askedWait is how long a Retry-After asks to wait: seconds, or until a date; false if it says nothing.
func askedWait(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	moment, err := http.ParseTime(text)
	return max(0, time.Until(moment)), err == nil
}

// waitFor waits, unless -timeout would pass meanwhile, or Ctrl-C comes.
func waitFor(ctx context.Context, wait time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

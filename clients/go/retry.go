package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	mostRetries = 2                // after the first try
	longestWait = 30 * time.Second // a server that asks for more is not waited for
)

// send posts the picture, and again while the server is busy and says when to come back. Nothing was done then.
func send(ctx context.Context, opts options, pic *picture) (*http.Response, error) {
	for retry := 0; ; retry++ {
		answer, err := upload(ctx, opts, pic)
		if err != nil {
			return nil, err
		}
		wait, busy := waitOf(answer)
		if !busy || retry == mostRetries || !waitFor(ctx, wait) {
			return answer, nil
		}
		answer.Body.Close()
	}
}

// waitOf is how long a busy server (429, 503) asks to wait; false if it is not busy, or asks for too long.
func waitOf(answer *http.Response) (time.Duration, bool) {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(answer.Header.Get("Retry-After")))
	wait := time.Duration(seconds) * time.Second
	return wait, err == nil && seconds >= 0 && wait <= longestWait
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

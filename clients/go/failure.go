package main

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes, the same as the Python client's. The help text is generated from exitMeanings.
const (
	exitDone        = 0
	exitSomeFailed  = 1
	exitUsage       = 2
	exitConnection  = 3
	exitRefused     = 4
	exitFile        = 5
	exitBroken      = 5
	exitTimeout     = 5
	exitInterrupted = 130
)

var exitMeanings = []struct {
	code    int
	meaning string
}{
	{exitDone, "success"},
	{exitSomeFailed, "some pictures failed, for the reasons listed; the others are done"},
	{exitUsage, "invalid usage; nothing was sent"},
	{exitConnection, "no server answers"},
	{exitRefused, "the server refused the request"},
	{exitFile, "a file could not be read or written, or the response was incomplete"},
	{exitInterrupted, "interrupted (Ctrl-C)"},
}

// failure is an error message for the user, with its exit code.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(code int, format string, args ...any) error {
	return &failure{code, fmt.Errorf(format, args...)}
}

// failNetwork is fail, unless the cause is Ctrl-C or the timeout, which look like network errors.
func failNetwork(ctx context.Context, code int, format string, args ...any) error {
	switch ctx.Err() {
	case context.Canceled:
		return fail(exitInterrupted, "interrupted: nothing was saved")
	case context.DeadlineExceeded:
		return fail(exitTimeout, "no complete response in time: nothing was saved; -timeout sets how long to wait")
	}
	return fail(code, format, args...)
}

func exitCode(err error) int {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return 1
}

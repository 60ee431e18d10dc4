package main

import (
	"context"
	"errors"
	"fmt"
)

// Exit codes. The help text is generated from exitMeanings.
const (
	exitDone        = 0
	exitUsage       = 2
	exitFile        = 3
	exitConnection  = 4
	exitRefused     = 5
	exitBroken      = 6
	exitTimeout     = 7
	exitInterrupted = 130
)

var exitMeanings = []struct {
	code    int
	meaning string
}{
	{exitDone, "the picture is saved"},
	{exitUsage, "a flag is wrong"},
	{exitFile, "the picture cannot be read, or the output cannot be written"},
	{exitConnection, "no connection to the server"},
	{exitRefused, "the server answered, but not with 200"},
	{exitBroken, "the response is truncated, empty or not a picture"},
	{exitTimeout, "no complete response within -timeout"},
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

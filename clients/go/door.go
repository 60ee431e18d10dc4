package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// door is a server, how it is asked, and where answers are shown.
type door struct {
	server, keyFile, key string
	timeout              time.Duration
	retries              int
	base                 *url.URL
	ctx                  context.Context
	stdout, stderr       io.Writer
}

// newDoorFlags are the flags that every command has which asks a server.
func newDoorFlags(name string, d *door) *flag.FlagSet {
	flags := flag.NewFlagSet("darkroom "+name, flag.ContinueOnError)
	serverFlags(flags, &d.server, &d.keyFile, &d.timeout, &d.retries)
	return flags
}

// serverFlags are the flags that say which server is asked, and with which key.
func serverFlags(flags *flag.FlagSet, server, keyFile *string, timeout *time.Duration, retries *int) {
	*timeout = defaultTimeout
	flags.StringVar(server, "server", "", "`URL` URL of the server (else DARKROOM_SERVER, else "+defaultServer+")")
	flags.StringVar(keyFile, "key-file", "", "`FILE` file with the server's key (else DARKROOM_KEY, else the file DARKROOM_KEY_FILE names)")
	flags.Func("timeout", "`SECONDS` longest wait for a response (60)", func(text string) (err error) {
		*timeout, err = parseWait(text)
		return err
	})
	retriesFlag(flags, retries, "`N` how often to retry a busy server (3)")
}

// retriesFlag adds -retries, with what help tells of it.
func retriesFlag(flags *flag.FlagSet, retries *int, usage string) {
	*retries = defaultRetries
	flags.Func("retries", usage, func(text string) error {
		count, err := strconv.ParseUint(text, 10, 13)
		*retries = int(count)
		if err != nil {
			return errors.New("expected a whole number from 0")
		}
		return nil
	})
}

// parseWait reads seconds, as the Python client takes them, or a duration such as 90s or 5m.
func parseWait(text string) (time.Duration, error) {
	wait, err := time.ParseDuration(text)
	if err != nil {
		wait, err = time.ParseDuration(text + "s")
	}
	if err != nil || wait <= 0 {
		return 0, errors.New("expected seconds above 0, or a duration such as 90s or 5m")
	}
	return wait, nil
}

// ask is a command: it parses its flags, and does its work with the words that are left until it is interrupted.
func (d *door) ask(flags *flag.FlagSet, args []string, work func(words []string) error) error {
	words, err := interspersed(flags, args)
	if err != nil {
		return err
	}
	if d.base, err = baseOf(cmp.Or(d.server, os.Getenv("DARKROOM_SERVER"), defaultServer)); err != nil {
		return err
	}
	d.base.RawQuery = "" // what the URL asks for is of pictures
	if d.key, err = readKey(d.keyFile); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d.ctx = ctx
	return work(words)
}

// do sends one request and hands its response over, which is a success.
func (d *door) do(method string, path []string, query url.Values, pic *picture, use func(context.Context, *http.Response) error) error {
	ctx, cancel := context.WithTimeout(d.ctx, d.timeout)
	defer cancel()
	segments := make([]string, len(path))
	for i, part := range path {
		segments[i] = url.PathEscape(part)
	}
	target := d.base.JoinPath(segments...)
	target.RawQuery = query.Encode()
	answer, err := send(ctx, options{method: method, target: target, key: d.key, retries: d.retries}, pic)
	if err != nil {
		return err
	}
	defer func() { answer.Body.Close() }()
	found, err := stored(ctx, answer)
	if err != nil {
		return err
	}
	answer = found
	if answer.StatusCode/100 != 2 {
		return refused(answer)
	}
	return use(ctx, answer)
}

// read is do for JSON, which is decoded into a value.
func (d *door) read(method string, path []string, query url.Values, pic *picture, into any) error {
	return d.do(method, path, query, pic, func(ctx context.Context, answer *http.Response) error {
		data, err := io.ReadAll(answer.Body)
		if err != nil {
			return failNetwork(ctx, exitBroken, "the response broke off after %d bytes: %w", len(data), err)
		}
		if json.Unmarshal(data, into) != nil {
			return fail(exitBroken, "the server's answer cannot be read: is it a Darkroom server?")
		}
		return nil
	})
}

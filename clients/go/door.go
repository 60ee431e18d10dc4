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
	"syscall"
	"time"
)

// door is a server, how it is asked, and where answers are shown.
type door struct {
	server, keyFile, key string
	timeout              time.Duration
	base                 *url.URL
	ctx                  context.Context
	stdout, stderr       io.Writer
}

// newDoorFlags are the flags that every command has which asks a server.
func newDoorFlags(name string, d *door) *flag.FlagSet {
	flags := flag.NewFlagSet("darkroom "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	serverFlags(flags, &d.server, &d.keyFile)
	flags.DurationVar(&d.timeout, "timeout", defaultTimeout, "longest `time` for one request, such as 90s or 5m")
	return flags
}

// serverFlags are the flags that say which server is asked, and with which key.
func serverFlags(flags *flag.FlagSet, server, keyFile *string) {
	flags.StringVar(server, "server", "", "base `URL` of the server (else DARKROOM_SERVER, else "+defaultServer+")")
	flags.StringVar(keyFile, "key-file", "", "`file` with the server's key (else DARKROOM_KEY, else the file DARKROOM_KEY_FILE names)")
}

// ask is a command: it parses its flags, and does its work with the words that are left until it is interrupted.
func (d *door) ask(flags *flag.FlagSet, args []string, work func(words []string) error) error {
	words, err := interspersed(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return say(d.stdout, helpText())
	} else if err != nil {
		return failUsage("%w", err)
	}
	if d.timeout <= 0 {
		return failUsage("-timeout must be more than zero, not %v", d.timeout)
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
	answer, err := send(ctx, options{method: method, target: target, key: d.key}, pic)
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

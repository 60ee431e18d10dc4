package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// upload posts the picture and returns the response, whatever its status. The caller closes its body.
func upload(ctx context.Context, opts options, pic *picture) (*http.Response, error) {
	target := opts.target
	body, length, contentType, err := bodyOf(pic, opts.fields)
	if err != nil {
		return nil, fail(exitFile, "cannot build the form: %w", err)
	}
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	request, err := newRequest(httptrace.WithClientTrace(ctx, trace), opts.method, target, body)
	if err != nil {
		return nil, failUsage("-server cannot be used: %w", err)
	}
	request.ContentLength = length
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	setKey(request.Header, opts.key)
	answer, err := newClient().Do(request)
	if err != nil {
		return nil, explainSend(ctx, target, connected.Load(), err)
	}
	return answer, nil
}

// bodyOf is the form of a picture and of fields; only those for a picture at an address, which the server reads.
func bodyOf(pic *picture, fields []field) (body io.Reader, length int64, contentType string, err error) {
	if pic != nil {
		return pic.form(fields)
	}
	if len(fields) == 0 {
		return http.NoBody, 0, "", nil
	}
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	if err := writeFields(writer, fields); err != nil {
		return nil, 0, "", err
	}
	if err := writer.Close(); err != nil {
		return nil, 0, "", err
	}
	return bytes.NewReader(form.Bytes()), int64(form.Len()), writer.FormDataContentType(), nil
}

func newRequest(ctx context.Context, method string, target *url.URL, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, cmp.Or(method, http.MethodPost), target.String(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "*/*") // as curl does: the server chooses the format
	request.Header.Set("User-Agent", "darkroom-go/"+version)
	return request, nil
}

func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // transparent decompression would hide the announced length
	dialPatiently(transport)
	return &http.Client{
		Transport: transport,
		// A followed 301, 302 or 303 turns the POST into a GET and drops the picture; another host must not get the key.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// explainSend says why there is no response.
func explainSend(ctx context.Context, target *url.URL, connected bool, err error) error {
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // url.Error repeats the address
	}
	server := target.Scheme + "://" + target.Host
	var unknown *net.DNSError
	var broken *net.OpError
	switch {
	case connected:
		return failNetwork(ctx, exitBroken, "%s accepted the connection but did not respond: %w", server, err)
	case errors.As(err, &unknown):
		return failNetwork(ctx, exitConnection, "the host %s cannot be resolved: check -server (%w)", target.Hostname(), err)
	case errors.As(err, &broken) && broken.Op == "dial":
		return failNetwork(ctx, exitConnection, "cannot connect to %s: %w\nIs the server running? "+
			"Start it with `make run` in Darkroom's folder, or name another with -server.", server, err)
	}
	return failNetwork(ctx, exitConnection, "cannot connect to %s: %w", server, err)
}

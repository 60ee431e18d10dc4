package main

import (
	"context"
	"net"
	"net/http"
)

// patientConn hides failed writes, so that the response is still read.
//
// A server may refuse a picture (413: too large) while it is still being sent, respond and hang up.
// Our next write then fails, and net/http would report that failure instead of the response that is
// ready to be read (https://github.com/golang/go/issues/11745). Ignoring the failure is safe: without a
// response, reading fails too.
type patientConn struct{ net.Conn }

func (c patientConn) Write(data []byte) (int, error) {
	_, _ = c.Conn.Write(data)
	return len(data), nil
}

// dialPatiently makes the transport's connections patient.
func dialPatiently(transport *http.Transport) {
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return patientConn{conn}, nil
	}
}

package main

import (
	"context"
	"net"
	"net/http"
)

// patientConn hides failed writes, so that the answer is still read.
//
// A server may refuse a picture (413: too large) while it is still coming in, answer and hang up.
// Our next write then fails, and net/http would report that failure instead of the answer that already
// waits to be read (https://github.com/golang/go/issues/11745). Nothing is lost by the silence: where no
// answer waits, reading fails too.
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

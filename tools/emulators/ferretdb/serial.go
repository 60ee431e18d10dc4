package main

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// FerretDB's SQLite handler finds documents first and updates them afterwards: of concurrent conditional updates of one
// document several take effect (242 of 100 were counted), where MongoDB lets one. So commands go to it one by one.
var turn sync.Mutex

func oneByOne(outer net.Listener, inner string) {
	for {
		client, err := outer.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", inner)
		if err != nil {
			client.Close()
			continue
		}
		go func() {
			defer client.Close()
			defer server.Close()
			for exchange(client, server) == nil {
			}
		}()
	}
}

// exchange hands one message of the client on and the answer back.
func exchange(client, server net.Conn) error {
	asked, err := message(client)
	if err != nil {
		return err
	}
	turn.Lock()
	defer turn.Unlock()
	if _, err = server.Write(asked); err != nil {
		return err
	}
	answered, err := message(server)
	if err != nil {
		return err
	}
	_, err = client.Write(answered)
	return err
}

// message reads one message of the wire protocol: its first four bytes are its length, little-endian.
func message(from net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 16 || length > 48<<20 {
		return nil, io.ErrUnexpectedEOF
	}
	whole := make([]byte, length)
	copy(whole, head[:])
	_, err := io.ReadFull(from, whole[4:])
	return whole, err
}

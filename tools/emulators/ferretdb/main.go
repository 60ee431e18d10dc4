// Command ferretdb serves the MongoDB protocol from SQLite files, for tests: ferretdb FOLDER [PORT].
//
// It prints its URI as the first line of stdout, listens on loopback only, and ends when stdin is closed or at SIGTERM.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	folder := os.Args[1]
	inner := filepath.Join(folder, "s")
	port := "0" // one that is free
	if len(os.Args) > 2 {
		port = os.Args[2]
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: inner},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/?_pragma=synchronous(off)", // what is lost with the machine is only a test
	})
	if err == nil {
		var outer net.Listener
		if outer, err = net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			go oneByOne(outer, inner)
			fmt.Printf("mongodb://%s/\n", outer.Addr())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	go func() { io.Copy(io.Discard, os.Stdin); stop() }()
	server.Run(ctx)
}

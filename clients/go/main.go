// Command darkroom sends one picture to a Darkroom server and saves the result.
//
// It uses only Go's standard library. See README.md, or run `darkroom -help`.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is what -version prints and what the server sees as User-Agent.
const version = "0.1.0"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes the command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if err := perform(args, stdout); err != nil {
		fmt.Fprintf(stderr, "darkroom: %v\n", err)
		return exitCode(err)
	}
	return exitDone
}

func perform(args []string, stdout io.Writer) error {
	opts, err := parseOptions(args)
	switch {
	case err != nil:
		return err
	case opts.help:
		return say(stdout, helpText())
	case opts.version:
		return say(stdout, "darkroom-go "+version+"\n")
	case opts.sign != "":
		line, err := signedLine(opts)
		if err != nil {
			return err
		}
		return say(stdout, line)
	}
	if opts.key, err = readKey(opts.keyFile); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	if err := exchange(ctx, opts); err != nil {
		return err
	}
	return say(stdout, "Processed image saved to "+opts.output+"\n")
}

// exchange sends the picture and saves the response. The output is opened before anything is sent, so
// that a folder that cannot be written is found before the upload.
func exchange(ctx context.Context, opts options) error {
	pic, err := openPicture(opts.file)
	if err != nil {
		return err
	}
	defer pic.Close()
	out, err := createOutput(opts.output)
	if err != nil {
		return err
	}
	defer out.discard()
	answer, err := send(ctx, opts, pic)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer, err = stored(ctx, answer); err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := checkAnswer(answer); err != nil {
		return err
	}
	if err := receive(ctx, out, answer); err != nil {
		return err
	}
	return out.commit()
}

func say(stdout io.Writer, text string) error {
	if _, err := io.WriteString(stdout, text); err != nil {
		return fail(exitFile, "cannot write to standard output: %w", err)
	}
	return nil
}

// Command darkroom sends pictures to a Darkroom server and saves the results.
//
// It uses only Go's standard library. See README.md, or run `darkroom -help`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// version is what -version prints and what the server sees as User-Agent.
const version = "0.1.0"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// commands are the words of the Python client's command line; without one of them, the flags are those of old.
var commands = map[string]func(args []string, stdout, stderr io.Writer) error{
	"run":         runCommand,
	"detect":      detectCommand,
	"explain":     explainCommand,
	"stream":      streamCommand,
	"images":      imagesCommand,
	"models":      modelsCommand,
	"sign":        signCommand,
	"filters":     filtersCommand,
	"formats":     formatsCommand,
	"completions": completionsCommand,
	"version":     versionCommand,
	"help": func(args []string, stdout, _ io.Writer) error {
		return say(stdout, commandHelp(strings.Join(args, " ")))
	},
}

// commandWords lists the commands by name.
func commandWords() []string {
	words := make([]string, 0, len(commands))
	for word := range commands {
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

// run executes the command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	err := error(nil)
	if len(args) > 0 && commands[args[0]] != nil {
		if err = commands[args[0]](args[1:], stdout, stderr); errors.Is(err, flag.ErrHelp) {
			err = say(stdout, commandHelp(args[0]))
		}
	} else {
		err = perform(args, stdout)
	}
	if err != nil && err.Error() == "" { // everything has been said
		return exitCode(err)
	}
	if err != nil {
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
	saved, err := exchange(ctx, opts)
	if err != nil {
		return err
	}
	return say(stdout, "Processed image saved to "+saved+"\n")
}

// exchange sends the picture and saves the response; it returns the name of the file. The output is opened
// before anything is sent, so that a folder that cannot be written is found before the upload.
func exchange(ctx context.Context, opts options) (string, error) {
	pic, err := openPicture(opts.file, ": name your picture with -file")
	if err != nil {
		return "", err
	}
	defer pic.Close()
	out, err := createOutput(opts.output)
	if err != nil {
		return "", err
	}
	defer out.discard()
	answer, err := answerTo(ctx, opts, pic)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if err := receive(ctx, out, answer); err != nil {
		return "", err
	}
	saved := opts.output
	if !opts.outputNamed { // nobody chose the suffix of the default
		saved = withSuffixOf(opts.output, typeOf(answer))
		if saved != opts.output {
			out.path = saved
		}
	}
	return saved, out.commit()
}

// answerTo sends a picture and returns the response, which is a success.
func answerTo(ctx context.Context, opts options, pic *picture) (*http.Response, error) {
	answer, err := send(ctx, opts, pic)
	if err != nil {
		return nil, err
	}
	found, err := stored(ctx, answer)
	if found != answer {
		answer.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	if err := checkAnswer(found); err != nil {
		found.Body.Close()
		return nil, err
	}
	return found, nil
}

func say(stdout io.Writer, text string) error {
	if _, err := io.WriteString(stdout, text); err != nil {
		return fail(exitFile, "cannot write to standard output: %w", err)
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// explainOptions is the command line of explain.
type explainOptions struct {
	runOptions
	asJSON bool
}

func newExplainFlags(opts *explainOptions) *flag.FlagSet {
	opts.jobs = 1
	flags := flag.NewFlagSet("darkroom explain", flag.ContinueOnError)
	for _, name := range []string{"f", "format"} {
		flags.StringVar(&opts.format, name, "", "`FORMAT` of the result (default: the server's choice)")
	}
	pictureFlag(flags, &opts.pictures)
	flags.BoolVar(&opts.asJSON, "json", false, "the server's JSON, for programs")
	serverFlags(flags, &opts.server, &opts.keyFile, &opts.timeout, &opts.retries)
	return flags
}

// explainCommand shows how a picture would be made, and at what cost, as the Python client's `darkroom explain` does.
func explainCommand(args []string, stdout, _ io.Writer) error {
	var opts explainOptions
	words, err := interspersed(newExplainFlags(&opts), args)
	if err != nil {
		return err
	}
	if len(words) != 2 {
		return failUsage("explain needs a pipeline and a picture, as in  darkroom explain sepia photo.jpg")
	}
	opts.pipeline, opts.inputs = words[0], words[1:]
	if err := opts.check(); err != nil {
		return err
	}
	data, err := opts.explanation()
	if err != nil {
		return err
	}
	if opts.asJSON {
		return say(stdout, string(data)+"\n")
	}
	return printExplanation(stdout, data)
}

// explanation sends the picture and reads what the server tells of it, as JSON on one line.
func (opts *explainOptions) explanation() ([]byte, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	one := job{source: opts.inputs[0], where: toStdout}
	pic, err := one.open()
	if err != nil {
		return nil, err
	}
	if pic != nil {
		defer pic.Close()
		pic.others = opts.pictures
	}
	asked := opts.asked(one)
	query := asked.target.Query()
	query.Set("explain", "true")
	asked.target.RawQuery = query.Encode()
	answer, err := answerTo(ctx, asked, pic)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, failNetwork(ctx, exitBroken, "the response broke off after %d bytes: %w", len(data), err)
	}
	var line bytes.Buffer
	if json.Compact(&line, data) != nil {
		return nil, errNoExplanation()
	}
	return line.Bytes(), nil
}

// made is what is told of a step, and of how the source is decoded.
type made struct {
	Step                           string
	Scale, Width, Height, Channels int
	Ms                             float64
}

func (one made) row(name string) []string {
	return []string{name, fmt.Sprintf("%d×%d×%d", one.Width, one.Height, one.Channels), fmt.Sprintf("%.1f", one.Ms)}
}

// printExplanation shows an explanation as a table, what the planner changed, and the cost.
func printExplanation(stdout io.Writer, data []byte) error {
	var found struct {
		Format     string
		Rules      []struct{ Rule, Did string }
		Decoding   *made
		Steps      []made
		EncodingMs float64 `json:"encoding_ms"`
		Frames     int
		Ms, Mib    float64
	}
	if json.Unmarshal(data, &found) != nil || found.Decoding == nil || found.Rules == nil || found.Steps == nil {
		return errNoExplanation()
	}
	decode := "decode"
	if found.Decoding.Scale > 1 {
		decode += fmt.Sprintf(" at 1/%d", found.Decoding.Scale)
	}
	rows := [][]string{found.Decoding.row(decode)}
	for _, step := range found.Steps {
		rows = append(rows, step.row(step.Step))
	}
	rows = append(rows, []string{"encode " + found.Format, "", fmt.Sprintf("%.1f", found.EncodingMs)})
	if err := table(stdout, []string{"step", "size", "ms"}, rows, "ms"); err != nil {
		return err
	}
	text := ""
	for _, one := range found.Rules {
		text += plain(one.Rule+": "+one.Did) + "\n"
	}
	text += fmt.Sprintf("\nabout %.1f ms of one core, %.0f MiB", found.Ms, found.Mib)
	if found.Frames > 1 {
		text += fmt.Sprintf(", %d frames", found.Frames)
	}
	return say(stdout, text+"\n")
}

func errNoExplanation() error {
	return fail(exitBroken, "the server's explanation cannot be read: is it a Darkroom server?")
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const drawn = "drawn" // the name of the output that is drawn

// stem is where the picture's own name goes in the name of a drawn one.
const stem = "{stem}"

var tasks = []string{"detect", "faces", "persons", "segment", "classify"}

// detectOptions is the command line of detect.
type detectOptions struct {
	runOptions
	task, model, classes, score, draw string
}

func newDetectFlags(opts *detectOptions) *flag.FlagSet {
	flags := flag.NewFlagSet("darkroom detect", flag.ContinueOnError)
	flags.StringVar(&opts.task, "task", "detect", "`{detect,faces,persons,segment,classify}` what to look for (detect)")
	flags.StringVar(&opts.model, "model", "", "`NAME` the model to use (default: the server's choice for the task)")
	flags.StringVar(&opts.classes, "classes", "", "`LABEL,LABEL` labels to look for (default: all)")
	flags.StringVar(&opts.score, "score", "", "`SCORE` minimum score, 0 to 1 (default: the model's own)")
	flags.StringVar(&opts.draw, "draw", "", "`OUT` draw the findings over a copy: a file; a folder when it ends in /, exists, or there are several pictures; or a name with {stem} in it")
	flags.BoolVar(&opts.json, "json", false, "findings as JSON instead of a table, one line per picture")
	for _, name := range []string{"j", "jobs"} {
		flags.IntVar(&opts.jobs, name, 4, "`N` pictures at a time (4)")
	}
	flags.BoolVar(&opts.force, "force", false, "overwrite existing files")
	flags.BoolVar(&opts.quiet, "quiet", false, "print only findings and what failed")
	serverFlags(flags, &opts.server, &opts.keyFile, &opts.timeout, &opts.retries)
	return flags
}

// detectCommand shows what is in pictures, as the Python client's `darkroom detect` does.
func detectCommand(args []string, stdout, stderr io.Writer) error {
	var opts detectOptions
	words, err := interspersed(newDetectFlags(&opts), args)
	if err != nil {
		return err
	}
	opts.inputs = words
	if err := opts.check(); err != nil {
		return err
	}
	jobs, where, err := opts.plan()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	look := func(one job) result { return opts.look(ctx, one) }
	return report(opts.runOptions, jobs, where, each(ctx, opts.jobs, jobs, look), stdout, stderr)
}

func (opts *detectOptions) check() (err error) {
	score, badScore := strconv.ParseFloat(cmp.Or(opts.score, "0"), 64)
	switch {
	case len(opts.inputs) == 0:
		return failUsage("detect needs a picture, as in  darkroom detect photo.jpg")
	case !slices.Contains(tasks, opts.task):
		return failUsage("-task is one of %s, not %q", strings.Join(tasks, ", "), opts.task)
	case badScore != nil || score < 0 || score > 1:
		return failUsage("-score is a number from 0 to 1, not %q", opts.score)
	case opts.jobs < 1:
		return failUsage("-j must be at least 1, not %d", opts.jobs)
	case opts.draw == "-" || addressForm.MatchString(opts.draw):
		return failUsage("stdout is for the findings, and an address for what `run` makes: give -draw a file.")
	}
	if !opts.json {
		opts.between = "\n"
	}
	if opts.key, err = readKey(opts.keyFile); err != nil {
		return err
	}
	if opts.base, err = baseOf(cmp.Or(opts.server, os.Getenv("DARKROOM_SERVER"), defaultServer)); err != nil {
		return err
	}
	opts.base.RawQuery = ""
	opts.base = opts.base.JoinPath(processPath)
	return nil
}

// plan is which pictures are sent, and where the drawn ones go.
func (opts *detectOptions) plan() ([]job, string, error) {
	placed := runOptions{inputs: opts.inputs, output: opts.draw, json: opts.draw == "", force: true}
	named := strings.Contains(opts.draw, stem)
	if named && slices.Contains(opts.inputs, "-") {
		return nil, "", failUsage("a picture from stdin has no name: give -draw a file.")
	}
	if named {
		placed.output, placed.json = "", true
	}
	jobs, where, err := plan(&placed)
	if err != nil || !named {
		return jobs, where, err
	}
	for i, one := range jobs {
		name := filepath.Base(one.source)
		name = strings.TrimSuffix(name, filepath.Ext(name))
		jobs[i] = job{one.source, toFile, strings.ReplaceAll(opts.draw, stem, name)}
	}
	return jobs, "as " + opts.draw, distinct(jobs)
}

// pipeline is the step that looks.
func (opts *detectOptions) pipeline() string {
	var arguments []string
	classes := strings.FieldsFunc(opts.classes, func(r rune) bool { return r == ',' || r == ' ' })
	for i, one := range classes {
		classes[i] = quotedValue(one)
	}
	for _, one := range [][2]string{{"model", quotedValue(opts.model)}, {"classes", strings.Join(classes, "+")}, {"score", opts.score}} {
		if one[1] != "" {
			arguments = append(arguments, one[0]+"="+one[1])
		}
	}
	if len(arguments) == 0 {
		return opts.task
	}
	return opts.task + ":" + strings.Join(arguments, ",")
}

// quotedValue is a value without the letters of the pipeline's own grammar.
func quotedValue(text string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", ",", "%2C", "=", "%3D", "+", "%2B", " ", "%20").Replace(text)
}

// seen is what the server tells of one picture.
type seen struct {
	Output   struct{ Width, Height int }
	Findings json.RawMessage
	Image    string
}

// look sends one picture, and returns what is printed and where it was drawn.
func (opts *detectOptions) look(ctx context.Context, one job) result {
	isDrawn := one.where == toFile || one.where == inFolder
	if one.where == toFile && !opts.force && exists(one.target) {
		return result{err: fail(exitFile, "%s already exists: --force overwrites it", one.target)}
	}
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	pic, err := one.open()
	if err != nil {
		return result{err: err}
	}
	if pic != nil {
		defer pic.Close()
	}
	found, kind, err := opts.asks(ctx, one, pic, isDrawn)
	if err != nil {
		return result{err: err}
	}
	got := result{}
	if got.printed, err = opts.shown(one, found); err == nil && isDrawn {
		got.saved, err = opts.save(one, found, kind)
	}
	got.err = err
	return got
}

// asks sends the picture and reads the findings; with a drawn copy, both are in one answer.
func (opts *detectOptions) asks(ctx context.Context, one job, pic *picture, isDrawn bool) (found seen, kind string, err error) {
	target := *opts.base
	query := url.Values{}
	request := options{target: &target, key: opts.key, timeout: opts.timeout, retries: opts.retries}
	if addressForm.MatchString(one.source) {
		query.Set("source", one.source)
	}
	if !isDrawn {
		query.Set("pipeline", opts.pipeline())
		query.Set("format", "json")
	} else {
		output := map[string]string{"name": drawn, "pipeline": opts.pipeline() + "/draw"}
		if format := formatOf(one.target); one.where == toFile && format != "" {
			output["format"] = format
		}
		asked, _ := json.Marshal(map[string]any{"outputs": []any{output}, "include": []string{"image"}})
		request.fields = []field{{"request", string(asked)}}
	}
	target.RawQuery = query.Encode()
	answer, err := answerTo(ctx, request, pic)
	if err != nil {
		return found, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return found, "", failNetwork(ctx, exitBroken, "the response broke off after %d bytes: %w", len(data), err)
	}
	return readSeen(data, isDrawn)
}

// readSeen reads an answer: findings, or several outputs of which one is drawn.
func readSeen(data []byte, isDrawn bool) (found seen, kind string, err error) {
	unreadable := fail(exitBroken, "the server's findings cannot be read: is it a Darkroom server?")
	var about struct{ Output struct{ Format string } }
	if isDrawn {
		var several struct{ Outputs map[string]json.RawMessage }
		if json.Unmarshal(data, &several) != nil {
			return found, "", unreadable
		}
		data = several.Outputs[drawn]
	}
	if json.Unmarshal(data, &found) != nil || json.Unmarshal(data, &about) != nil || !bytes.HasPrefix(found.Findings, []byte("{")) {
		return found, "", unreadable
	}
	return found, kindOfSuffix("x." + about.Output.Format), nil
}

// save writes the drawn picture.
func (opts *detectOptions) save(one job, found seen, kind string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(found.Image)
	if err != nil || len(data) == 0 {
		return "", fail(exitBroken, "the server's drawn picture cannot be read: is it a Darkroom server?")
	}
	path := one.pathFor(kind)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", fail(exitFile, "cannot make the folder: %w", err)
	}
	return path, saveBytes(path, data, opts.force)
}

// shown is a picture's findings, as JSON or as a table under its name.
func (opts *detectOptions) shown(one job, found seen) ([]byte, error) {
	if opts.json {
		size := fmt.Sprintf(`{"width":%d,"height":%d`, found.Output.Width, found.Output.Height)
		rest := bytes.TrimPrefix(found.Findings, []byte("{"))
		if !bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
			size += ","
		}
		return named(one.source, append([]byte(size), rest...)), nil
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s, %d × %d\n", plain(one.source), found.Output.Width, found.Output.Height)
	err := printFindings(&text, found.Findings, opts.task)
	return text.Bytes(), err
}

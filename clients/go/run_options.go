package main

import (
	"errors"
	"flag"
	"io"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// runOptions is the command line of run, parsed and checked.
type runOptions struct {
	server, keyFile, output, format string
	pipeline                        string
	inputs                          []string
	query                           url.Values
	pictures                        []secondImage
	quality, jobs, retries          int
	timeout                         time.Duration
	json, force, quiet              bool
	skipExisting                    bool
	between                         string // what is printed between two answers

	base *url.URL // /v1/process with the options
	key  string
}

var addressForm = regexp.MustCompile(`^[a-z][a-z0-9]*://`)

func newRunFlags(opts *runOptions) *flag.FlagSet {
	opts.query = url.Values{}
	flags := flag.NewFlagSet("darkroom run", flag.ContinueOnError)
	for _, name := range []string{"o", "output"} {
		flags.StringVar(&opts.output, name, "", "`OUT` a file; a folder when it ends in /, exists, or there are several pictures; an address where the server stores it (gs://, s3://); or - for stdout (default: NAME-darkroom.EXT beside the picture)")
	}
	for _, name := range []string{"f", "format"} {
		flags.StringVar(&opts.format, name, "", "`FORMAT` jpeg, png, webp, avif, … (default: by the suffix of OUT, else the server's choice)")
	}
	for _, name := range []string{"q", "quality"} {
		flags.IntVar(&opts.quality, name, 0, "`QUALITY` of the encoder, 1 to 100")
	}
	for _, name := range []string{"O", "option"} {
		flags.Func(name, "`KEY=VALUE` another option, such as keep=exif", func(text string) error {
			key, value, found := strings.Cut(text, "=")
			if !found || key == "" {
				return failUsage("expected KEY=VALUE, got %q", text)
			}
			opts.query.Set(key, value)
			return nil
		})
	}
	pictureFlag(flags, &opts.pictures)
	for _, name := range []string{"j", "jobs"} {
		flags.IntVar(&opts.jobs, name, 4, "`N` pictures at a time (4)")
	}
	flags.BoolVar(&opts.json, "json", false, "findings instead of a picture, printed unless -o is given")
	flags.BoolVar(&opts.force, "force", false, "overwrite existing files")
	flags.BoolVar(&opts.skipExisting, "skip-existing", false, "leave out pictures whose result is there; so it is with folders, unless --force is given")
	flags.BoolVar(&opts.quiet, "quiet", false, "print only what failed")
	serverFlags(flags, &opts.server, &opts.keyFile, &opts.timeout, &opts.retries)
	return flags
}

// pictureFlag adds -picture, by which second pictures get their names.
func pictureFlag(flags *flag.FlagSet, pictures *[]secondImage) {
	flags.Func("picture", "`NAME=FILE` a second picture the pipeline names", func(text string) error {
		name, file, _ := strings.Cut(text, "=")
		data, err := os.ReadFile(file)
		if name == "" || name == formKey || err != nil {
			return failUsage("expected NAME=FILE, with a file that can be read, got %q", text)
		}
		*pictures = append(*pictures, secondImage{name, data})
		return nil
	})
}

// parseRun reads the command line; flags may stand before, between and behind the words.
func parseRun(args []string) (runOptions, error) {
	var opts runOptions
	flags := newRunFlags(&opts)
	words, err := interspersed(flags, args)
	if err != nil {
		return opts, err
	}
	if len(words) < 2 {
		return opts, failUsage("run needs a pipeline and a picture, as in  darkroom run sepia photo.jpg")
	}
	opts.pipeline, opts.inputs = words[0], words[1:]
	return opts, opts.check()
}

// interspersed reads flags that stand between words; flag.ErrHelp if one of them asks for help.
func interspersed(flags *flag.FlagSet, args []string) (words []string, err error) {
	flags.SetOutput(io.Discard)
	for len(args) > 0 {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, failUsage("%w", err)
		}
		args = flags.Args()
		if len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	return words, nil
}

func (opts *runOptions) check() (err error) {
	switch {
	case opts.jobs < 1:
		return failUsage("-j must be at least 1, not %d", opts.jobs)
	case opts.json && opts.format != "":
		return failUsage("--json and --format exclude each other")
	}
	if info, err := os.Stat(opts.pipeline); err == nil && info.Mode().IsRegular() && !exists(opts.inputs[0]) {
		return failUsage("the pipeline comes first:  darkroom run %s %s", opts.inputs[0], opts.pipeline)
	}
	if opts.server == "" {
		opts.server = os.Getenv("DARKROOM_SERVER")
	}
	if opts.server == "" {
		opts.server = defaultServer
	}
	if opts.json {
		opts.format = "json"
	}
	if opts.quality != 0 {
		opts.query.Set("quality", strconv.Itoa(opts.quality))
	}
	if opts.key, err = readKey(opts.keyFile); err != nil {
		return err
	}
	opts.base, err = endpoint(opts.server, opts.pipeline, true)
	return err
}

// asked is one job as options of a request.
func (opts runOptions) asked(one job) options {
	target := *opts.base
	query := target.Query()
	for name, values := range opts.query {
		query[name] = values
	}
	format := opts.format
	if format == "" && one.where == toFile {
		format = formatOf(one.target)
	}
	if format != "" {
		query.Set("format", format)
	}
	if addressForm.MatchString(one.source) {
		query.Set("source", one.source)
	}
	if one.where == remote {
		query.Set("to", one.target)
	}
	target.RawQuery = query.Encode()
	return options{target: &target, key: opts.key, timeout: opts.timeout, retries: opts.retries}
}

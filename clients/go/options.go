package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	defaultServer  = "http://localhost:8080"
	uploadPath     = "/upload"
	processPath    = "/v1/process"
	defaultTimeout = 60 * time.Second
)

// options is the parsed and checked command line.
type options struct {
	method  string   // POST where it is empty
	target  *url.URL // where the picture is posted to
	fields  []field  // of the form, beside the picture
	key     string   // empty without one
	file    string
	output  string
	timeout time.Duration
	retries int // of a busy server
	help    bool
	version bool

	server      string
	keyFile     string
	pipeline    string
	hasPipeline bool // an empty -pipeline counts: it only re-encodes
	outputNamed bool // else the suffix of the output follows the response

	sign    string // the URL to sign, instead of sending a picture
	expires int64  // Unix time in seconds; 0: never
}

func newFlags(opts *options) *flag.FlagSet {
	flags := flag.NewFlagSet("darkroom", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opts.server, "server", "", "base `URL` of the server, with or without /upload at its end\n"+
		"(else the variable DARKROOM_SERVER, else "+defaultServer+")")
	flags.StringVar(&opts.keyFile, "key-file", "", "`file` with the server's key\n"+
		"(else the variable DARKROOM_KEY, else the file DARKROOM_KEY_FILE names)")
	flags.StringVar(&opts.file, "file", "1.jpg", "`picture` to send")
	flags.StringVar(&opts.output, "output", "2.jpg", "`file` to save the result to; replaced only by a complete response")
	flags.Func("pipeline", "`steps` to run, such as resize:800/sepia; goes to /v1/process\n"+
		"(without it the picture goes to /upload, which blurs)", func(text string) error {
		opts.pipeline, opts.hasPipeline = text, true
		return nil
	})
	flags.DurationVar(&opts.timeout, "timeout", defaultTimeout, "longest `time` for the whole exchange, such as 90s or 5m")
	flags.StringVar(&opts.sign, "sign", "", "print this `URL` signed, with the key in DARKROOM_SIGNING_KEY; nothing is sent")
	flags.Func("expires", "with -sign, until when the link is valid: `time` such as 30m, 12h or 7d, or Unix time in seconds", func(text string) (err error) {
		opts.expires, err = parseExpiry(text)
		return err
	})
	retriesFlag(flags, &opts.retries, "how often to retry a busy server, `N` times (default 3)")
	flags.BoolVar(&opts.version, "version", false, "print the version and exit")
	return flags
}

func parseOptions(args []string) (options, error) {
	var opts options
	flags := newFlags(&opts)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		opts.help = true
		return opts, nil
	} else if err != nil {
		return opts, failUsage("%w", err)
	}
	if opts.version {
		return opts, nil
	}
	isNamed := false
	flags.Visit(func(given *flag.Flag) {
		isNamed = isNamed || given.Name == "server"
		opts.outputNamed = opts.outputNamed || given.Name == "output"
	})
	if !isNamed {
		opts.server = cmp.Or(os.Getenv("DARKROOM_SERVER"), defaultServer)
	}
	return opts, opts.check(flags.Args())
}

func (opts *options) check(rest []string) (err error) {
	switch {
	case len(rest) > 0:
		return failUsage("%q is none of the commands (%s); without one, -file names the picture and -output the result", rest[0], strings.Join(commandWords(), ", "))
	case opts.file == "":
		return failUsage("-file is empty")
	case opts.output == "":
		return failUsage("-output is empty")
	case opts.sign == "" && opts.expires != 0:
		return failUsage("-expires is for -sign")
	case opts.timeout <= 0:
		return failUsage("-timeout must be more than zero, not %v", opts.timeout)
	}
	if opts.target, err = endpoint(opts.server, opts.pipeline, opts.hasPipeline); err == nil && opts.outputNamed {
		askFor(opts.target, formatOf(opts.output))
	}
	return err
}

// askFor adds the format that an output's suffix means, unless the server's URL names one. /upload makes JPEG.
func askFor(target *url.URL, format string) {
	query := target.Query()
	isUsual := format == "jpeg" && strings.HasSuffix("/"+target.Path, uploadPath)
	if format == "" || isUsual || query.Has("format") {
		return
	}
	query.Set("format", format)
	target.RawQuery = query.Encode()
}

// endpoint turns -server and -pipeline into the URL to post to. The base is what precedes /upload; a query
// in the server's URL (?format=png) is kept.
func endpoint(server, pipeline string, hasPipeline bool) (*url.URL, error) {
	base, err := baseOf(server)
	if err != nil {
		return nil, err
	}
	if !hasPipeline {
		return base.JoinPath(uploadPath), nil
	}
	query := base.Query()
	query.Set("pipeline", pipeline)
	base.RawQuery = query.Encode()
	return base.JoinPath(processPath), nil
}

// baseOf is the server's own address, with its query.
func baseOf(server string) (*url.URL, error) {
	target, err := url.Parse(server)
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Hostname() == "" {
		return nil, failUsage("-server %q is not a web URL: write it like %s", server, defaultServer)
	}
	base := *target
	base.Path = strings.TrimSuffix(strings.TrimRight(target.Path, "/"), uploadPath)
	base.RawPath, base.Fragment, base.RawFragment = "", "", ""
	return &base, nil
}

func failUsage(format string, args ...any) error {
	return fail(exitUsage, format+"\nTry: darkroom -help", args...)
}

func helpText() string {
	var text strings.Builder
	flags := newFlags(new(options))
	flags.SetOutput(&text)
	text.WriteString("Send pictures to a Darkroom server and save the results.\n\n" + usageText)
	text.WriteString("\n`darkroom COMMAND --help` tells the flags of a command.\n")
	text.WriteString("\nFlags without a command:\n")
	flags.PrintDefaults()
	text.WriteString(examples + "\nExit codes:\n")
	for _, exit := range exitMeanings {
		fmt.Fprintf(&text, "  %3d  %s\n", exit.code, exit.meaning)
	}
	return strings.ReplaceAll(text.String(), "\t", "    ") // the flag package indents with tabs
}

const usageText = `Usage:
  darkroom run PIPELINE INPUT... [-o OUT]    pictures, folders, addresses (gs://, s3://, https://), or - for stdin
  darkroom detect INPUT... [-draw OUT]       what is in pictures, as a table, as JSON, and drawn over a copy
  darkroom explain PIPELINE INPUT            how a picture would be made, and at what cost
  darkroom stream SOURCE PIPELINE [-o DIR]   the frames of a video or a camera, a line of JSON for each
  darkroom images VERB [WORD...]             pictures stored on the server: list, put, get, rm, similar
  darkroom models [NAME]                     the models, one in full; load NAME and unload NAME
  darkroom filters [NAME]                    the filters, measures and vision steps, or how to use one
  darkroom formats                           the formats that the server reads and writes
  darkroom sign [-expires TIME] URL...       links that need no other permission
  darkroom completions SHELL                 completions for bash, zsh or fish
  darkroom version                           the versions of client and server
  darkroom [flags]                           one picture, as described under "Flags without a command"
`

const examples = `
Examples:
  darkroom run sepia street.jpg                       writes street-darkroom.jpg beside it
  darkroom run resize:800 *.jpg -o small/ -f webp -q 70
  darkroom run grayscale holiday/ -o grey/            a folder; what is there already is skipped
  darkroom run palette street.jpg                     its main colours, as JSON
  cat street.jpg | darkroom run sepia - > out.jpg     - is stdin; the result goes to stdout
  darkroom detect street.jpg -draw seen.jpg           a table of what is in it, also drawn over a copy
  darkroom detect street.jpg -model yolox_nano -classes person,dog -score 0.4
  darkroom explain resize:800/blur:15 street.jpg      how the server would run it, and what it would cost
  darkroom stream street.mp4 detect/track             a line of JSON for each frame, by ffmpeg
  darkroom stream 0 faces/track                       the first camera, until Ctrl-C
  darkroom stream street.mjpeg detect/track/draw -o drawn/
  darkroom images put *.jpg                           store pictures; images list shows them
  darkroom images list min_width=1920 sort=-taken     KEY=VALUE as of GET /v1/images
  darkroom images get ID -o street.jpg                its bytes, as they were sent
  darkroom models load yolox_nano                     fetch a model if it is absent, and load it
  darkroom filters resize                             its parameters, units and defaults
  darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom

  Blur 1.jpg, save it as 2.jpg (a server must run: make run)
    darkroom

  Blur a picture of your own
    darkroom -file street.jpg -output blurred.jpg

  Resize, then tone
    darkroom -file street.jpg -output small.jpg -pipeline resize:800/sepia

  Only re-encode
    darkroom -file street.jpg -output smaller.jpg -pipeline ''

  Sign a link that is valid for a week
    DARKROOM_SIGNING_KEY=… darkroom -expires 7d -sign https://photos.example/v1/images/ID/original

  Use another server, ask for PNG, and wait longer
    darkroom -server 'https://darkroom.example.com/upload?format=png' -output 2.png -timeout 5m

  Use a server that asks for a key
    darkroom -key-file laptop.key -file street.jpg
`

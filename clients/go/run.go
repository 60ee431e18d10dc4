package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// result is what became of one picture.
type result struct {
	saved   string
	printed []byte
	skipped bool
	err     error
}

// runCommand sends pictures through a pipeline, as the Python client's `darkroom run` does.
func runCommand(args []string, stdout, stderr io.Writer) error {
	opts, err := parseRun(args)
	if err != nil {
		return err
	}
	jobs, where, err := plan(&opts)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	send := func(one job) result { return runOne(ctx, opts, one) }
	return report(opts, jobs, where, each(ctx, opts.jobs, jobs, send), stdout, stderr)
}

// each sends the pictures, so many at a time, and hands out the results in the order of the jobs. After one that
// says that every other would fail as well, none begins.
func each(ctx context.Context, atATime int, jobs []job, send func(job) result) []chan result {
	results := make([]chan result, len(jobs))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	numbers := make(chan int)
	stopped, stop := context.WithCancel(ctx)
	go func() {
		defer stop()
		defer close(numbers)
		for i := range jobs {
			select {
			case numbers <- i:
			case <-stopped.Done():
				for _, left := range results[i:] {
					close(left)
				}
				return
			}
		}
	}()
	for range min(atATime, len(jobs)) {
		go func() {
			for i := range numbers {
				got := send(jobs[i])
				if isFatal(got.err) {
					stop()
				}
				results[i] <- got
				close(results[i])
			}
		}()
	}
	return results
}

// isFatal says whether every other picture would fail as well.
func isFatal(err error) bool {
	code := exitCode(err)
	return err != nil && (code == exitConnection || code == exitInterrupted)
}

// runOne sends one picture and saves or returns the result.
func runOne(ctx context.Context, opts runOptions, one job) result {
	if path, ok := one.existing(opts); ok {
		if opts.skipExisting {
			return result{skipped: true}
		}
		if !opts.force {
			return result{err: fail(exitFile, "%s already exists: --force overwrites it", path)}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	pic, err := one.open()
	if err != nil {
		return result{err: err}
	}
	if pic != nil {
		defer pic.Close()
		pic.others = opts.pictures
	}
	answer, err := answerTo(ctx, opts.asked(one), pic)
	if err != nil {
		return result{err: err}
	}
	defer answer.Body.Close()
	return one.keep(ctx, opts, answer)
}

// keep saves the response, or returns it if it is to be printed.
func (one job) keep(ctx context.Context, opts runOptions, answer *http.Response) result {
	kind := typeOf(answer)
	if one.where == remote {
		return result{saved: one.target}
	}
	if one.where == toStdout || (one.where == beside && kind == jsonType) {
		data, err := io.ReadAll(answer.Body)
		if err != nil {
			return result{err: failNetwork(ctx, exitBroken, "the response broke off after %d bytes: %w", len(data), err)}
		}
		if kind == jsonType && one.where == beside {
			data = named(one.source, data)
		}
		return result{printed: data}
	}
	path := one.pathFor(kind)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return result{err: fail(exitFile, "cannot make the folder: %w", err)}
	}
	out, err := createOutput(path)
	if err != nil {
		return result{err: err}
	}
	defer out.discard()
	out.keep = !opts.force
	if err := receive(ctx, out, answer); err != nil {
		return result{err: err}
	}
	return result{saved: path, err: out.commit()}
}

// named is JSON on one line with the picture's name as its first member.
func named(source string, data []byte) []byte {
	var line bytes.Buffer
	name, _ := json.Marshal(source)
	if json.Compact(&line, data) != nil || !bytes.HasPrefix(line.Bytes(), []byte("{")) {
		return data
	}
	rest := bytes.TrimPrefix(line.Bytes(), []byte("{"))
	return append(append(append([]byte(`{"input":`), name...), ','), append(rest, '\n')...)
}

// report prints the results in order and says how many are done, were there, or failed and why.
func report(opts runOptions, jobs []job, where string, results []chan result, stdout, stderr io.Writer) error {
	var saved []string
	var failed []string
	var last error
	tried, skipped, printed, codes := 0, 0, 0, map[int]bool{}
	for i, channel := range results {
		got, ok := <-channel
		if !ok {
			continue
		}
		tried++
		switch {
		case got.err != nil:
			last = got.err
			codes[exitCode(got.err)] = true
			failed = append(failed, fmt.Sprintf("  %s: %v\n", clean(jobs[i].source), got.err))
		case got.skipped:
			skipped++
		case got.printed != nil:
			if printed++; printed > 1 {
				got.printed = append([]byte(opts.between), got.printed...)
			}
			if _, err := stdout.Write(got.printed); err != nil {
				return fail(exitFile, "cannot write to standard output: %w", err)
			}
		}
		if got.err == nil && got.saved != "" {
			saved = append(saved, got.saved)
		}
	}
	if len(jobs) == 1 && last != nil {
		return last
	}
	if !opts.quiet {
		tell(stderr, saved, skipped, where)
	}
	if last == nil {
		return nil
	}
	fmt.Fprintf(stderr, "%d of %d failed:\n%s", len(failed), len(jobs), strings.Join(failed, ""))
	if tried < len(jobs) {
		fmt.Fprintf(stderr, "  and %d were not tried.\n", len(jobs)-tried)
	}
	return &failure{codeOf(codes, tried > len(failed)), errors.New("")}
}

func tell(stderr io.Writer, saved []string, skipped int, where string) {
	switch {
	case len(saved) == 1:
		fmt.Fprintf(stderr, "Saved %s\n", clean(saved[0]))
	case len(saved) > 1:
		fmt.Fprintf(stderr, "Saved %d pictures %s\n", len(saved), clean(where))
	}
	if skipped == 1 {
		fmt.Fprintln(stderr, "1 was there already and was skipped; --force makes it anew.")
	} else if skipped > 1 {
		fmt.Fprintf(stderr, "%d were there already and were skipped; --force makes them anew.\n", skipped)
	}
}

// codeOf is the exit code of several pictures of which at least one failed.
func codeOf(codes map[int]bool, someDone bool) int {
	switch {
	case codes[exitInterrupted]:
		return exitInterrupted
	case codes[exitConnection]:
		return exitConnection
	case len(codes) == 1 && !someDone:
		for code := range codes {
			return code
		}
	}
	return exitSomeFailed
}

// exists says whether there is a file or link at a path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

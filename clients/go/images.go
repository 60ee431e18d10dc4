package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// image is a stored picture, as the server's catalog tells it.
type image struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Source   string   `json:"source"`
	Width    int      `json:"width"`
	Height   int      `json:"height"`
	Format   string   `json:"format"`
	Bytes    int64    `json:"bytes"`
	SHA256   string   `json:"sha256"`
	Added    string   `json:"added"`
	Taken    *string  `json:"taken"`
	Camera   *string  `json:"camera"`
	Labels   []string `json:"labels"`
	Distance *int     `json:"distance"`
}

var imageVerbs = []string{"list", "put", "get", "rm", "similar"}

var keyForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// imageOptions is the command line of images.
type imageOptions struct {
	door
	output      string
	force, json bool
}

func newImageFlags(opts *imageOptions) *flag.FlagSet {
	flags := newDoorFlags("images", &opts.door)
	for _, name := range []string{"o", "output"} {
		flags.StringVar(&opts.output, name, "", "`FILE` with get: write the picture itself; - for stdout")
	}
	flags.BoolVar(&opts.force, "force", false, "overwrite an existing file")
	flags.BoolVar(&opts.json, "json", false, "one line of JSON per picture, for programs")
	return flags
}

// imagesCommand stores pictures on the server; lists, fetches and deletes them.
func imagesCommand(args []string, stdout, stderr io.Writer) error {
	opts := imageOptions{door: door{stdout: stdout, stderr: stderr}}
	return opts.ask(newImageFlags(&opts), args, func(words []string) error {
		verbs := map[string]func([]string) error{
			"list": opts.list, "put": opts.put, "get": opts.get, "rm": opts.remove, "similar": opts.similar,
		}
		if len(words) == 0 || verbs[words[0]] == nil {
			return failUsage("images needs a verb: list, put, get, rm or similar")
		}
		if opts.output != "" && words[0] != "get" {
			return failUsage("-o is for `darkroom images get`.")
		}
		return verbs[words[0]](words[1:])
	})
}

func (opts *imageOptions) list(words []string) error {
	query, err := pairsOf(words)
	if err != nil {
		return err
	}
	next, err := opts.page(query)
	if err != nil || next == "" || opts.json {
		return err
	}
	return say(opts.stdout, "\nmore:  darkroom images list "+plain(strings.Join(append(words, "cursor="+next), " "))+"\n")
}

func (opts *imageOptions) similar(words []string) error {
	if len(words) == 0 || strings.Contains(words[0], "=") {
		return failUsage("similar to which?  darkroom images similar ID  (`darkroom images list` shows ids)")
	}
	query, err := pairsOf(append([]string{"similar_to=" + words[0]}, words[1:]...))
	if err != nil {
		return err
	}
	_, err = opts.page(query)
	return err
}

// page shows one page of stored pictures, and returns the cursor of the next.
func (opts *imageOptions) page(query url.Values) (next string, err error) {
	var answer struct {
		Images []image
		Next   string
	}
	if err := opts.read(http.MethodGet, []string{"v1", "images"}, query, nil, &answer); err != nil {
		return "", err
	}
	return answer.Next, opts.show(answer.Images)
}

func pairsOf(words []string) (url.Values, error) {
	query := url.Values{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found || value == "" || !keyForm.MatchString(key) {
			return nil, failUsage("%q is not KEY=VALUE, as in min_width=1920.", word)
		}
		query.Set(key, value)
	}
	return query, nil
}

// put stores each file on its own: if one is refused, the others are still sent.
func (opts *imageOptions) put(files []string) error {
	if len(files) == 0 {
		return failUsage("which pictures?  darkroom images put FILE …")
	}
	var rows []image
	var worst error
	for _, file := range files {
		row, err := opts.putOne(file)
		if err != nil {
			fmt.Fprintf(opts.stderr, "%s:\ndarkroom: %v\n", plain(file), err)
			worst = err
			continue
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		if err := opts.show(rows); err != nil {
			return err
		}
	}
	if worst == nil {
		return nil
	}
	return said(worst, len(rows) > 0)
}

// said is the failure of several of which all reasons are told: that of the last, unless some are done.
func said(worst error, someDone bool) error {
	if someDone {
		return &failure{exitSomeFailed, errors.New("")}
	}
	return &failure{exitCode(worst), errors.New("")}
}

func (opts *imageOptions) putOne(file string) (row image, err error) {
	pic, err := openPicture(file, "")
	if err != nil {
		return row, err
	}
	defer pic.Close()
	query := url.Values{"name": {filepath.Base(file)}}
	return row, opts.read(http.MethodPost, []string{"v1", "images"}, query, pic, &row)
}

func (opts *imageOptions) get(words []string) error {
	if len(words) != 1 {
		return failUsage("which one?  darkroom images get ID  (`darkroom images list` shows ids)")
	}
	path := []string{"v1", "images", words[0]}
	if opts.output == "" {
		var row image
		if err := opts.read(http.MethodGet, path, nil, nil, &row); err != nil {
			return err
		}
		return opts.explain(row)
	}
	if opts.output != "-" && !opts.force && exists(opts.output) {
		return fail(exitFile, "%s already exists: --force overwrites it", opts.output)
	}
	return opts.do(http.MethodGet, append(path, "original"), nil, nil, func(ctx context.Context, answer *http.Response) error {
		if opts.output == "-" {
			if got, err := io.Copy(opts.stdout, answer.Body); err != nil {
				return failNetwork(ctx, exitBroken, "the response broke off after %d bytes: %w", got, err)
			}
			return nil
		}
		out, err := createOutput(opts.output)
		if err != nil {
			return err
		}
		defer out.discard()
		out.keep = !opts.force
		if err := receive(ctx, out, answer); err != nil {
			return err
		}
		return out.commit()
	})
}

func (opts *imageOptions) remove(ids []string) error {
	if len(ids) == 0 {
		return failUsage("which ones?  darkroom images rm ID …  (`darkroom images list` shows ids)")
	}
	var worst error
	failed := 0
	for _, id := range ids {
		nothing := func(context.Context, *http.Response) error { return nil }
		if err := opts.do(http.MethodDelete, []string{"v1", "images", id}, nil, nil, nothing); err != nil {
			fmt.Fprintf(opts.stderr, "darkroom: %v\n", err)
			worst = err
			failed++
		}
	}
	if worst == nil {
		return nil
	}
	return said(worst, failed < len(ids))
}

// show prints rows as a table, or each as a line of JSON.
func (opts *imageOptions) show(rows []image) error {
	if opts.json {
		writer := json.NewEncoder(opts.stdout)
		writer.SetEscapeHTML(false)
		for _, row := range rows {
			if row.Labels == nil {
				row.Labels = []string{}
			}
			if err := writer.Encode(row); err != nil {
				return fail(exitFile, "cannot write to standard output: %w", err)
			}
		}
		return nil
	}
	columns, alike := []string{"id", "name", "format", "width", "height", "kB", "taken or added"}, false
	for _, row := range rows {
		alike = alike || row.Distance != nil
	}
	if alike {
		columns = append(columns, "distance")
	}
	cells := make([][]string, len(rows))
	for i, row := range rows {
		cells[i] = row.cells(alike)
	}
	return table(opts.stdout, columns, cells, "width", "height", "kB", "distance")
}

func (row image) cells(alike bool) []string {
	when := row.Added
	if row.Taken != nil && *row.Taken != "" {
		when = *row.Taken
	}
	when = strings.Replace(when[:min(len(when), 16)], "T", " ", 1)
	cells := []string{row.ID, row.Name, row.Format, strconv.Itoa(row.Width), strconv.Itoa(row.Height),
		fmt.Sprintf("%.0f", float64(row.Bytes)/1000), when}
	if !alike {
		return cells
	}
	if row.Distance == nil {
		return append(cells, "")
	}
	return append(cells, strconv.Itoa(*row.Distance))
}

// explain prints the details of one.
func (opts *imageOptions) explain(row image) error {
	if opts.json {
		return opts.show([]image{row})
	}
	facts := [][2]string{{"id", row.ID}, {"name", row.Name}, {"source", row.Source}, {"width", strconv.Itoa(row.Width)},
		{"height", strconv.Itoa(row.Height)}, {"format", row.Format}, {"bytes", strconv.FormatInt(row.Bytes, 10)},
		{"sha256", row.SHA256}, {"added", row.Added}, {"taken", textOf(row.Taken)}, {"camera", textOf(row.Camera)},
		{"labels", strings.Join(row.Labels, ", ")}}
	var text strings.Builder
	for _, fact := range facts {
		if fact[1] != "" {
			fmt.Fprintf(&text, "%-9s%s\n", fact[0], plain(fact[1]))
		}
	}
	return say(opts.stdout, text.String()+"\nits bytes:  darkroom images get "+plain(row.ID)+" -o FILE\n")
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

package main

import (
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// place is where a result goes.
type place int

const (
	toStdout place = iota
	beside         // a new file beside the picture; JSON is printed
	inFolder       // a file of the output folder
	toFile         // the file that was named
	remote         // an address, where the server stores it
)

// job is one picture and where its result goes. The response settles the suffix of the target, but for toFile.
type job struct {
	source string // a path, an address, or - for stdin
	where  place
	target string
}

// plan is which pictures are sent and where each result goes, as jobs and as the end of a sentence.
func plan(opts *runOptions) (jobs []job, where string, err error) {
	toFolder := strings.HasSuffix(opts.output, "/") || isFolder(opts.output)
	many := len(opts.inputs) > 1
	for _, input := range opts.inputs {
		many = many || isFolder(input)
		if input == "-" && len(opts.inputs) > 1 {
			return nil, "", failUsage("- (stdin) must be the only input")
		}
	}
	if many && opts.output == "-" {
		return nil, "", failUsage("stdout takes one picture only: use -o FOLDER for several")
	}
	where = "in their folders"
	if opts.output != "" && (many || toFolder) {
		where = "in " + opts.output
	}
	for _, input := range opts.inputs {
		found, err := opts.entries(input, many || toFolder)
		if err != nil {
			return nil, "", err
		}
		jobs = append(jobs, found...)
	}
	if len(jobs) == 0 {
		return nil, "", failUsage("there are no pictures in %s", strings.Join(opts.inputs, ", "))
	}
	return jobs, where, distinct(jobs)
}

// entries are the jobs of one input: one, or all pictures of a folder.
func (opts *runOptions) entries(input string, intoFolder bool) ([]job, error) {
	if !isFolder(input) {
		one, err := opts.single(input, intoFolder)
		return []job{one}, err
	}
	if opts.output == "" && !opts.json {
		return nil, failUsage("%s is a folder: name the output folder with -o FOLDER", input)
	}
	opts.skipExisting = !opts.force
	var jobs []job
	err := filepath.WalkDir(input, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") && file != input {
			return skipIf(entry.IsDir())
		}
		if entry.IsDir() {
			return skipIf(file != input && opts.output != "" && sameFile(file, opts.output))
		}
		if isPicture(file) {
			below, _ := filepath.Rel(input, file)
			if len(opts.inputs) > 1 {
				below = filepath.Join(filepath.Base(input), below)
			}
			jobs = append(jobs, opts.placed(file, below))
		}
		return nil
	})
	if err != nil {
		return nil, fail(exitFile, "cannot read the folder: %w", err)
	}
	return jobs, nil
}

func skipIf(skip bool) error {
	if skip {
		return fs.SkipDir
	}
	return nil
}

// placed is the job of a file that goes into the output folder, below it; without one it is printed.
func (opts *runOptions) placed(file, below string) job {
	switch {
	case opts.output == "":
		return job{file, beside, file}
	case addressForm.MatchString(opts.output):
		return job{file, remote, strings.TrimRight(opts.output, "/") + "/" + opts.remoteName(filepath.ToSlash(below))}
	}
	return job{file, inFolder, filepath.Join(opts.output, below)}
}

// remoteName has the suffix of the format, where one is named: the server goes by it.
func (opts *runOptions) remoteName(name string) string {
	if opts.format == "" {
		return name
	}
	return strings.TrimSuffix(name, path.Ext(name)) + suffixOf(kindOfSuffix("x."+opts.format))
}

func (opts *runOptions) single(input string, intoFolder bool) (job, error) {
	isAddress := addressForm.MatchString(input)
	if !isAddress && input != "-" && !exists(input) {
		return job{}, failUsage("there is no file %s", input)
	}
	name := filepath.Base(input)
	if isAddress {
		if where, err := url.Parse(input); err == nil {
			name = path.Base(where.Path)
		}
	}
	switch {
	case opts.output == "-" || (input == "-" && opts.output == ""):
		return job{input, toStdout, ""}, nil
	case opts.output == "" && isAddress:
		return job{input, beside, strings.TrimSuffix(name, path.Ext(name)) + "-darkroom" + path.Ext(name)}, nil
	case opts.output == "":
		return job{input, beside, strings.TrimSuffix(input, filepath.Ext(input)) + "-darkroom" + filepath.Ext(input)}, nil
	case input == "-" && intoFolder:
		return job{}, failUsage("a picture from stdin has no name: give -o a file")
	case intoFolder:
		return opts.placed(input, name), nil
	case addressForm.MatchString(opts.output):
		return job{input, remote, opts.output}, nil
	}
	return job{input, toFile, opts.output}, nil
}

func distinct(jobs []job) error {
	seen := map[string]bool{}
	for _, one := range jobs {
		if one.where != toStdout && seen[one.target] {
			return failUsage("two of the pictures would both be written to %s: send them separately", one.target)
		}
		seen[one.target] = true
	}
	return nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return name != "" && err == nil && info.IsDir()
}

func sameFile(one, other string) bool {
	first, err := os.Stat(one)
	second, failed := os.Stat(other)
	return err == nil && failed == nil && os.SameFile(first, second)
}

// pathFor is the file for a response of this media type.
func (one job) pathFor(kind string) string {
	if one.where == toFile {
		return one.target
	}
	return withSuffixOf(one.target, kind)
}

// existing is the file that the result would replace, as far as that is known before anything is sent.
func (one job) existing(opts runOptions) (string, bool) {
	switch {
	case one.where == toFile:
		return one.target, exists(one.target)
	case one.where == toStdout || one.where == remote || (one.where == beside && opts.json):
		return "", false
	case opts.format != "":
		name := withSuffixOf(one.target, kindOfSuffix("x."+opts.format))
		return name, exists(name)
	case !opts.skipExisting:
		return "", false // the server chooses the suffix
	}
	for _, known := range append(types, struct{ suffix, kind string }{".json", jsonType}) {
		if name := withSuffixOf(one.target, known.kind); exists(name) {
			return name, true
		}
	}
	return "", false
}

// open is the picture to send; nil for an address. What comes through stdin is copied to a file first.
func (one job) open() (*picture, error) {
	if addressForm.MatchString(one.source) {
		return nil, nil
	}
	if one.source != "-" {
		return openPicture(one.source, "")
	}
	file, err := os.CreateTemp("", "darkroom-*")
	if err != nil {
		return nil, fail(exitFile, "cannot copy standard input: %w", err)
	}
	os.Remove(file.Name()) // where that is possible, it is gone when it is closed
	if _, err := io.Copy(file, os.Stdin); err != nil {
		file.Close()
		return nil, fail(exitFile, "cannot read standard input: %w", err)
	}
	pic, err := sized(file)
	if pic != nil {
		pic.name = "picture"
	}
	return pic, err
}

package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

func TestServerFromTheEnvironment(t *testing.T) {
	cases := []struct {
		id   string
		env  string
		args []string
		want string
	}{
		{"unset", "", nil, "http://localhost:8080/upload"},
		{"variable", "http://env:1", nil, "http://env:1/upload"},
		{"flag before variable", "http://env:1", []string{"-server", "http://flag:2"}, "http://flag:2/upload"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			t.Setenv("DARKROOM_SERVER", c.env)
			opts, err := parseOptions(c.args)
			if err != nil {
				t.Fatal(err)
			}
			if got := opts.target.String(); got != c.want {
				t.Errorf("posts to %s, want %s", got, c.want)
			}
		})
	}
}

func TestEndpoint(t *testing.T) {
	t.Setenv("DARKROOM_SERVER", "")
	cases := []struct {
		id   string
		args []string
		want string
	}{
		{"default", nil, "http://localhost:8080/upload"},
		{"base", []string{"-server", "http://h:1"}, "http://h:1/upload"},
		{"base and slash", []string{"-server", "http://h/"}, "http://h/upload"},
		{"ends in upload", []string{"-server", "http://h/upload"}, "http://h/upload"},
		{"ends in upload and slash", []string{"-server", "http://h/upload/"}, "http://h/upload"},
		{"https", []string{"-server", "https://h"}, "https://h/upload"},
		{"below a folder", []string{"-server", "http://h/fn"}, "http://h/fn/upload"},
		{"word that only ends alike", []string{"-server", "http://h/myupload"}, "http://h/myupload/upload"},
		{"query kept", []string{"-server", "http://h/upload?format=png"}, "http://h/upload?format=png"},
		{"fragment dropped", []string{"-server", "http://h/#top"}, "http://h/upload"},
		{"pipeline", []string{"-server", "http://h", "-pipeline", "blur"}, "http://h/v1/process?pipeline=blur"},
		{"pipeline from upload", []string{"-server", "http://h/upload", "-pipeline", "blur"}, "http://h/v1/process?pipeline=blur"},
		{"pipeline below a folder", []string{"-server", "http://h/fn/upload", "-pipeline", "blur"}, "http://h/fn/v1/process?pipeline=blur"},
		{"empty pipeline", []string{"-server", "http://h", "-pipeline", ""}, "http://h/v1/process?pipeline="},
		{"pipeline and query", []string{"-server", "http://h?format=png", "-pipeline", "blur"}, "http://h/v1/process?format=png&pipeline=blur"},
		{"IPv6", []string{"-server", "http://[::1]:8080"}, "http://[::1]:8080/upload"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			opts, err := parseOptions(c.args)
			if err != nil {
				t.Fatal(err)
			}
			if got := opts.target.String(); got != c.want {
				t.Errorf("posts to %s, want %s", got, c.want)
			}
		})
	}
}

func TestPipelineSurvivesTheQuery(t *testing.T) {
	for _, text := range []string{"resize:800,600,fit=cover/blur:15/sepia", "text:a%2Fb", "draw:cat+dog", "text:a b&c=d;#é"} {
		t.Run(text, func(t *testing.T) {
			opts, err := parseOptions([]string{"-pipeline", text})
			if err != nil {
				t.Fatal(err)
			}
			if got := opts.target.Query().Get("pipeline"); got != text {
				t.Errorf("arrives as %q, want %q", got, text)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	cases := []struct {
		id   string
		args []string
		text string
	}{
		{"unknown flag", []string{"-colour", "red"}, "-colour"},
		{"picture without -file", []string{"street.jpg"}, `"street.jpg"`},
		{"no scheme", []string{"-server", "localhost:8080"}, "write it like http://localhost:8080"},
		{"bare host", []string{"-server", "localhost"}, "not a web URL"},
		{"another scheme", []string{"-server", "ftp://h"}, "not a web URL"},
		{"no host", []string{"-server", "http://"}, "not a web URL"},
		{"only a port", []string{"-server", "http://:8080"}, "not a web URL"},
		{"broken escape", []string{"-server", "http://h/%zz"}, "not a web URL"},
		{"empty server", []string{"-server", ""}, "not a web URL"},
		{"empty file", []string{"-file", ""}, "-file is empty"},
		{"empty output", []string{"-output", ""}, "-output is empty"},
		{"timeout without unit", []string{"-timeout", "5"}, "-timeout"},
		{"timeout of zero", []string{"-timeout", "0s"}, "more than zero"},
		{"timeout below zero", []string{"-timeout", "-1s"}, "more than zero"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			d := newWorkspace(t)
			var stdout, stderr strings.Builder
			code := run(c.args, &stdout, &stderr)
			d.mustFail(t, outcome{code, stdout.String(), stderr.String()}, exitUsage, c.text, "darkroom -help")
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for flag, texts := range map[string][]string{
		"-help":     {"-server", "-file", "-output", "-pipeline", "-timeout", "Examples:", "Exit codes:", "130"},
		"-h":        {"Examples:"},
		"--version": {"darkroom-go " + version},
	} {
		t.Run(flag, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := run([]string{flag}, &stdout, &stderr); code != exitDone || stderr.Len() > 0 {
				t.Errorf("exit %d, stderr %q", code, stderr.String())
			}
			for _, text := range texts {
				if !strings.Contains(stdout.String(), text) {
					t.Errorf("%q is missing in:\n%s", text, stdout.String())
				}
			}
		})
	}
}

// flagsOf are the flags of a command; nil without one.
func flagsOf(args []string) *flag.FlagSet {
	for _, known := range words() {
		if len(args) > 1 && args[1] == known.name {
			return known.flags()
		}
	}
	return nil
}

func TestExamplesInHelpParse(t *testing.T) {
	found := 0
	here(t, map[string]string{"logo.png": "drawn"})
	text := examples
	for _, about := range manuals {
		text += about.more
	}
	for _, line := range strings.Split(text, "\n") {
		command, _, _ := strings.Cut(strings.TrimSpace(line), "   ") // what follows explains it
		words := strings.Fields(command)
		if len(words) == 0 || words[0] != "darkroom" {
			continue
		}
		found++
		for i := range words {
			words[i] = strings.Trim(words[i], `'"`)
		}
		if len(words) > 1 && words[1] == "run" {
			if _, err := parseRun(words[2:]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if flags := flagsOf(words); flags != nil {
			if _, err := interspersed(flags, words[2:]); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if _, err := parseOptions(words[1:]); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if found < 40 {
		t.Errorf("only %d examples found", found)
	}
}

func TestReadmeHoldsTheHelp(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), helpText()) {
		t.Errorf("README.md does not hold the text of -help; it should be:\n%s", helpText())
	}
}

package main

import (
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestEveryCommandIsCompleted(t *testing.T) {
	names := []string{"help"} // it takes nothing
	for _, one := range words() {
		names = append(names, one.name)
	}
	for name := range commands {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not completed", name)
		}
	}
	if len(names) != len(commands) {
		t.Errorf("%d names for %d commands", len(names), len(commands))
	}
}

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	cases := []struct {
		id, line, offered string
	}{
		{"command", "f", "filters formats"},
		{"long options", "run --q", "--quality --quiet"},
		{"short option", "run -O", "-O"},
		{"shells", "completions z", "zsh"},
		{"a value is no option", "run --output --q", ""},
		{"options of detect", "detect --s", "--score --server"},
		{"values of an option", "detect --task s", "segment"},
		{"answers", "stream --answer p", "picture"},
		{"words beside names", "models un", "unload"},
		{"verbs", "images s", "similar"},
		{"explain", "explain --j", "--json"},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			script := call("completions", "bash")
			line := strings.Fields("darkroom " + c.line)
			ask := fmt.Sprintf("COMP_WORDS=(%s); COMP_CWORD=%d; _darkroom; echo ${COMPREPLY[@]}", strings.Join(line, " "), len(line)-1)
			said, err := exec.Command(bash, "-c", script.stdout+ask).CombinedOutput()
			if got := strings.TrimSpace(string(said)); err != nil || got != c.offered {
				t.Errorf("offered %q (%v), want %q", got, err, c.offered)
			}
		})
	}
}

func TestOtherShellsKnowEveryFlag(t *testing.T) {
	for shell, spelled := range map[string]string{"zsh": "--%s[", "fish": " -l %s "} {
		script := call("completions", shell).stdout
		for _, one := range words() {
			if !strings.Contains(script, one.name) {
				t.Errorf("%s does not know %s", shell, one.name)
			}
			one.flags().VisitAll(func(known *flag.Flag) {
				if len(known.Name) > 1 && !strings.Contains(script, fmt.Sprintf(spelled, known.Name)) {
					t.Errorf("%s does not know -%s of %s", shell, known.Name, one.name)
				}
			})
		}
	}
	zsh := call("completions", "zsh").stdout
	for _, part := range []string{"'1:pipeline:' '*:file:_files'", "'1:value:(load unload)'", "--task[what to look for (detect)]"} {
		if !strings.Contains(zsh, part) {
			t.Errorf("%q is missing", part)
		}
	}
}

package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// word is a command as a shell completes it.
type word struct {
	name, summary string
	flags         func() *flag.FlagSet
	values        []string // of its first argument
	text          string   // the argument before the files, if there is one
	files         bool
}

var shells = map[string]func([]word) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}

// choices are the values of flags that take one of a few.
var choices = map[string][]string{"task": tasks, "answer": answerKinds}

// words are the commands with what completes them.
func words() []word {
	asks := func(name string) func() *flag.FlagSet {
		return func() *flag.FlagSet { return newDoorFlags(name, new(door)) }
	}
	none := func() *flag.FlagSet { return flag.NewFlagSet("", flag.ContinueOnError) }
	return []word{
		{"run", "Send pictures through a pipeline", func() *flag.FlagSet { return newRunFlags(new(runOptions)) }, nil, "pipeline", true},
		{"detect", "Show what is in pictures", func() *flag.FlagSet { return newDetectFlags(new(detectOptions)) }, nil, "", true},
		{"explain", "Show how a picture would be made, and at what cost", func() *flag.FlagSet { return newExplainFlags(new(explainOptions)) }, nil, "pipeline", true},
		{"stream", "Send the frames of a video or a camera through a pipeline", func() *flag.FlagSet { return newStreamFlags(new(streamOptions)) }, nil, "", true},
		{"images", "Store pictures on the server; list, fetch and delete them", func() *flag.FlagSet { return newImageFlags(new(imageOptions)) }, imageVerbs, "verb", true},
		{"models", "List the models, explain one, load or unload it", asks("models"), []string{"load", "unload"}, "", false},
		{"sign", "Sign links to renders and stored pictures", func() *flag.FlagSet { return newSignFlags(new(int64)) }, nil, "", false},
		{"filters", "List the filters, or explain one", asks("filters"), nil, "", false},
		{"formats", "List the formats the server reads and writes", asks("formats"), nil, "", false},
		{"version", "Show the versions of client and server", asks("version"), nil, "", false},
		{"completions", "Print completions for your shell", none, []string{"bash", "zsh", "fish"}, "", false},
	}
}

// completionsCommand prints the completions of a shell.
func completionsCommand(args []string, stdout, _ io.Writer) error {
	args, err := interspersed(flag.NewFlagSet("", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if len(args) != 1 || shells[args[0]] == nil {
		return failUsage("completions needs your shell: bash, zsh or fish")
	}
	return say(stdout, shells[args[0]](words()))
}

// option is a flag as it is completed: its spelling, and its values. Nil values: it takes none.
type option struct {
	spelling, help string
	takes          bool
	values         []string
}

func (w word) options() (found []option) {
	w.flags().VisitAll(func(known *flag.Flag) {
		simple, _ := known.Value.(interface{ IsBoolFlag() bool })
		_, help := described(known)
		found = append(found, option{spelled(known.Name), help, simple == nil || !simple.IsBoolFlag(), choices[known.Name]})
	})
	return append(found, option{"--help", "show help", false, nil})
}

func bashScript(known []word) string {
	var names, takers []string
	var cases, chosen strings.Builder
	for _, one := range known {
		names = append(names, one.name)
		offered := []string{}
		for _, option := range one.options() {
			offered = append(offered, option.spelling)
			if option.values != nil {
				fmt.Fprintf(&chosen, "    %s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", option.spelling, strings.Join(option.values, " "))
			} else if option.takes {
				takers = append(takers, option.spelling)
			}
		}
		fmt.Fprintf(&cases, "    %s) words='%s' ;;\n", one.name, strings.Join(append(offered, one.values...), " "))
	}
	slices.Sort(takers)
	return strings.NewReplacer("NAMES", strings.Join(names, " "), "ANY", strings.Join(names, "|"), "CHOSEN", chosen.String(),
		"TAKERS", strings.Join(slices.Compact(takers), "|"), "CASES", cases.String()).Replace(`# bash completion of darkroom
_darkroom() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' word words
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ANY) command=$word; break ;; esac
  done
  case $prev in
CHOSEN    TAKERS) return ;;
  esac
  case $command in
CASES    *) words='NAMES --help --version' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -o bashdefault -F _darkroom darkroom
`)
}

func zshScript(known []word) string {
	var names, cases strings.Builder
	for _, one := range known {
		fmt.Fprintf(&names, "    %s\n", singleQuoted(one.name+":"+one.summary))
		fmt.Fprintf(&cases, "    %s) _arguments %s ;;\n", one.name, strings.Join(one.zshArguments(), " "))
	}
	return strings.NewReplacer("NAMES", names.String(), "CASES", cases.String()).Replace(`#compdef darkroom
# zsh completion of darkroom
_darkroom() {
  local -a commands=(
NAMES  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[show help]' '--version[show the version]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
CASES  esac
}
compdef _darkroom darkroom
`)
}

func (w word) zshArguments() (found []string) {
	escaped := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	for _, option := range w.options() {
		end := ""
		if option.values != nil {
			end = ":value:(" + strings.Join(option.values, " ") + ")"
		} else if option.takes {
			end = ":value:_files"
		}
		found = append(found, singleQuoted(option.spelling+"["+escaped.Replace(option.help)+"]"+end))
	}
	if w.values != nil {
		found = append(found, singleQuoted("1:value:("+strings.Join(w.values, " ")+")"))
	} else if w.text != "" {
		found = append(found, singleQuoted("1:"+w.text+":"))
	}
	if w.files {
		found = append(found, "'*:file:_files'")
	}
	return found
}

func fishScript(known []word) string {
	var text strings.Builder
	text.WriteString("# fish completion of darkroom\ncomplete -c darkroom -n __fish_use_subcommand -f -l version -d 'show the version'\n")
	for _, one := range known {
		fmt.Fprintf(&text, "complete -c darkroom -n __fish_use_subcommand -f -a %s -d %s\n", one.name, singleQuoted(one.summary))
		within := "complete -c darkroom -n '__fish_seen_subcommand_from " + one.name + "'"
		if one.values != nil {
			fmt.Fprintf(&text, "%s -a '%s'\n", within, strings.Join(one.values, " "))
		}
		if !one.files {
			text.WriteString(within + " -f\n")
		}
		for _, option := range one.options() {
			letter := "-l"
			if !strings.HasPrefix(option.spelling, "--") {
				letter = "-s"
			}
			line := within + " " + letter + " " + strings.TrimLeft(option.spelling, "-")
			if option.values != nil {
				line += " -r -f -a '" + strings.Join(option.values, " ") + "'"
			} else if option.takes {
				line += " -r"
			}
			text.WriteString(line + " -d " + singleQuoted(option.help) + "\n")
		}
	}
	return text.String()
}

func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

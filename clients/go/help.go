package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

const (
	helpWidth  = 100
	helpColumn = 24 // where descriptions begin
	serverSet  = "server key-file timeout retries"
)

// manual is what the help of a command tells beside its flags; words and examples are the Python client's.
type manual struct {
	usage     string // what stands behind the flags
	arguments [][2]string
	more      string // examples, and what is to be known
}

// commandHelp is the help of a command.
func commandHelp(name string) string {
	i := slices.IndexFunc(words(), func(one word) bool { return one.name == name })
	if i < 0 {
		return helpText()
	}
	one, about := words()[i], manuals[name]
	var text strings.Builder
	fmt.Fprintf(&text, "usage: %s\n\n%s.\n", strings.Join(strings.Fields("darkroom "+name+" [flags] "+about.usage), " "), one.summary)
	section(&text, "positional arguments", about.arguments)
	section(&text, "options", append([][2]string{{"-h, --help", "show this help message and exit"}}, entries(one.flags(), false)...))
	section(&text, "server", entries(one.flags(), true))
	if about.more != "" {
		text.WriteString("\n" + about.more)
	}
	return text.String()
}

// entries are flags with what they mean, one for all the spellings of a flag.
func entries(flags *flag.FlagSet, ofServer bool) (found [][2]string) {
	at := map[string]int{}
	flags.VisitAll(func(known *flag.Flag) {
		if slices.Contains(strings.Fields(serverSet), known.Name) != ofServer {
			return
		}
		metavar, meaning := described(known)
		spelling := strings.TrimSpace(spelled(known.Name) + " " + metavar)
		i, again := at[known.Usage]
		if !again {
			at[known.Usage] = len(found)
			found = append(found, [2]string{spelling, meaning})
			return
		}
		before := strings.TrimSpace(strings.TrimSuffix(found[i][0], metavar))
		found[i][0] = before + ", " + spelling
	})
	return found
}

// described is the name of a flag's value, and what the flag means.
func described(known *flag.Flag) (metavar, meaning string) {
	metavar, meaning = flag.UnquoteUsage(known)
	if strings.HasPrefix(known.Usage, "`") {
		meaning = strings.TrimSpace(strings.TrimPrefix(meaning, metavar))
	}
	return metavar, meaning
}

func spelled(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// section writes a heading and two columns.
func section(text *strings.Builder, heading string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	text.WriteString("\n" + heading + ":\n")
	for _, row := range rows {
		line := "  " + row[0]
		if len(line) > helpColumn-2 {
			text.WriteString(line + "\n")
			line = ""
		}
		line += strings.Repeat(" ", helpColumn-len(line))
		for i, part := range strings.Fields(row[1]) {
			if i > 0 && len([]rune(line))+1+len([]rune(part)) > helpWidth {
				text.WriteString(line + "\n")
				line, i = strings.Repeat(" ", helpColumn), 0
			}
			if i > 0 {
				line += " "
			}
			line += part
		}
		text.WriteString(line + "\n")
	}
}

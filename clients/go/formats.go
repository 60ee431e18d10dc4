package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// fileFormat is one entry of /v1/formats; its options are a JSON object with a schema each.
type fileFormat struct {
	Name                           string
	Extensions                     []string
	Reads, Writes, Animates, Alpha bool
	Options                        json.RawMessage
}

// formatsCommand lists the formats that the server reads and writes.
func formatsCommand(args []string, stdout, stderr io.Writer) error {
	d := door{stdout: stdout, stderr: stderr}
	return d.ask(newDoorFlags("formats", &d), args, func(words []string) error {
		if len(words) > 0 {
			return failUsage("formats takes no arguments, but there is %s", words[0])
		}
		var answer struct{ Formats []fileFormat }
		if err := d.read(http.MethodGet, []string{"v1", "formats"}, nil, nil, &answer); err != nil {
			return err
		}
		if answer.Formats == nil {
			return fail(exitBroken, "the server's list of formats cannot be read: is it a Darkroom server?")
		}
		rows := make([][]string, len(answer.Formats))
		for i, one := range answer.Formats {
			options, _ := inOrder(one.Options)
			rows[i] = []string{one.Name, strings.Join(one.Extensions, ", "), cell(one.Reads), cell(one.Writes),
				cell(one.Animates), cell(one.Alpha), strings.Join(options, ", ")}
		}
		if err := table(stdout, []string{"format", "files", "read", "written", "animated", "alpha", "options"}, rows); err != nil {
			return err
		}
		return say(stdout, "\nOptions go with -O KEY=VALUE; quality is -q.\n")
	})
}

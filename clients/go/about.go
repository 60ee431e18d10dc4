package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// versionCommand shows the versions of client and server; a server that does not answer is not a failure here.
func versionCommand(args []string, stdout, stderr io.Writer) error {
	d := door{stdout: stdout, stderr: stderr}
	return d.ask(newDoorFlags("version", &d), args, func(words []string) error {
		if len(words) > 0 {
			return failUsage("version takes no arguments, but there is %s", words[0])
		}
		var answer json.RawMessage
		found := ""
		if err := d.read(http.MethodGet, []string{"v1", "version"}, nil, nil, &answer); err == nil {
			found = inWords(answer)
		} else if failed := new(failure); errors.As(err, &failed) && failed.code == exitConnection {
			found = "none answers at " + d.base.String()
		} else if found = clean(err.Error()); d.ctx.Err() != nil {
			return err
		}
		return say(stdout, fmt.Sprintf("client  %s\nserver  %s\n", version, found))
	})
}

// inWords are the members of a JSON object, in their order.
func inWords(object []byte) string {
	reader, found := json.NewDecoder(bytes.NewReader(object)), []string{}
	if _, err := reader.Token(); err != nil {
		return ""
	}
	for reader.More() {
		name, err := reader.Token()
		var value any
		if err != nil || reader.Decode(&value) != nil {
			break
		}
		found = append(found, plain(fmt.Sprintf("%v %s", name, cell(value))))
	}
	return strings.Join(found, ", ")
}

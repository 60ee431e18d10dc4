package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// step is one entry of /v1/filters; its parameters are a JSON Schema of an object.
type step struct {
	Name, Kind, Summary, Example string
	Needs                        []string
	Parameters                   struct {
		Properties json.RawMessage
		Required   []string
	}
}

// schema is what is shown of one parameter.
type schema struct {
	Default, Minimum, Maximum any
	Description               string
	Enum                      []any
	Type                      any
	AnyOf                     []schema
	Items                     *schema
}

// filtersCommand lists the filters, or explains one.
func filtersCommand(args []string, stdout, stderr io.Writer) error {
	d := door{stdout: stdout, stderr: stderr}
	return d.ask(newDoorFlags("filters", &d), args, func(words []string) error {
		if len(words) > 1 {
			return failUsage("name one filter at a time, not %d: %s", len(words), strings.Join(words, " "))
		}
		var answer struct{ Filters []step }
		if err := d.read(http.MethodGet, []string{"v1", "filters"}, nil, nil, &answer); err != nil {
			return err
		}
		if len(words) == 0 {
			return d.listFilters(answer.Filters)
		}
		for _, known := range answer.Filters {
			if known.Name == words[0] {
				return d.explainFilter(known)
			}
		}
		return failUsage("there is no filter %q. `darkroom filters` lists them.", words[0])
	})
}

func (d *door) listFilters(known []step) error {
	rows := make([][]string, len(known))
	for i, one := range known {
		rows[i] = []string{one.Name, one.Kind, one.Summary}
	}
	if err := table(d.stdout, []string{"name", "kind", "what it does"}, rows); err != nil {
		return err
	}
	return say(d.stdout, "\nDetails:  darkroom filters NAME\n")
}

func (d *door) explainFilter(one step) error {
	if err := say(d.stdout, fmt.Sprintf("%s (%s)\n%s\n\n", plain(one.Name), plain(one.Kind), plain(one.Summary))); err != nil {
		return err
	}
	names, schemas := inOrder(one.Parameters.Properties)
	rows := make([][]string, len(names))
	for i, name := range names {
		usual := cell(schemas[i].Default)
		for _, required := range one.Parameters.Required {
			if required == name {
				usual = "(required)"
			}
		}
		rows[i] = []string{name, usual, schemas[i].values(), schemas[i].Description}
	}
	if len(rows) > 0 {
		if err := table(d.stdout, []string{"parameter", "default", "values", "meaning"}, rows); err != nil {
			return err
		}
	}
	text := ""
	if len(rows) > 0 {
		text = "\n"
	}
	if len(one.Needs) > 0 {
		text += "needs " + plain(strings.Join(one.Needs, " and ")) + "\n\n"
	}
	return say(d.stdout, text+"try:  darkroom run "+quoted(plain(one.Example))+" photo.jpg\n")
}

// inOrder are the members of a JSON object, as they stand there: a map would lose the order of the parameters.
func inOrder(object json.RawMessage) (names []string, schemas []schema) {
	reader := json.NewDecoder(bytes.NewReader(object))
	reader.UseNumber()
	if _, err := reader.Token(); err != nil {
		return nil, nil
	}
	for reader.More() {
		name, err := reader.Token()
		var about schema
		if err != nil || reader.Decode(&about) != nil {
			return names, schemas
		}
		names, schemas = append(names, fmt.Sprint(name)), append(schemas, about)
	}
	return names, schemas
}

// values are what a parameter may be, in words.
func (about schema) values() string {
	switch {
	case about.Enum != nil:
		words := make([]string, len(about.Enum))
		for i, one := range about.Enum {
			words[i] = cell(one)
		}
		return strings.Join(words, " | ")
	case about.AnyOf != nil:
		words := make([]string, len(about.AnyOf))
		for i, one := range about.AnyOf {
			words[i] = one.values()
		}
		return strings.Join(words, " or ")
	}
	words := cell(about.Type)
	if about.Minimum != nil {
		words += " from " + cell(about.Minimum)
	}
	if about.Maximum != nil {
		words += " to " + cell(about.Maximum)
	}
	return strings.TrimSpace(words)
}

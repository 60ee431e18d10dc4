package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// model is one of the server's, as /v1/models tells it.
type model struct {
	Name, Title, Task, State, Licence, Source, Reason string
	Bytes, Memory, Runs                               int64
	LatencyMs                                         *float64 `json:"latency_ms"`
	Labels                                            []string
}

// modelsCommand lists the models, explains one, loads or unloads it.
func modelsCommand(args []string, stdout, stderr io.Writer) error {
	d := door{stdout: stdout, stderr: stderr}
	return d.ask(newDoorFlags("models", &d), args, func(words []string) error {
		verb := ""
		if len(words) > 0 && slices.Contains([]string{"load", "unload"}, words[0]) {
			verb, words = words[0], words[1:]
		}
		switch {
		case len(words) > 1:
			return failUsage("name one model at a time, not %d: %s", len(words), strings.Join(words, " "))
		case verb != "" && len(words) == 0:
			return failUsage("which model?  darkroom models %s NAME  (`darkroom models` lists them)", verb)
		case verb != "":
			var one model
			if err := d.read(http.MethodPost, []string{"v1", "models", words[0], verb}, nil, nil, &one); err != nil {
				return err
			}
			fmt.Fprintf(stderr, "%s is %s (%s MiB).\n", plain(one.Name), plain(one.State), mib(one.Bytes))
			return nil
		case len(words) == 1:
			var one model
			if err := d.read(http.MethodGet, []string{"v1", "models", words[0]}, nil, nil, &one); err != nil {
				return err
			}
			return say(stdout, one.explained())
		}
		return d.listModels()
	})
}

func (d *door) listModels() error {
	var answer struct{ Models []model }
	if err := d.read(http.MethodGet, []string{"v1", "models"}, nil, nil, &answer); err != nil {
		return err
	}
	rows := make([][]string, len(answer.Models))
	for i, one := range answer.Models {
		rows[i] = []string{one.Name, one.Task, one.State, mib(one.Bytes), one.Licence}
	}
	if err := table(d.stdout, []string{"name", "task", "state", "MiB", "licence"}, rows, "MiB"); err != nil {
		return err
	}
	return say(d.stdout, "\nDetails:  darkroom models NAME\n")
}

// explained is a model in full, with what to do next.
func (one model) explained() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s)\n%s\n\n", plain(one.Name), plain(one.Task), plain(one.Title))
	size := mib(one.Bytes) + " MiB"
	if one.Memory > 0 {
		size += " (" + mib(one.Memory) + " in memory)"
	}
	latency := ""
	if one.LatencyMs != nil {
		latency = fmt.Sprintf("%.1f ms (%d runs)", *one.LatencyMs, one.Runs)
	}
	labels := ""
	if len(one.Labels) > 0 {
		labels = fmt.Sprintf("%s (%d)", strings.Join(one.Labels, ", "), len(one.Labels))
	}
	for _, fact := range [][2]string{{"state", one.State}, {"reason", one.Reason}, {"size", size}, {"licence", one.Licence},
		{"source", one.Source}, {"latency", latency}, {"labels", labels}} {
		if fact[1] != "" {
			fmt.Fprintf(&text, "%-9s%s\n", fact[0], plain(fact[1]))
		}
	}
	name := quoted(plain(one.Name))
	if one.State == "absent" {
		return text.String() + "\nfetch it:  darkroom models load " + name + "\n"
	}
	task := ""
	if one.Task != "detect" {
		task = " --task " + plain(one.Task)
	}
	return text.String() + "\ntry:  darkroom detect photo.jpg" + task + " --model " + name + "\n"
}

func mib(count int64) string { return fmt.Sprintf("%.1f", float64(count)/(1<<20)) }

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// findings are those of one frame, or of all frames of an animation.
type findings struct {
	Objects []struct {
		Label string
		Score float64
		Box   [4]float64
	}
	Labels []struct {
		Label string
		Score float64
	}
	Segments []struct{ Share map[string]float64 }
	Frames   []findings
}

var findingColumns = map[string][]string{"segment": {"label", "share"}, "classify": {"label", "score"}}

// printFindings prints a row for each finding, and below them the number of each label.
func printFindings(out io.Writer, data json.RawMessage, task string) error {
	var all findings
	if json.Unmarshal(data, &all) != nil {
		return fail(exitBroken, "the server's findings cannot be read: is it a Darkroom server?")
	}
	frames := all.Frames
	if frames == nil {
		frames = []findings{all}
	}
	columns := findingColumns[task]
	if columns == nil {
		columns = []string{"label", "score", "x", "y", "width", "height"}
	}
	var rows [][]string
	for number, frame := range frames {
		for _, row := range frame.rows(task) {
			if len(frames) > 1 {
				row = append([]string{strconv.Itoa(number)}, row...)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return say(out, "Nothing was found.\n")
	}
	if len(frames) > 1 {
		columns = append([]string{"frame"}, columns...)
	}
	if err := table(out, columns, rows, "frame", "share", "score", "x", "y", "width", "height"); err != nil {
		return err
	}
	if findingColumns[task] != nil {
		return nil
	}
	return say(out, counted(frames)+"\n")
}

// rows are the findings of a frame: boxes in whole pixels, since -json has the exact values.
func (seen findings) rows(task string) (rows [][]string) {
	switch task {
	case "segment":
		type part struct {
			label string
			share float64
		}
		var parts []part
		for _, segment := range seen.Segments {
			for label, share := range segment.Share {
				parts = append(parts, part{label, share})
			}
		}
		sort.Slice(parts, func(i, j int) bool {
			return parts[i].share > parts[j].share || (parts[i].share == parts[j].share && parts[i].label < parts[j].label)
		})
		for _, one := range parts {
			rows = append(rows, []string{one.label, fmt.Sprintf("%.1f%%", one.share*100)})
		}
	case "classify":
		for _, one := range seen.Labels {
			rows = append(rows, []string{one.Label, fmt.Sprintf("%.2f", one.Score)})
		}
	default:
		for _, one := range seen.Objects {
			row := []string{one.Label, fmt.Sprintf("%.2f", one.Score)}
			for _, value := range one.Box {
				row = append(row, fmt.Sprintf("%.0f", value))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// counted is the number of each label, the most frequent first; for an animation, the most in one frame.
func counted(frames []findings) string {
	most := map[string]int{}
	var order []string
	for _, frame := range frames {
		counts := map[string]int{}
		var labels []string
		for _, one := range frame.Objects {
			if counts[one.Label]++; counts[one.Label] == 1 {
				labels = append(labels, one.Label)
			}
		}
		sort.SliceStable(labels, func(i, j int) bool { return counts[labels[i]] > counts[labels[j]] })
		for _, label := range labels {
			if _, known := most[label]; !known {
				order = append(order, label)
			}
			most[label] = max(most[label], counts[label])
		}
	}
	parts := make([]string, len(order))
	for i, label := range order {
		parts[i] = plain(label) + " " + strconv.Itoa(most[label])
	}
	text := strings.Join(parts, ", ")
	if len(frames) == 1 {
		return text
	}
	return fmt.Sprintf("%s (most in one of %d frames)", text, len(frames))
}

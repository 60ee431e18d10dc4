package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// table prints rows under their columns; those that are named in numbers are flush right.
func table(out io.Writer, columns []string, rows [][]string, numbers ...string) error {
	widths := make([]int, len(columns))
	shown := append([][]string{columns}, rows...)
	for _, row := range shown {
		for i := range row {
			row[i] = plain(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var text strings.Builder
	for _, row := range shown {
		var line strings.Builder
		for i, value := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(value))
			if slices.Contains(numbers, columns[i]) {
				value, space = space+value, ""
			}
			line.WriteString(value + space + "  ")
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return say(out, text.String())
}

// plain is text without control characters: neither a server nor a file's name may control the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// cell is a JSON value in words.
func cell(value any) string {
	switch known := value.(type) {
	case nil:
		return ""
	case bool:
		if known {
			return "yes"
		}
		return "no"
	case []any:
		words := make([]string, len(known))
		for i, one := range known {
			words[i] = cell(one)
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprint(value)
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	for _, r := range word {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-", r) {
			return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
		}
	}
	return word
}

package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
)

const (
	keyPrefix  = "dk_"
	longestKey = 8192
)

// readKey returns the key to send: from the named file, else from DARKROOM_KEY, else from the file that
// DARKROOM_KEY_FILE names. It is never a flag, because other users can read the command lines of processes.
func readKey(file string) (string, error) {
	if file == "" {
		if text := os.Getenv("DARKROOM_KEY"); text != "" {
			return checkKey(text, "DARKROOM_KEY")
		}
		file = os.Getenv("DARKROOM_KEY_FILE")
	}
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", failUsage("the key cannot be read: %w", err)
	}
	if isExposed(file) {
		fmt.Fprintf(os.Stderr, "Warning: other users may read the key in %s; chmod 600 makes it yours alone.\n", clean(file))
	}
	return checkKey(string(text), file)
}

// isExposed says whether other users of this machine may read a file; Windows has no such bits.
func isExposed(file string) bool {
	about, err := os.Stat(file)
	return err == nil && runtime.GOOS != "windows" && about.Mode().Perm()&0o044 != 0
}

// checkKey removes the white space around a key. The message does not repeat what is there instead of one.
func checkKey(text, where string) (string, error) {
	key := strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")) // Windows' editors begin files with a mark
	isOdd := func(r rune) bool { return r <= ' ' || r > '~' }
	if key == "" || len(key) > longestKey || strings.IndexFunc(key, isOdd) >= 0 {
		return "", failUsage("%s has no key: it should be one line that begins with %s", where, keyPrefix)
	}
	return key, nil
}

// setKey adds the key, or a token of the server's issuer, to a request.
func setKey(header http.Header, key string) {
	switch {
	case key == "":
	case strings.HasPrefix(key, keyPrefix):
		header.Set("X-Api-Key", key)
	default:
		header.Set("Authorization", "Bearer "+key)
	}
}

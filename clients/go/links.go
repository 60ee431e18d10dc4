package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	signingKeyName = "DARKROOM_SIGNING_KEY"
	latestExpiry   = 253402300799 // the last second of the year 9999
)

var signedPaths = []string{"/v1/render/", "/v1/images/"}

// SignURL returns the URL of a render, a stored picture's render or its original, with a signature: whoever
// holds it may read what it names, and needs no other permission. The key is the server's
// DARKROOM_SIGNING_KEY; expires is Unix time in seconds, 0 for a link that is always valid.
func SignURL(key, rawURL string, expires int64) (string, error) {
	if key == "" {
		return "", errors.New("without a signing key nothing can be signed")
	}
	if expires < 0 || expires > latestExpiry {
		return "", fmt.Errorf("the time must be Unix time in seconds, not %d", expires)
	}
	rawURL, fragment, hasFragment := strings.Cut(rawURL, "#")
	address, query, _ := strings.Cut(rawURL, "?")
	path, err := signedPath(address)
	if err != nil {
		return "", err
	}
	parts := optionsToSign(query)
	if expires != 0 {
		parts = append(parts, "expires="+strconv.FormatInt(expires, 10))
	}
	parts = append(parts, "key="+keyID(key))
	signed := address + "?" + strings.Join(parts, "&") + "&sig=" + signature(key, path, parts)
	if hasFragment {
		signed += "#" + fragment
	}
	return signed, nil
}

func signedPath(address string) (string, error) {
	path := address
	if scheme, rest, _ := strings.Cut(address, "://"); schemeForm.MatchString(scheme) {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	if !strings.HasPrefix(path, "/") {
		return "", errors.New("the URL must be absolute, or begin with its path")
	}
	for _, known := range signedPaths {
		if strings.Contains(path, known) {
			return path, nil
		}
	}
	return "", fmt.Errorf("only links that begin with %s can be signed", strings.Join(signedPaths, " or "))
}

// optionsToSign returns the parts of a query without those of an earlier signature.
func optionsToSign(query string) []string {
	var kept []string
	for _, part := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		switch string(unescape(name, true)) {
		case "sig", "expires", "key":
			continue
		}
		if part != "" {
			kept = append(kept, part)
		}
	}
	return kept
}

func keyID(key string) string {
	sum := sha256.Sum256([]byte("darkroom-key-id." + key))
	return hex.EncodeToString(sum[:])[:8]
}

// signature is 128 bits in hex, over the method, the normalised path and the sorted options.
func signature(key, path string, parts []string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = escape(unescape(segment, false))
	}
	lines := []string{"GET", strings.Join(segments, "/")}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("darkroom-link-2." + strings.Join(append(lines, sortedOptions(parts)...), "\n")))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

func sortedOptions(parts []string) []string {
	type option struct{ name, value []byte }
	var decoded []option
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		decoded = append(decoded, option{unescape(name, true), unescape(value, true)})
	}
	sort.SliceStable(decoded, func(i, j int) bool {
		if order := bytes.Compare(decoded[i].name, decoded[j].name); order != 0 {
			return order < 0
		}
		return bytes.Compare(decoded[i].value, decoded[j].value) < 0
	})
	lines := make([]string, len(decoded))
	for i, one := range decoded {
		lines[i] = escape(one.name) + "=" + escape(one.value)
	}
	return lines
}

// unescape decodes %XX once, and in a query + too; what is not valid stays as it is, unlike in net/url.
func unescape(text string, query bool) []byte {
	decoded := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if value, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				decoded = append(decoded, value[0])
				i += 2
				continue
			}
		}
		if text[i] == '+' && query {
			decoded = append(decoded, ' ')
			continue
		}
		decoded = append(decoded, text[i])
	}
	return decoded
}

// escape encodes everything but the unreserved characters of RFC 3986.
func escape(data []byte) string {
	var text strings.Builder
	for _, b := range data {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0 {
			text.WriteByte(b)
		} else {
			fmt.Fprintf(&text, "%%%02X", b)
		}
	}
	return text.String()
}

var schemeForm = regexp.MustCompile(`^[A-Za-z0-9]+$`)

var timeForm = regexp.MustCompile(`^([0-9]{1,12})([smhd]?)$`)

// parseExpiry reads 30m, 12h or 7d from now, or Unix time in seconds.
func parseExpiry(text string) (int64, error) {
	found := timeForm.FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("expected 30m, 12h, 7d or Unix time in seconds, got %q", text)
	}
	count, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return 0, err
	}
	seconds := map[string]int64{"s": 1, "m": 60, "h": 3600, "d": 86400}
	if found[2] == "" {
		return count, nil
	}
	return time.Now().Unix() + count*seconds[found[2]], nil
}

// signedLine is what -sign prints. The key is read from the environment: a command line is visible to other users.
func signedLine(opts options) (string, error) {
	key := os.Getenv(signingKeyName)
	if key == "" {
		return "", failUsage("%s must hold the server's signing key", signingKeyName)
	}
	signed, err := SignURL(key, opts.sign, opts.expires)
	if err != nil {
		return "", failUsage("-sign: %w", err)
	}
	return signed + "\n", nil
}

func newSignFlags(expires *int64) *flag.FlagSet {
	flags := flag.NewFlagSet("darkroom sign", flag.ContinueOnError)
	flags.Func("expires", "`TIME` until when: 30m, 12h or 7d from now, or Unix time in seconds (default: always valid)", func(text string) (err error) {
		*expires, err = parseExpiry(text)
		return err
	})
	return flags
}

// signCommand prints each URL signed.
func signCommand(args []string, stdout, _ io.Writer) error {
	var expires int64
	urls, err := interspersed(newSignFlags(&expires), args)
	if err != nil {
		return err
	}
	if len(urls) == 0 {
		return failUsage("sign needs a URL")
	}
	for _, url := range urls {
		line, err := signedLine(options{sign: url, expires: expires})
		if err != nil {
			return err
		}
		if err := say(stdout, line); err != nil {
			return err
		}
	}
	return nil
}

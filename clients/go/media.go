package main

import (
	"mime"
	"net/http"
	"path/filepath"
	"strings"
)

// types are the media types of suffixes; the first suffix of a type is its usual one.
var types = []struct{ suffix, kind string }{
	{".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".jpe", "image/jpeg"}, {".png", "image/png"},
	{".apng", "image/apng"}, {".gif", "image/gif"}, {".webp", "image/webp"}, {".tif", "image/tiff"},
	{".tiff", "image/tiff"}, {".bmp", "image/bmp"}, {".pnm", "image/x-portable-anymap"},
	{".pbm", "image/x-portable-bitmap"}, {".pgm", "image/x-portable-graymap"}, {".ppm", "image/x-portable-pixmap"},
	{".avif", "image/avif"}, {".heic", "image/heic"}, {".heif", "image/heif"}, {".ico", "image/x-icon"},
}

const jsonType = "application/json"

// kindOfSuffix is the media type of a path's suffix; empty for an unknown one.
func kindOfSuffix(path string) string {
	suffix := strings.ToLower(filepath.Ext(path))
	if suffix == ".json" {
		return jsonType
	}
	for _, known := range types {
		if known.suffix == suffix {
			return known.kind
		}
	}
	return ""
}

// isPicture says whether a file in a folder is a picture by its name; the server checks the content.
func isPicture(path string) bool { return strings.HasPrefix(kindOfSuffix(path), "image/") }

// suffixOf is the usual suffix of a media type.
func suffixOf(kind string) string {
	if kind == jsonType {
		return ".json"
	}
	for _, known := range types {
		if known.kind == kind {
			return known.suffix
		}
	}
	return ".bin"
}

// formatOf is the format that a path's suffix asks for; empty for an unknown one.
func formatOf(path string) string {
	if kind := kindOfSuffix(path); kind != "" {
		return strings.TrimPrefix(strings.TrimPrefix(kind, "image/"), "application/")
	}
	return ""
}

// withSuffixOf is the path with the usual suffix of a media type, unless its own means the same.
func withSuffixOf(path, kind string) string {
	own := kindOfSuffix(path)
	if own == kind {
		return path
	}
	if own != "" {
		path = strings.TrimSuffix(path, filepath.Ext(path))
	}
	return path + suffixOf(kind)
}

// typeOf is the media type of a response, without parameters.
func typeOf(answer *http.Response) string {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return kind
}

#!/usr/bin/env bash
# Expected: white of half opacity over opaque black is the grey halfway between, and half over half is three quarters
# opaque (Porter and Duff's "over", W3C Compositing and Blending Level 1, 9.1.4; image/draw of Go does it so).
# Instead: bild 0.14.0 takes Go's premultiplied colours for plain ones and multiplies by alpha once more: the grey is a
# quarter, and two halves make an opaque pixel. Its Add, Multiply, Screen and all other modes end in the same step.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init probe 2>/dev/null
go get github.com/anthonynsimon/bild@v0.14.0 2>/dev/null

cat > main.go <<'GO'
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"

	"github.com/anthonynsimon/bild/blend"
)

func pixel(c color.NRGBA) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	picture.SetNRGBA(0, 0, c)
	return picture
}

func main() {
	black, half := pixel(color.NRGBA{0, 0, 0, 255}), pixel(color.NRGBA{255, 255, 255, 128})
	wrong := true
	for _, test := range []struct {
		name  string
		below image.Image
		seen  color.RGBA
	}{{"black", black, color.RGBA{64, 64, 64, 255}}, {"itself", half, color.RGBA{128, 128, 128, 255}}} {
		right := image.NewRGBA(test.below.Bounds())
		draw.Draw(right, right.Bounds(), test.below, image.Point{}, draw.Src)
		draw.Draw(right, right.Bounds(), half, image.Point{}, draw.Over)
		seen := blend.Normal(test.below, half).RGBAAt(0, 0)
		fmt.Printf("half white over %s, premultiplied: bild 0.14.0 %v, image/draw %v\n", test.name, seen, right.RGBAAt(0, 0))
		wrong = wrong && seen == test.seen && right.RGBAAt(0, 0) != seen
	}
	if !wrong {
		os.Exit(1)
	}
}
GO
go run .

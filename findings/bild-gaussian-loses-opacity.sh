#!/usr/bin/env bash
# Expected: the weights of a Gaussian blur add up to one: a picture of one colour stays as it is, and an opaque one opaque.
# Instead: bild 0.14.0 cuts the sums off where it writes them, in each of its two passes: at most radii an opaque picture
# comes out see-through by one or two levels, and darker by as many, in its middle as at its edges.
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

	"github.com/anthonynsimon/bild/blur"
)

func main() {
	plain := color.RGBA{200, 90, 40, 255}
	picture := image.NewRGBA(image.Rect(0, 0, 60, 60))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(plain), image.Point{}, draw.Src)
	less := 0
	for _, radius := range []float64{1, 2, 3, 5, 12} {
		seen := blur.Gaussian(picture, radius).RGBAAt(30, 30)
		fmt.Printf("%v, radius %v: bild 0.14.0 %v\n", plain, radius, seen)
		if seen.A < 255 {
			less++
		}
	}
	if less < 3 {
		os.Exit(1)
	}
}
GO
go run .

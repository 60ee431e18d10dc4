#!/usr/bin/env bash
# Expected: an average hash of 16 x 8 has 128 bits, one for each of the 16 x 8 means, row by row: two pictures whose
# lower halves are each other's negatives are 64 bits apart or nearly so, as the difference hash of the same size has
# them.
# Instead: goimagehash 1.1.0 steps by the height where it lays the rows one after the other: each writes over half of
# the row before, and the last 56 bits are 0 for any picture. A square hash, where both sides are one, is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init probe 2>/dev/null
go get github.com/corona10/goimagehash@v1.1.0 2>/dev/null

cat > main.go <<'GO'
package main

import (
	"fmt"
	"image"
	"os"

	"github.com/corona10/goimagehash"
)

// ramp is a grey ramp from left to right, whose rows from `turned` on are its negative.
func ramp(turned int) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, 160, 160))
	for y := 0; y < 160; y++ {
		for x := 0; x < 160; x++ {
			value := uint8(x / 10 * 16)
			if y >= turned {
				value = 240 - value
			}
			picture.Pix[y*picture.Stride+x] = value
		}
	}
	return picture
}

func main() {
	plain, turned := ramp(160), ramp(100)
	first, _ := goimagehash.ExtAverageHash(plain, 16, 8)
	second, _ := goimagehash.ExtAverageHash(turned, 16, 8)
	fmt.Printf("goimagehash 1.1.0, 16 x 8: a ramp %s, its lower rows turned %s\n", first.ToString(), second.ToString())
	square, _ := goimagehash.ExtAverageHash(plain, 16, 16)
	fmt.Printf("16 x 16, the ramp: %s\n", square.ToString())
	empty := true
	for _, hash := range []*goimagehash.ExtImageHash{first, second} {
		words := hash.GetHash()
		empty = empty && len(words) == 2 && words[0] != 0 && words[1]&(1<<56-1) == 0
	}
	for _, word := range square.GetHash() {
		empty = empty && word == 0x00ff00ff00ff00ff
	}
	if !empty {
		os.Exit(1)
	}
}
GO
go run .

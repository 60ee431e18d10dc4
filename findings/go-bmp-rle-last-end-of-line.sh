#!/usr/bin/env bash
# Expected: in a run-length encoded BMP, 0 0 ends a line and 0 1 the bitmap (Microsoft, "Bitmap Compression"). Encoders
# end every line so, the last one too, before they end the bitmap.
# Instead: go-bmp 1.0.0 takes the end of the last line for a step out of the picture and refuses the file; gobmp reads
# it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init probe 2>/dev/null
go get github.com/sergeymakinen/go-bmp@v1.0.0 github.com/jsummers/gobmp@v0.0.0-20230614200233-a9de23ed2e25 2>/dev/null

cat > main.go <<'GO'
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"

	"github.com/jsummers/gobmp"
	"github.com/sergeymakinen/go-bmp"
)

// file is a BMP of 4 x 2 pixels and 8 bits; the upper row is blue, the lower one red.
func file(last []byte) []byte {
	runs := append([]byte{4, 1, 0, 0, 4, 0}, last...)
	var out bytes.Buffer
	put := func(values ...any) {
		for _, value := range values {
			binary.Write(&out, binary.LittleEndian, value)
		}
	}
	put([]byte("BM"), uint32(62+len(runs)), uint32(0), uint32(62))
	put(uint32(40), int32(4), int32(2), uint16(1), uint16(8), uint32(1), uint32(len(runs)), [2]int32{}, uint32(2), uint32(0))
	put([]byte{255, 0, 0, 0, 0, 0, 255, 0}, runs) // two colours, blue first in each
	return out.Bytes()
}

func main() {
	same := true
	for name, last := range map[string][]byte{"0 1": {0, 1}, "0 0 0 1": {0, 0, 0, 1}} {
		data := file(last)
		_, err := bmp.Decode(bytes.NewReader(data))
		other, fault := gobmp.Decode(bytes.NewReader(data))
		if fault != nil {
			fmt.Println("gobmp:", fault)
			os.Exit(1)
		}
		fmt.Printf("ending in %s: go-bmp 1.0.0 error %v; gobmp %v over %v\n", name, err, other.At(3, 0), other.At(3, 1))
		same = same && (err == nil) == (len(last) == 2)
	}
	if !same {
		os.Exit(1)
	}
}
GO
go run .

module darkroom

go 1.22

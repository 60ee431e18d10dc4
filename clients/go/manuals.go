package main

// manuals are the commands as their help tells them.
var manuals = map[string]manual{
	"run": {"PIPELINE INPUT...", [][2]string{{"PIPELINE", "the steps, such as resize:1280/blur:15/sepia"}, {"INPUT", "pictures, folders, addresses that the server reads (gs://, s3://, https://), or - for stdin"}}, `examples:
  darkroom run blur:15 photo.jpg                      writes photo-darkroom.jpg beside it
  darkroom run blur:15/sepia photo.jpg -o out.webp    the suffix of -o sets the format
  darkroom run resize:800,600,fit=cover *.jpg -o small/ -f webp -q 70
  darkroom run grayscale holiday/ -o grey/ -j 8       a folder with its subfolders, eight at a time
  darkroom run palette holiday/ --json                one line of JSON for each picture of a folder
  darkroom run sepia gs://photos/a.jpg -o s3://small/a.webp     the server reads and writes
  darkroom run palette/sharpness *.jpg --json         one line of JSON per picture
  darkroom run watermark:logo a.jpg --picture logo=logo.png
  darkroom run "" photo.heic -o photo.jpg             no steps: only converts the format
  cat photo.jpg | darkroom run sepia - > out.jpg      - is stdin; the result goes to stdout

A pipeline is a list of steps separated by /, each with optional arguments: name:value,value,key=value.
` + "`" + `darkroom filters` + "`" + ` lists the names. Inside a value, write / , = + % and space as %2F %2C %3D %2B %25 %20.
`},
	"detect": {"INPUT...", [][2]string{{"INPUT", "pictures, folders, addresses that the server reads (gs://, s3://, https://), or - for stdin"}}, `examples:
  darkroom detect photo.jpg                           a table of what is in it, and where
  darkroom detect photo.jpg --draw seen.jpg           the same, also drawn over a copy
  darkroom detect street.jpg --model yolox_nano --classes person,dog --score 0.4
  darkroom detect group.jpg --task faces              faces; also persons, segment, classify
  darkroom detect holiday/ --draw seen/{stem}.webp    a folder; {stem} is each picture's own name
  darkroom detect *.jpg --json                        one line of JSON per picture, for programs
  cat photo.jpg | darkroom detect -                   - is stdin

Boxes are x, y, width and height in pixels, from the upper left corner; scores are 0 to 1.
` + "`" + `darkroom models` + "`" + ` lists the models, and ` + "`" + `darkroom models NAME` + "`" + ` the labels of one.
This runs the steps ` + "`" + `detect` + "`" + ` and ` + "`" + `draw` + "`" + `; other steps use findings too, as in darkroom run detect/redact photo.jpg.
`},
	"explain": {"PIPELINE INPUT", [][2]string{{"PIPELINE", "the steps, such as resize:1280/blur:15/sepia"}, {"INPUT", "a picture, an address that the server reads, or - for stdin"}}, `examples:
  darkroom explain resize:800/blur:15 photo.jpg       how the server would run it, and what it would cost
  darkroom explain resize:800 photo.jpg -f webp --json

The picture is sent, and nothing is made of it. Times are estimates, in milliseconds of one core of the machine that
costs were calibrated on.
`},
	"stream": {"SOURCE PIPELINE", [][2]string{{"SOURCE", "a video file, the number of a camera, or a stream's URL"}, {"PIPELINE", "the steps, such as detect/track"}}, `examples:
  darkroom stream street.mp4 detect/track             a line of JSON for each frame
  darkroom stream 0 faces/track                       the first camera, until Ctrl-C
  darkroom stream street.mp4 detect/track/draw -o drawn/
  darkroom stream rtsp://camera/live detect/count --every 30
  ffmpeg -framerate 30 -i drawn/%06d.jpg drawn.mp4    a video of the pictures again

Frames share one stream: ` + "`" + `track` + "`" + ` gives objects numbers that they keep. Videos, cameras and URLs need ffmpeg on the PATH.
`},
	"images": {"VERB [WORD...]", [][2]string{{"VERB", "list, put, get, rm or similar"}, {"WORD", "files, ids or KEY=VALUE: see the examples"}}, `examples:
  darkroom images list                                the newest 50 on the server, as a table
  darkroom images list min_width=1920 format=jpeg sort=-taken
  darkroom images list label=person after=2024-05-01 --json
  darkroom images put *.jpg                           store pictures
  darkroom images get ID                              the details of one
  darkroom images get ID -o photo.jpg                 its bytes, as they were sent
  darkroom images similar ID limit=10                 the most similar ones, nearest first
  darkroom images rm ID ID                            delete pictures and everything made from them

list and similar take KEY=VALUE: min_width, max_width, min_height, max_height, format, label, camera, name, after,
before, sort (added, taken, width, height, bytes, name; - before it for the largest first), limit, cursor.
With --json there is one line of JSON per picture.
`},
	"models": {"[load | unload] [NAME]", [][2]string{{"NAME", "one model, in full; or to load or unload"}}, `examples:
  darkroom models                     every model: its task, state, size and licence
  darkroom models yolox_nano          one in full, with its labels
  darkroom models load yolox_nano     fetch it if it is absent, and load it
  darkroom models unload yolox_nano   free its memory

states: absent (its files are not on the server), cached (they are), loading, ready (loaded), failed.
`},
	"sign": {"URL...", [][2]string{{"URL", "absolute, or beginning with its path"}}, `examples:
  darkroom sign https://photos.example/v1/render/resize:800/-/gs/photos/a.jpg?format=webp
  darkroom sign --expires 7d https://photos.example/v1/images/ID/original
  darkroom sign --expires 2000000000 /v1/images/ID/resize:320

Whoever holds a signed link may read what it names, until it expires. DARKROOM_SIGNING_KEY in the environment is the
server's signing key; nothing is sent to the server.
`},
	"filters": {"[NAME]", [][2]string{{"NAME", "one filter, in full"}}, `examples:
  darkroom filters            every filter, measure and vision step
  darkroom filters resize     its parameters, units and defaults, and a command to try
`},
	"formats": {"", [][2]string{}, `example:
  darkroom formats            what the server reads and writes, and the options of each format
`},
	"version": {"", [][2]string{}, `examples:
  darkroom version            client and server
  darkroom --version          client only, without contacting a server
`},
	"completions": {"{bash,zsh,fish}", [][2]string{{"{bash,zsh,fish}", "your shell"}}, `examples:
  bash:  darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom
  zsh:   darkroom completions zsh > "${fpath[1]}/_darkroom"
  fish:  darkroom completions fish > ~/.config/fish/completions/darkroom.fish
`},
}

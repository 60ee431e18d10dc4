package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	streamPath    = "/v1/stream"
	frameBoundary = "darkroom-frame"
	liveUnderWay  = 2  // frames of a camera: while the server looks at one, the next is already there
	mostUnderWay  = 64 // frames of a file: a server that is slow has more to read, and does not find the body slow
)

var answerKinds = []string{"findings", "picture", "both"}

// streamOptions is the command line of stream.
type streamOptions struct {
	door
	output, answer, format string
	quality, every, frames int
	force                  bool
}

func newStreamFlags(opts *streamOptions) *flag.FlagSet {
	flags := newDoorFlags("stream", &opts.door)
	for _, name := range []string{"o", "output"} {
		flags.StringVar(&opts.output, name, "", "`DIR` folder for the pictures: 000001.jpg and so on")
	}
	flags.StringVar(&opts.answer, "answer", "", "`{findings,picture,both}` what the server answers (default: both with -o or where the pipeline changes pictures, else findings)")
	for _, name := range []string{"f", "format"} {
		flags.StringVar(&opts.format, name, "", "`FORMAT` of the pictures: jpeg, png, webp, … (jpeg)")
	}
	for _, name := range []string{"q", "quality"} {
		flags.IntVar(&opts.quality, name, 0, "`QUALITY` of the encoder, 1 to 100")
	}
	flags.IntVar(&opts.every, "every", 1, "`N` send every Nth frame (1)")
	flags.IntVar(&opts.frames, "frames", 0, "`N` end after so many frames")
	flags.BoolVar(&opts.force, "force", false, "overwrite existing files")
	return flags
}

// streamCommand sends the frames of a video through a pipeline, as the Python client's `darkroom stream` does.
func streamCommand(args []string, stdout, stderr io.Writer) error {
	opts := streamOptions{door: door{stdout: stdout, stderr: stderr}}
	return opts.ask(newStreamFlags(&opts), args, func(words []string) error {
		switch {
		case len(words) != 2:
			return failUsage("stream needs a video and a pipeline, as in  darkroom stream street.mp4 detect/track")
		case opts.answer != "" && !slices.Contains(answerKinds, opts.answer):
			return failUsage("-answer is one of %s, not %q", strings.Join(answerKinds, ", "), opts.answer)
		case opts.every < 1 || opts.frames < 0:
			return failUsage("-every and -frames must be at least 1")
		}
		return opts.run(words[0], words[1])
	})
}

// run sends the frames, prints what is said of each, and saves the pictures.
func (opts *streamOptions) run(source, pipeline string) error {
	if opts.output != "" {
		if err := os.MkdirAll(opts.output, 0o777); err != nil {
			return fail(exitFile, "cannot make the folder: %w", err)
		}
	}
	frames, err := openVideo(opts.ctx, source)
	if err != nil {
		return err
	}
	failed := 0
	first, err := frames.next()
	if err == nil {
		underWay := mostUnderWay
		if frames.isLive {
			underWay = liveUnderWay
		}
		talk := &exchangeOfFrames{opts: opts, room: make(chan struct{}, underWay)}
		failed, err = talk.run(first, frames, pipeline)
	} else if err == io.EOF {
		err = fail(exitFile, "%s has no frames", source)
	}
	if closed := frames.close(); closed != nil && (first == nil || (err == nil && opts.frames == 0)) {
		err = closed
	}
	if err == nil && failed > 0 {
		fmt.Fprintf(opts.stderr, "%d frames failed.\n", failed)
		return &failure{exitSomeFailed, errors.New("")}
	}
	return err
}

// query is what is asked of every frame.
func (opts *streamOptions) query(pipeline string) url.Values {
	query := url.Values{"pipeline": {pipeline}}
	answer := opts.answer
	if answer == "" && opts.output != "" {
		answer = "both"
	}
	for name, value := range map[string]string{"answer": answer, "format": opts.format} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if opts.quality != 0 {
		query.Set("quality", strconv.Itoa(opts.quality))
	}
	return query
}

// exchangeOfFrames is one request whose body is frames, and whose response is the answers to them meanwhile.
type exchangeOfFrames struct {
	opts     *streamOptions
	room     chan struct{} // a place for each frame under way
	patience *patience
}

// patience ends what it watches when nothing comes for a time although something should.
type patience struct {
	limit    time.Duration
	timer    *time.Timer
	lock     sync.Mutex
	underWay int
}

// expect says how many more answers should come, or how many have.
func (p *patience) expect(more int) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.underWay += more; p.underWay > 0 {
		p.timer.Reset(p.limit)
	} else {
		p.timer.Stop()
	}
}

// run sends the frames, of which the first is there already; it returns how many of them failed.
func (e *exchangeOfFrames) run(first []byte, frames *video, pipeline string) (failed int, err error) {
	late := errors.New("late")
	ctx, end := context.WithCancelCause(e.opts.ctx)
	defer end(nil)
	e.patience = &patience{limit: e.opts.timeout, timer: time.AfterFunc(e.opts.timeout, func() { end(late) })}
	defer e.patience.timer.Stop()
	body, sent := io.Pipe()
	broken := make(chan error, 1)
	go func() {
		broken <- e.send(ctx, first, frames, sent)
		sent.Close()
	}()
	failed, err = e.receive(ctx, pipeline, body)
	body.Close()
	switch {
	case errors.Is(context.Cause(ctx), late):
		return failed, fail(exitTimeout, "the server did not answer in time; a higher -timeout may help")
	case err != nil:
		return failed, err // a camera's next frame may be waited for without end
	}
	return failed, <-broken
}

// send writes the frames as parts, no more at a time than may be under way. What is sent stays valid when the video breaks off.
func (e *exchangeOfFrames) send(ctx context.Context, frame []byte, frames *video, out io.Writer) (err error) {
	for number, sent := 0, 0; err == nil; number++ {
		if number%e.opts.every == 0 {
			select {
			case e.room <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			head := fmt.Sprintf("--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", frameBoundary, len(frame))
			if _, err := out.Write(slices.Concat([]byte(head), frame, []byte("\r\n"))); err != nil {
				return nil // the response says why nobody reads on
			}
			e.patience.expect(1)
			if sent++; sent == e.opts.frames {
				break
			}
		}
		frame, err = frames.next()
	}
	e.patience.expect(1) // the end of the response
	_, _ = io.WriteString(out, "--"+frameBoundary+"--\r\n")
	if err == io.EOF {
		return nil
	}
	return err
}

// receive posts the body and reads the answers as they come.
func (e *exchangeOfFrames) receive(ctx context.Context, pipeline string, body io.Reader) (failed int, err error) {
	target := e.opts.base.JoinPath(streamPath)
	target.RawQuery = e.opts.query(pipeline).Encode()
	request, err := newRequest(ctx, http.MethodPost, target, body)
	if err != nil {
		return 0, failUsage("-server cannot be used: %w", err)
	}
	request.Header.Set("Content-Type", `multipart/mixed; boundary="`+frameBoundary+`"`)
	setKey(request.Header, e.opts.key)
	answer, err := newClient().Do(request)
	if err != nil {
		return 0, explainSend(ctx, target, false, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, refused(answer)
	}
	answers, err := answersOf(answer)
	if err != nil {
		return 0, err
	}
	for {
		said, picture, err := answers()
		if err == io.EOF {
			return failed, nil
		} else if err != nil {
			return failed, failNetwork(ctx, exitBroken, "the connection was lost before the answer: %w", err)
		}
		if err := e.take(said, picture); err != nil {
			return failed, err
		}
		if said.Problem != nil {
			failed++
		}
	}
}

// take prints one answer and saves its picture.
func (e *exchangeOfFrames) take(said frameAnswer, picture []byte) error {
	if said.Seq == 0 {
		return fail(exitRefused, "the server refused:%s", problemText(jsonType, said.Problem))
	}
	e.patience.expect(-1 - len(said.Dropped))
	for range len(said.Dropped) + 1 {
		select {
		case <-e.room:
		default:
		}
	}
	if said.Findings == nil {
		said.Findings = json.RawMessage("{}")
	}
	if said.Dropped == nil {
		said.Dropped = []int{}
	}
	line, err := json.Marshal(said)
	if err != nil {
		return fail(exitBroken, "the answer to a frame cannot be read: is it a Darkroom server?")
	}
	if err := say(e.opts.stdout, string(line)+"\n"); err != nil || picture == nil || e.opts.output == "" {
		return err
	}
	name := fmt.Sprintf("%06d.%s", said.Seq, cmp.Or(e.opts.format, "jpg"))
	return saveBytes(filepath.Join(e.opts.output, name), picture, e.opts.force)
}

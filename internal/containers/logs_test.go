package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/pkg/stdcopy"

	"aztray/internal/watch/symptom"
)

func (f *fakeEngine) logs(context.Context, string, time.Time, int) (io.ReadCloser, error) {
	return nil, errors.New("no logs here")
}

// logEngine is a container whose log is a script: each opening is one answer.
type logEngine struct {
	*fakeEngine
	opened  []string // how each log was asked for
	answers []any    // a string, read and then ended; an error
	now     func() inspected
}

func (f *logEngine) inspect(context.Context, string) (inspected, error) {
	defer f.count("inspect")()
	in := f.now()
	if in.ID == "" {
		return in, errNone
	}
	return in, nil
}

func (f *logEngine) logs(_ context.Context, id string, since time.Time, last int) (io.ReadCloser, error) {
	defer f.count("logs")()
	f.opened = append(f.opened, fmt.Sprintf("%s since %s, %d lines", id, since.UTC().Format(time.RFC3339Nano), last))
	if len(f.answers) == 0 {
		return nil, errors.New("the engine is down")
	}
	a := f.answers[0]
	f.answers = f.answers[1:]
	if err, ok := a.(error); ok {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(a.(string))), nil
}

// frame is what the engine makes of a part of a line: stream 1 or 2.
func frame(stream byte, at, text string) string {
	var b bytes.Buffer
	io.WriteString(stdcopy.NewStdWriter(&b, stdcopy.StdType(stream)), at+" "+text)
	return b.String()
}

const (
	at1   = "2026-11-23T10:00:01.000000001Z"
	at2   = "2026-11-23T10:00:02.000000002Z"
	at3   = "2026-11-23T10:05:03.000000003Z"
	chain = "DefaultAzureCredential failed to retrieve a token from the included credentials."
)

// TestALogThroughTheLivesOfAContainer: stop, start and an engine that is away are followed, and
// nothing is read twice.
func TestALogThroughTheLivesOfAContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
		f := &logEngine{fakeEngine: newFake(inspected{}, nil)}
		f.now = func() inspected { return inspected{ID: "one", Status: "exited", Started: start} }
		event := func(action, id string) string {
			b, _ := json.Marshal(map[string]any{"Action": action, "Actor": map[string]any{"ID": id}})
			return string(b)
		}
		f.answers = []any{
			frame(1, at1, "fine\n") + frame(2, at2, chain+"\n") + frame(2, at2, "\tAzureCliCredential: ERROR: AADSTS70043: The ref\n"),
			errors.New("the engine restarts"),
			frame(2, at3, chain+"\n"),
		}
		f.streams = []string{event("die", "one") + event("destroy", "two") + event("start", "one"), event("destroy", "one")}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var got []Finding
		err := newEngine(f, endpoint{}, azDirs{}).WatchLogs(ctx, Container{ID: "one", Name: "svc"}, func(x Finding) { got = append(got, x) })
		if err != nil {
			t.Errorf("a container that is gone gives %v", err)
		}
		when := func(s string) time.Time { at, _ := time.Parse(time.RFC3339Nano, s); return at }
		want := []Finding{
			{"one", "svc", symptom.NoCredential, "", when(at2), 0},
			{"one", "svc", symptom.Entra, "AADSTS70043", when(at2), 0},
			{"one", "svc", symptom.NoCredential, "", when(at3), 0},
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		opened := []string{
			"one since 2026-11-23T08:59:50Z, 200 lines",
			"one since 2026-11-23T10:00:02.000000003Z, 5000 lines",
			"one since 2026-11-23T10:00:02.000000003Z, 5000 lines",
		}
		if !slices.Equal(f.opened, opened) {
			t.Errorf("opened %q\nwant   %q", f.opened, opened)
		}
	})
}

func TestALogThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &logEngine{fakeEngine: newFake(inspected{}, nil), now: func() inspected { return inspected{ID: "one", Status: "running"} }}
		e := newEngine(f, endpoint{}, azDirs{})
		watch := func(ctx context.Context) error {
			return e.WatchLogs(ctx, Container{ID: "one"}, func(x Finding) { t.Errorf("found %+v", x) })
		}
		f.answers = []any{&apiError{http.StatusNotImplemented, "configured logging driver does not support reading"}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := watch(ctx); err == nil || !strings.HasPrefix(err.Error(), "Its log") {
			t.Errorf("no log at all: %v", err)
		}
		f.answers = []any{errNone}
		if err := watch(ctx); err != nil {
			t.Errorf("gone as the log is opened: %v", err)
		}

		f.opened = nil
		if err := watch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended: %v", err)
		}
		if n := len(f.opened); n < 15 || n > 30 {
			t.Errorf("%d attempts in ten minutes of an engine that is down", n)
		}
	})
}

// TestALogThatEndsWhileTheContainerRuns is opened again, but not in a hurry.
func TestALogThatEndsWhileTheContainerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &logEngine{fakeEngine: newFake(inspected{}, nil), now: func() inspected { return inspected{ID: "one", Status: "running"} }}
		for range 100 {
			f.answers, f.streams = append(f.answers, ""), append(f.streams, "")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		newEngine(f, endpoint{}, azDirs{}).WatchLogs(ctx, Container{ID: "one"}, func(Finding) {})
		if n := len(f.opened); n < 9 || n > 11 {
			t.Errorf("opened %d times in ten seconds", n)
		}
	})
}

// TestLinesOfALog: frames are not lines, and lines over 16 KiB come in several.
func TestLinesOfALog(t *testing.T) {
	refused := "ERROR: AADSTS70043: The refresh token"
	long := strings.Repeat("x", 16<<10-20)
	for _, c := range []struct {
		name   string
		writes []string
		tty    bool
		want   string // the code or the cause
		at     string
	}{
		{"a line", []string{at1 + " " + refused + "\n"}, false, "AADSTS70043", at1},
		{"a line that no end follows", []string{at1 + " " + refused}, false, "AADSTS70043", at1},
		{"a line in two frames, cut in the word", []string{at1 + " " + long + "ERROR: AADS", at1 + " TS70043: The\n"}, false, "AADSTS70043", at1},
		{"two lines are not one", []string{at1 + " ERROR: AADS\n", at2 + " TS70043: The\n"}, false, "", ""},
		{"a line of 300 KiB, at its end", slices.Concat(slices.Repeat([]string{at1 + " " + strings.Repeat("y", 16<<10)}, 20), []string{at1 + " " + refused + "\n"}), false, "AADSTS70043", at1},
		{"where a long line is cut", []string{at1 + " " + strings.Repeat("y", maxLine-8) + refused, at1 + " " + strings.Repeat("y", 9000) + "\n"}, false, "AADSTS70043", at1},
		{"a time with a zone", []string{"2026-11-23T11:00:01.000000001+01:00 " + refused + "\n"}, false, "AADSTS70043", at1},
		{"a line that looks like a time", []string{at1 + " " + at2 + " " + refused + "\n"}, false, "AADSTS70043", at1},
		{"terminal", []string{at1 + " fine\r\n" + at2 + " \x1b[31m" + refused + "\x1b[0m\r\n"}, true, "AADSTS70043", at2},
		{"terminal, in bytes", strings.SplitAfter(at1+" fine\r\n"+at2+" "+refused+"\r\n", ""), true, "AADSTS70043", at2},
		{"terminal, a line in two parts", []string{at1 + " " + long + "ERROR: AADS" + at1 + " TS70043: The\r\n"}, true, "AADSTS70043", at1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []Finding
			l := logReader{e: newEngine(nil, endpoint{}, azDirs{}), tell: func(f Finding) { got = append(got, f) }}
			s := logLines{l: &l, tty: c.tty}
			for _, w := range c.writes {
				if n, err := s.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write = %d, %v", n, err)
				}
			}
			s.end()
			if c.want == "" {
				if len(got) > 0 {
					t.Errorf("found %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Code != c.want || got[0].At.Format(time.RFC3339Nano) != c.at {
				t.Errorf("found %+v, want %s at %s", got, c.want, c.at)
			}
			if cap(s.part) > 2*maxLine {
				t.Errorf("%d bytes are kept", cap(s.part))
			}
		})
	}
}

// TestTwoStreamsOfALog are kept apart, though their frames come mixed.
func TestTwoStreamsOfALog(t *testing.T) {
	long := strings.Repeat("x", 16<<10-20)
	var got []Finding
	f := &logEngine{fakeEngine: newFake(inspected{}, nil)}
	f.answers = []any{frame(1, at1, long+"ERROR: AADS") + frame(2, at2, "fine\n") + frame(1, at1, "TS70043: The\n")}
	l := logReader{e: newEngine(f, endpoint{}, azDirs{}), tell: func(x Finding) { got = append(got, x) }}
	if err := l.read(t.Context(), inspected{}); err != nil || len(got) != 1 || got[0].Code != "AADSTS70043" || l.last.Format(time.RFC3339Nano) != at2 {
		t.Errorf("%v, found %+v, the newest line is of %s", err, got, l.last)
	}
	for what, log := range map[string]string{
		"cut in a frame": frame(1, at1, "fine\n")[:20], "cut in a head": "\x01\x00\x00", "a word of the engine's": frame(3, at1, "it broke"),
		"a frame of 4 GB": "\x01\x00\x00\x00\xff\xff\xff\xff", "no frames": "fine",
	} {
		f.answers = []any{log}
		if err := l.read(t.Context(), inspected{}); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// TestALogThatGrowsTooFast: the reading stops, and goes on a second later with the newest lines.
func TestALogThatGrowsTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &logEngine{fakeEngine: newFake(inspected{}, nil)}
		f.now = func() inspected {
			time.Sleep(2 * time.Second) // four times: the pause counts from the end of the reading
			return inspected{ID: "one", Status: "running"}
		}
		f.streams = []string{`{"Action":"destroy","Actor":{"ID":"one"}}`}
		noise := frame(1, at2, strings.Repeat("z", 9999)+"\n")
		f.answers = []any{frame(1, at1, "fine\n") + strings.Repeat(noise, 5000) + frame(2, at3, chain+"\n"), frame(2, at3, chain+"\n"), errNone}
		var got []Finding
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		err := newEngine(f, endpoint{}, azDirs{}).WatchLogs(ctx, Container{ID: "one"}, func(x Finding) { got = append(got, x) })
		if err != nil || len(got) != 1 || got[0].Skips != 1 || time.Since(began) < 8*time.Second+logPause {
			t.Errorf("%v, found %+v after %s", err, got, time.Since(began))
		}
		if want := "one since 2026-11-23T10:00:02.000000003Z, 200 lines"; len(f.opened) < 2 || f.opened[1] != want {
			t.Errorf("opened %q, want %q", f.opened, want)
		}
	})
}

// FuzzLog: whatever an engine sends ends in an end or an error, with bounded memory.
func FuzzLog(f *testing.F) {
	f.Add([]byte(frame(1, at1, chain+"\n")+frame(2, at2, "x")), false)
	f.Add([]byte(at1+" "+chain+"\r\n"), true)
	f.Fuzz(func(t *testing.T, log []byte, tty bool) {
		api := &logEngine{fakeEngine: newFake(inspected{}, nil), answers: []any{string(log)}}
		l := logReader{e: newEngine(api, endpoint{}, azDirs{}), tell: func(x Finding) {
			if x.Cause == "" || x.At.IsZero() {
				t.Errorf("%+v", x)
			}
		}}
		l.read(t.Context(), inspected{Tty: tty})
	})
}

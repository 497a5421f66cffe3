package containers

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

const (
	logRate  = 1 << 20 // bytes a second that are read of one container's log
	logBurst = 2 * logRate
	maxLine  = 64 << 10  // a longer line is looked at in parts
	maxFrame = 256 << 10 // engines make frames of 16 KiB
	overlap  = 512       // of such parts: more than any saying is long
	maxStamp = len("2006-01-02T15:04:05.999999999+07:00")
)

// frames takes a log apart: frames of a stream number, three zeros, a big-endian length and the text.
// Each frame is one Write. docker's stdcopy does the same, but makes room for whatever length it is told.
func frames(log io.Reader, out, errs io.Writer) error {
	r := bufio.NewReaderSize(log, 32<<10)
	var frame []byte
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		n := int(min(binary.BigEndian.Uint32(head[4:]), maxFrame+1))
		if n > maxFrame || head[0] > 2 { // 3 is a word of the engine's own, when it can't read on
			return errors.New("the engine's log is not what it should be")
		}
		if cap(frame) < n {
			frame = make([]byte, n)
		}
		if _, err := io.ReadFull(r, frame[:n]); err != nil {
			return err
		}
		w := out
		if head[0] == 2 {
			w = errs
		}
		if _, err := w.Write(frame[:n]); err != nil {
			return err
		}
	}
}

// errFast ends the reading of a log that grows too fast.
var errFast = errors.New("the log grows too fast")

// budget bounds what is read by time. Its zero value is full.
type budget struct {
	left float64
	at   time.Time
}

// take reports whether n bytes more may be read now.
func (b *budget) take(n int, now time.Time) bool {
	b.left = min(logBurst, b.left+now.Sub(b.at).Seconds()*logRate)
	b.at = now
	if float64(n) > b.left {
		return false
	}
	b.left -= float64(n)
	return true
}

// logLines puts the lines of one stream together and has each looked at. Each Write is one frame of
// the engine's, which holds a line, or 16 KiB of one, after its time; of a terminal it is any bytes.
type logLines struct {
	l     *logReader
	tty   bool
	part  []byte // a line that isn't whole yet
	stamp []byte // the time of the newest line, as the engine wrote it
}

func (s *logLines) Write(p []byte) (int, error) {
	if !s.l.budget.take(len(p), s.l.e.now()) {
		return 0, errFast
	}
	text := p
	if !s.tty {
		text = s.unstamped(p)
	}
	s.add(text)
	return len(p), nil
}

// add takes more text, with its line ends.
func (s *logLines) add(p []byte) {
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.keep(p)
			return
		}
		if len(s.part) == 0 {
			s.whole(p[:i])
		} else {
			s.keep(p[:i])
			s.end()
		}
		p = p[i+1:]
	}
}

// keep adds to the line that isn't whole yet, and has it looked at when it is too long to keep.
func (s *logLines) keep(p []byte) {
	for {
		n := min(len(p), maxLine-len(s.part))
		s.part, p = append(s.part, p[:n]...), p[n:]
		if len(s.part) < maxLine {
			return
		}
		s.whole(s.part)
		s.part = s.part[:copy(s.part, s.part[maxLine-overlap:])]
	}
}

// end has the rest looked at, as a line.
func (s *logLines) end() {
	if len(s.part) > 0 {
		s.whole(s.part)
		s.part = s.part[:0]
	}
}

func (s *logLines) whole(line []byte) {
	if s.tty {
		line = s.unstamped(line)
		if len(line) > 16<<10 && len(s.stamp) > 0 { // the engine puts it between the parts of a long line too
			line = bytes.ReplaceAll(line, append(bytes.Clone(s.stamp), ' '), nil)
		}
	}
	s.l.look(line, s.at())
}

// unstamped takes the time off the start of p, where there is one, and remembers it.
func (s *logLines) unstamped(p []byte) []byte {
	n := bytes.IndexByte(p[:min(len(p), maxStamp+1)], ' ')
	if n < len("2006-01-02T15:04:05Z") || p[4] != '-' || p[10] != 'T' {
		return p
	}
	s.stamp = append(s.stamp[:0], p[:n]...)
	return p[n+1:]
}

// at is the time of the newest line, zero where the engine gave none.
func (s *logLines) at() time.Time {
	t, err := time.Parse(time.RFC3339Nano, string(s.stamp))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

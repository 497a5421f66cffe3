package enginesocket

import (
	"bufio"
	"bytes"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// requests finds the heads of the requests in what a client sends, in pieces of any size. It only looks:
// what it can't read, and all after it, goes by unseen.
type requests struct {
	goesOn func() bool // after a request that may take the connection over: whether requests follow

	at    place
	head  []byte // as far as it came, or a line of a body's frame
	left  int64  // of a body or a piece of it
	then  place  // when nothing is left
	after place  // when the whole request has gone by
}

// request is what is to be known of one.
type request struct {
	starts    string // the container that it starts, by name or id; "": none
	takesOver bool   // its answer may make the connection something else than HTTP
}

// place is where in the stream we are.
type place int

const (
	inHead     place = iota
	inBody           // left bytes, then what then says
	inSize           // the line before a piece of a chunked body
	inSeam           // the empty line after a piece
	inTrailer        // the lines after the last piece
	inQuestion       // after a request that may have taken the connection over
	beyond           // not HTTP, or not ours to understand
)

const (
	maxHead = 64 << 10
	maxLine = 4 << 10 // of a chunked body's frame
)

// blind reports whether nothing more will be seen.
func (r *requests) blind() bool { return r.at == beyond }

// next says how many bytes at the beginning of p, which has some, belong together. Where they complete
// a head, it says what that asks for: those bytes are to be passed on when that may happen.
func (r *requests) next(p []byte) (int, *request) {
	if r.at == inQuestion {
		r.at = beyond
		if r.goesOn != nil && r.goesOn() {
			r.at = inHead
		}
	}
	switch r.at {
	case inHead:
		return r.inHead(p)
	case inBody:
		n := int(min(r.left, int64(len(p))))
		if r.left -= int64(n); r.left == 0 {
			r.at = r.then
		}
		return n, nil
	case inSize, inSeam, inTrailer:
		return r.inLine(p), nil
	}
	return len(p), nil
}

func (r *requests) inHead(p []byte) (int, *request) {
	had := len(r.head)
	r.head = append(r.head, p...)
	end := headEnd(r.head)
	if end > maxHead || end < 0 && len(r.head) > maxHead || !begins(r.head) {
		r.lose()
		return len(p), nil
	}
	if end < 0 {
		return len(p), nil
	}
	read, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.head[:end])))
	r.head = r.head[:0]
	if err != nil || read.ProtoMajor != 1 || read.Method == http.MethodConnect {
		r.lose()
		return len(p), nil
	}
	q := request{starts: starts(read), takesOver: takesOver(read)}
	r.after = inHead
	if q.takesOver {
		r.after = inQuestion
	}
	switch {
	case len(read.TransferEncoding) > 0: // chunked; http.ReadRequest takes no other
		r.at = inSize
	case read.ContentLength > 0:
		r.at, r.left, r.then = inBody, read.ContentLength, r.after
	default:
		r.at = r.after
	}
	return end - had, &q
}

// inLine takes what there is of a line of a chunked body's frame.
func (r *requests) inLine(p []byte) int {
	line, _, whole := bytes.Cut(p, []byte("\n"))
	if r.head = append(r.head, line...); len(r.head) > maxLine {
		r.lose()
		return len(p)
	}
	if !whole {
		return len(p)
	}
	r.frame(strings.TrimSuffix(string(r.head), "\r"))
	r.head = r.head[:0]
	return len(line) + 1
}

// frame goes by what a line of a chunked body's frame says.
func (r *requests) frame(line string) {
	switch {
	case r.at == inTrailer && line == "":
		r.at = r.after
	case r.at == inTrailer:
	case r.at == inSeam && line == "":
		r.at = inSize
	case r.at == inSeam:
		r.lose()
	default:
		digits, _, _ := strings.Cut(line, ";") // after it, extensions
		length, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 63)
		switch {
		case err != nil:
			r.lose()
		case length == 0:
			r.at = inTrailer
		default:
			r.at, r.left, r.then = inBody, int64(length), inSeam
		}
	}
}

// lose stops looking.
func (r *requests) lose() { r.at, r.head = beyond, nil }

// headEnd is where a head ends with its empty line; -1 while it is not whole.
func headEnd(b []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1
		}
		from += i + 1
		rest := b[from:]
		switch {
		case bytes.HasPrefix(rest, []byte("\n")):
			return from + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return from + 2
		}
	}
}

// begins reports whether b can be the beginning of a request of HTTP/1.
func begins(b []byte) bool {
	if b[0] < 'A' || b[0] > 'Z' {
		return false
	}
	line, _, whole := bytes.Cut(b, []byte("\n"))
	return !whole || bytes.Contains(line, []byte(" HTTP/1."))
}

// starting is the path of a request after which a process runs in a container: Docker's, and Podman's own.
var starting = regexp.MustCompile(`^(?:/v[0-9.]+)?(?:/libpod)?/containers/([^/]+)/(?:start|restart)$`)

// starts is the container that a request starts. To go on with one that was paused is not to start it:
// its process has had its credential, which is kept fresh while it stands still.
func starts(r *http.Request) string {
	if m := starting.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodPost {
		return m[1]
	}
	return ""
}

// taking is the path of a request that takes the connection over even where its client doesn't say so.
var taking = regexp.MustCompile(`/containers/[^/]+/attach$|/exec/[^/]+/start$`)

func takesOver(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" || r.Method == http.MethodPost && taking.MatchString(r.URL.Path)
}

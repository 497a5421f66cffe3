package enginesocket

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// crlf makes a stream of lines.
func crlf(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

const (
	start  = "POST /v1.41/containers/web/start HTTP/1.1\r\nHost: docker\r\n\r\n"
	list   = "GET /v1.41/containers/json HTTP/1.1\r\nHost: docker\r\n\r\n"
	attach = "POST /v1.41/containers/web/attach?stream=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)

// What is seen of a stream, however it is cut into pieces.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream string
		goesOn bool   // what the engine answers to a request that may take the connection over
		want   string // of each request: what it starts, "-" for none, "+" if it may take the connection over
		blind  bool
	}{
		{"a start", start, false, "web", false},
		{"no version", strings.Replace(start, "/v1.41", "", 1), false, "web", false},
		{"a version of tomorrow", strings.Replace(start, "v1.41", "v2.0", 1), false, "web", false},
		{"with a query", strings.Replace(start, "start ", "start?detachKeys=ctrl-p ", 1), false, "web", false},
		{"an id", strings.Replace(start, "web", "0123456789ab", 1), false, "0123456789ab", false},
		{"a restart", strings.Replace(start, "start ", "restart?t=10 ", 1), false, "web", false},
		{"Podman's own", strings.Replace(start, "/v1.41", "/v4.3.1/libpod", 1), false, "web", false},
		{"a pause is no start", strings.Replace(start, "start ", "unpause ", 1), false, "-", false},
		{"nor is an exec", strings.Replace(start, "containers", "exec", 1), false, "-+", false},
		{"nor is a look", strings.Replace(start, "POST", "GET", 1), false, "-", false},
		{"nor is a plugin's", strings.Replace(start, "containers/web/start", "plugins/web/enable", 1), false, "-", false},
		{"one after another", list + start + list + start, false, "- web - web", false},
		{"after a body", "POST /containers/create?name=web HTTP/1.1\r\nHost: d\r\nContent-Length: 7\r\n\r\n{\"A\":1}" + start, false, "- web", false},
		{"after a body in pieces", "POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n" +
			crlf("5", "hello", "A;ext=1", "0123456789", "0", "") + start, false, "- web", false},
		{"a body that reads like a start", "PUT /containers/web/archive HTTP/1.1\r\nHost: d\r\nContent-Length: " + fmt.Sprint(len(start)) + "\r\n\r\n" + start + list, false, "- -", false},
		{"pieces that read like one", "POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(start), start) + list, false, "- -", false},
		{"trailers", "POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n" + crlf("0", "Sum: 1", "") + start, false, "- web", false},
		{"100-continue", "PUT /containers/web/archive HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab" + start, false, "- web", false},
		{"taken over", attach + start, false, "-+", true},
		{"not taken over", attach + start, true, "-+ web", false},
		{"an exec with a body, taken over", "POST /exec/1/start HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}" + start, false, "-+", true},
		{"an exec in the background", "POST /exec/1/start HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}" + start, true, "-+ web", false},
		{"BuildKit's session", "POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n", false, "-+", true},
		{"lines that end as they should not", strings.ReplaceAll(list+start, "\r\n", "\n"), false, "- web", false},
		{"HTTP/2 from the beginning", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + start, false, "", true},
		{"keys at a terminal", "ls -la\r\n" + start, false, "", true},
		{"capital keys", "LS\r\n" + start, false, "", true},
		{"TLS", "\x16\x03\x01\x02\x00\x01" + start, false, "", true},
		{"a length that is none", "POST /build HTTP/1.1\r\nContent-Length: x\r\n\r\n" + start, false, "", true},
		{"a piece's length that is none", "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + start, false, "-", true},
		{"a piece's length beyond measure", "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n" + start, false, "-", true},
		{"a piece that is longer than it says", "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n" + start, false, "-", true},
		{"a head without end", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n" + start, false, "", true},
		{"a frame's line without end", "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", maxLine) + "\r\n", false, "-", true},
		{"nothing", "", false, "", false},
		{"half a head", start[:40], false, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1 << 20, 1, 2, 3, 7, 64} {
				if size < 64 && len(c.stream) > maxHead {
					continue // it takes its time
				}
				seen, r := seen(t, c.stream, size, c.goesOn)
				if got := strings.Join(seen, " "); got != c.want || r.blind() != c.blind {
					t.Errorf("in pieces of %d: %q, blind %v; want %q, %v", size, got, r.blind(), c.want, c.blind)
				}
			}
		})
	}
}

// seen gives a stream to requests in pieces, and checks that all of it is passed on, a head's end with
// its head.
func seen(t *testing.T, stream string, size int, goesOn bool) (all []string, r *requests) {
	t.Helper()
	r = &requests{goesOn: func() bool { return goesOn }}
	passed := 0
	for from := 0; from < len(stream); from += size {
		for p := []byte(stream[from:min(from+size, len(stream))]); len(p) > 0; {
			n, head := r.next(p)
			if n <= 0 || n > len(p) {
				t.Fatalf("%d of %d bytes", n, len(p))
			}
			if passed += n; head != nil {
				if end := stream[:passed]; !strings.HasSuffix(end, "\n\r\n") && !strings.HasSuffix(end, "\n\n") {
					t.Fatalf("the head is told at %q", end[max(0, len(end)-20):])
				}
				text := head.starts
				if text == "" {
					text = "-"
				}
				if head.takesOver {
					text += "+"
				}
				all = append(all, text)
			}
			p = p[n:]
		}
	}
	if passed != len(stream) {
		t.Fatalf("%d of %d bytes passed on", passed, len(stream))
	}
	return all, r
}

func FuzzRequests(f *testing.F) {
	for _, seed := range []string{start, list + start, attach + start, "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + start} {
		f.Add(seed, 3, true)
	}
	f.Fuzz(func(t *testing.T, stream string, size int, goesOn bool) {
		if len(stream) > 4<<10 {
			return
		}
		whole, _ := seen(t, stream, len(stream)+1, goesOn)
		pieces, _ := seen(t, stream, max(1, size%100), goesOn)
		if !reflect.DeepEqual(whole, pieces) {
			t.Errorf("whole: %q, in pieces of %d: %q", whole, size, pieces)
		}
	})
}

// Whether the connection goes on as HTTP after an answer.
func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		name, said string
		goesOn     bool
	}{
		{"switched", "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello", false},
		{"as the engine did of old", "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n", false},
		{"refused", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", true},
		{"in the background", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
		{"in pieces", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
		{"after a word in between", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}", true},
		{"nothing yet", "", false},
		{"half a head", "HTTP/1.1 404 Not Fou", false},
		{"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", false},
		{"a head without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1 << 20, 1, 5} {
				a := &answer{}
				a.look([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) // to an earlier request
				if a.goesOn() {
					t.Fatal("goes on before anything was asked")
				}
				a.expect()
				for from := 0; from < len(c.said); from += size {
					a.look([]byte(c.said[from:min(from+size, len(c.said))]))
				}
				if got := a.goesOn(); got != c.goesOn {
					t.Errorf("in pieces of %d: %v", size, got)
				}
			}
		})
	}
}

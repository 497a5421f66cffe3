package enginesocket

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"
)

// A client of the pipe says that it has no more to say and still hears the rest, and a start is asked
// about.
func TestThePipe(t *testing.T) {
	t.Setenv("USERNAME", "Ada Lovelace")
	if got := Address(""); got != "npipe:////./pipe/aztray_engine_Ada_Lovelace" {
		t.Errorf("Address = %s", got)
	}
	const at = `\\.\pipe\aztray_test_engine`
	l, err := winio.ListenPipe(at, &winio.PipeConfig{MessageMode: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		said, _ := io.ReadAll(c)
		c.Write(said)
		end(c)
	}()
	ctx, stop := context.WithCancel(t.Context())
	asked, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{Log: slog.New(slog.DiscardHandler),
			Ready: func(_ context.Context, ref string) error { asked <- ref; return nil },
			Dial:  func(ctx context.Context) (net.Conn, error) { return winio.DialPipeContext(ctx, at) }})
	}()
	within, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	path := strings.ReplaceAll(strings.TrimPrefix(Address(""), "npipe://"), "/", `\`)
	c, err := winio.DialPipeContext(within, path)
	for err != nil && within.Err() == nil {
		time.Sleep(time.Millisecond)
		c, err = winio.DialPipeContext(within, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, start); err != nil {
		t.Fatal(err)
	}
	end(c)
	if got, err := io.ReadAll(c); string(got) != start || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if ref := <-asked; ref != "web" {
		t.Errorf("asked for %q", ref)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

package instance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// holdIn makes the test binary another process that holds the place in this directory.
const holdIn = "AZTRAY_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdIn); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

// hold takes the place, says so on standard output and serves until standard input ends.
func hold(dir string) int {
	i, err := Acquire(dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	fmt.Println("holding")
	shown := 0
	i.Serve(ctx, Answers{Show: func() string {
		shown++
		return fmt.Sprintf("Signed in to Contoso\n(shown %d times)", shown)
	}, Page: func() string { return "http://127.0.0.1:8000/#key=KEY" }})
	if err := i.Close(); err != nil {
		return 1
	}
	return 0
}

// other is a process that holds the place.
type other struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

func startOther(t *testing.T, dir string) other {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdIn+"="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "holding\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return other{cmd, stdin}
}

func TestASecondProcessAsksTheFirst(t *testing.T) {
	dir := short(t)
	first := startOther(t, dir)
	if _, err := Acquire(dir); !errors.Is(err, ErrRunning) {
		t.Fatalf("Acquire: %v, want ErrRunning", err)
	}
	for n := 1; n <= 2; n++ {
		got, err := Show(t.Context(), dir)
		if want := fmt.Sprintf("Signed in to Contoso (shown %d times)", n); got != want || err != nil {
			t.Errorf("Show: %q, %v; want %q", got, err, want)
		}
	}
	first.stdin.Close()
	if err := first.cmd.Wait(); err != nil {
		t.Fatalf("the first ended with %v", err)
	}
	take(t, dir)
}

func TestAKilledProcessLeavesThePlaceFree(t *testing.T) {
	dir := short(t)
	first := startOther(t, dir)
	first.cmd.Process.Kill()
	first.cmd.Wait()
	if _, err := os.Lstat(socketPath(dir)); err != nil {
		t.Fatalf("the test wants a socket that was left behind: %v", err)
	}
	i := take(t, dir)
	serve(t, i, func() string { return "here" })
	if got, err := Show(t.Context(), dir); got != "here" || err != nil {
		t.Errorf("Show: %q, %v", got, err)
	}
}

func TestShowWaitsForAFirstThatIsStillStarting(t *testing.T) {
	dir := short(t)
	answers := make(chan string)
	go func() {
		text, err := Show(t.Context(), dir)
		answers <- fmt.Sprint(text, err)
	}()
	i := take(t, dir)
	serve(t, i, func() string { return "here" })
	if got := <-answers; got != "here<nil>" {
		t.Errorf("Show: %s", got)
	}
}

func TestShowGivesUp(t *testing.T) {
	dir := short(t)
	i := take(t, dir) // listens, and nobody serves
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Show(ctx, dir); err == nil {
		t.Error("Show returned although nobody answered")
	}
	i.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Show(ctx, dir); err == nil {
		t.Error("Show returned although nobody listens")
	}
}

func TestNothingElseIsServed(t *testing.T) {
	tests := []struct{ name, sent string }{
		{"nothing", "\n"},
		{"another word", "quit\n"},
		{"more than the word", "show me\n"},
		{"the page, where there is none", "page\n"},
		{"no end", strings.Repeat("s", 1<<16)},
	}
	dir := short(t)
	i := take(t, dir)
	serve(t, i, func() string { t.Error("served"); return "" }) // and no page
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("unix", socketPath(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, tt.sent) // may fail: the other side closes
			if got, _ := io.ReadAll(conn); len(got) > 0 {
				t.Errorf("answered %q", got)
			}
		})
	}
}

func TestServeEndsWhileACallerDawdles(t *testing.T) {
	tests := []struct {
		name string
		end  func(i *Instance, cancel func())
		want error
	}{
		{"told to", func(_ *Instance, cancel func()) { cancel() }, context.Canceled},
		{"closed", func(i *Instance, _ func()) { i.Close() }, net.ErrClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := short(t)
			i := take(t, dir)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error)
			go func() { ended <- i.Serve(ctx, Answers{Show: func() string { return "" }}) }()
			conn, err := net.Dial("unix", socketPath(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// Callers are taken in turn: once this one is answered, the one before is being served.
			if _, err := Show(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			tt.end(i, cancel)
			select {
			case err := <-ended:
				if !errors.Is(err, tt.want) {
					t.Errorf("Serve: %v, want %v", err, tt.want)
				}
			case <-time.After(patience / 2):
				t.Error("Serve waits for the caller")
			}
		})
	}
}

func TestPage(t *testing.T) {
	dir := short(t)
	startOther(t, dir)
	if got, err := Page(t.Context(), dir); got != "http://127.0.0.1:8000/#key=KEY" || err != nil {
		t.Errorf("Page: %q, %v", got, err)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	dir := short(t)
	i := take(t, dir)
	shown := 0 // one call at a time: the race detector would see otherwise
	serve(t, i, func() string { shown++; return strings.Repeat("ä", maxReply) })
	var all sync.WaitGroup
	for range 4 * callers {
		all.Go(func() {
			if got, err := Show(t.Context(), dir); err != nil || len(got) != maxReply {
				t.Errorf("Show: %d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
	if shown != 4*callers {
		t.Errorf("shown %d times", shown)
	}
}

// short is a directory whose socket's path fits into a socket's address everywhere.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "az")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func take(t *testing.T, dir string) *Instance {
	t.Helper()
	i, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func serve(t *testing.T, i *Instance, show func() string) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- i.Serve(ctx, Answers{Show: show}) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestTheLockStays(t *testing.T) {
	dir := short(t)
	if err := take(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
		t.Error(err)
	}
}

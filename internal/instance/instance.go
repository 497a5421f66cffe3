// Package instance keeps one tray for each person: two would both open browsers. The first start
// holds a lock and listens on a socket beside it; a second one asks the first to show itself and gets
// its state as text. It knows nothing of what the tray is or shows.
package instance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// ErrRunning says that another process of this person holds the lock: call Show.
var ErrRunning = errors.New("aztray is running already")

// What may be asked for.
const (
	askShow = "show"
	askPage = "page"
)

// Answers give what is asked for, each as one line; they must not block.
type Answers struct {
	Show func() string // makes the instance show itself, and gives its state as text
	Page func() string // the status page's address with its key; "": there is none
}

const (
	maxAsk   = 16      // bytes of what is asked for
	maxReply = 4 << 10 // bytes of status text
	patience = 5 * time.Second
	callers  = 8 // served at once; more wait their turn
)

// Instance is the one that runs. Close gives the place up.
type Instance struct {
	lock   *flock.Flock
	socket net.Listener
}

// Acquire takes the place in dir, which Dir gives, or returns ErrRunning. A socket that a crash left
// behind is removed: only who holds the lock may do that.
func Acquire(dir string) (*Instance, error) {
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("taking the lock: %w", err)
	case !locked:
		return nil, ErrRunning
	}
	socket, err := listen(socketPath(dir))
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Instance{lock: lock, socket: socket}, nil
}

func socketPath(dir string) string { return filepath.Join(dir, "show.sock") }

func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the socket of an earlier run: %w", err)
	}
	socket, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening for a second start: %w", err)
	}
	if err := closeToOthers(path); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// Serve answers each call until ctx ends. Calls come one at a time.
func (i *Instance) Serve(ctx context.Context, answers Answers) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { i.socket.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel() // a caller that dawdles is cut off
	var one sync.Mutex
	turns := make(chan struct{}, callers)
	for {
		conn, err := i.socket.Accept()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("waiting for a second start: %w", err)
		}
		turns <- struct{}{} // each caller is gone after patience
		all.Go(func() {
			defer func() { <-turns }()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			line, err := readLine(conn, maxAsk)
			answer := map[string]func() string{askShow: answers.Show, askPage: answers.Page}[line]
			if err != nil || answer == nil {
				return
			}
			one.Lock()
			text := answer()
			one.Unlock()
			io.WriteString(conn, oneLine(text)+"\n")
		})
	}
}

// Close gives the place up. The lock's file stays: removing it would let two processes lock two
// files of one name.
func (i *Instance) Close() error {
	err := i.socket.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, i.lock.Close())
}

// Show asks the running instance to show itself and returns its state as one line. While that one is
// still starting, Show waits for it, five seconds at most.
func Show(ctx context.Context, dir string) (string, error) {
	line, err := ask(ctx, dir, askShow)
	if err != nil {
		return "", fmt.Errorf("asking the running aztray to show itself: %w", err)
	}
	return line, nil
}

// Page asks the running instance for the status page's address, with the key by which its buttons work; "": it
// serves none.
func Page(ctx context.Context, dir string) (string, error) {
	line, err := ask(ctx, dir, askPage)
	if err != nil {
		return "", fmt.Errorf("asking the running aztray for its page: %w", err)
	}
	return line, nil
}

func ask(ctx context.Context, dir, what string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := dial(ctx, socketPath(dir))
	if err != nil {
		return "", err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	if _, err := io.WriteString(conn, what+"\n"); err != nil {
		return "", err
	}
	line, err := readLine(conn, maxReply)
	if err != nil {
		return "", fmt.Errorf("it did not answer: %w", err)
	}
	return line, nil
}

// dial tries until the socket is there: its owner takes the lock first and listens a moment later.
func dial(ctx context.Context, path string) (net.Conn, error) {
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// readLine reads one line of at most limit bytes.
func readLine(r io.Reader, limit int) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, int64(limit)+1)).ReadString('\n')
	switch {
	case err == io.EOF && len(line) > limit:
		return "", errors.New("the line is too long")
	case err != nil:
		return "", err
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// oneLine fits a text into an answer.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxReply {
		s = strings.ToValidUTF8(s[:maxReply], "")
	}
	return s
}

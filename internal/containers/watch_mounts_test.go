package containers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/filewatch"
)

// TestWatchMounts: what a container does to its credential is noticed where the system tells of it, and where it
// doesn't; what else it writes is not, and a link in a file's place is not followed.
func TestWatchMounts(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	synctest.Test(t, func(t *testing.T) {
		es := NewEngines(Options{Mounts: filepath.Join(t.TempDir(), "mounts")})
		var news atomic.Int32
		ended := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			defer close(ended)
			es.watchMounts(ctx, func() { news.Add(1) }, filewatch.Options{NewSystem: func() (*filewatch.System, error) { return nil, errors.New("no") }})
		}()
		defer func() { stop(); <-ended }()
		synctest.Wait()
		dir := filepath.Join(es.o.Mounts, "app")
		put := func(file string) func() error {
			return func() error { return os.WriteFile(file, []byte(time.Now().String()), 0o600) }
		}
		for _, c := range []struct {
			what string
			do   func() error
			want bool
		}{
			{"a directory", func() error { return os.MkdirAll(dir, 0o700) }, true},
			{"a delivery", put(filepath.Join(dir, cacheFile)), true},
			{"what az keeps for itself", put(filepath.Join(dir, "commandIndex.json")), false},
			{"a sign-in inside", put(filepath.Join(dir, signInFiles[0])), true},
			{"a sign-out inside", func() error { return os.Remove(filepath.Join(dir, cacheFile)) }, true},
			{"a link", func() error { return os.Symlink(outside, filepath.Join(dir, cacheFile)) }, true},
			{"what the link leads to", put(outside), false},
		} {
			news.Store(0)
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(filewatch.Every + time.Second)
			synctest.Wait()
			if got := news.Load(); (got == 1) != c.want || got > 1 {
				t.Errorf("%s: noticed %d times, want %v", c.what, got, c.want)
			}
		}
	})
}

// TestWatchMounts_AtOnce: where the system tells, nobody waits for half a minute, in a directory that comes later too.
func TestWatchMounts_AtOnce(t *testing.T) {
	es := NewEngines(Options{Mounts: filepath.Join(t.TempDir(), "mounts")})
	news, ended := make(chan struct{}, 1), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		es.watchMounts(ctx, func() {
			select {
			case news <- struct{}{}:
			default:
			}
		}, filewatch.Options{Gather: time.Millisecond})
	}()
	defer func() { stop(); <-ended }()
	dir := filepath.Join(es.o.Mounts, "app")
	end := time.After(10 * time.Second)
	for told := 0; told < 4; {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, cacheFile), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-news:
			told++
		case <-end:
			t.Fatal("nothing was told")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/filewatch"
)

// TestWatch_SystemRefuses: a sign-out is noticed although the system tells nothing, and so is whatever else az may do
// to a file that we read, in a directory that comes late.
func TestWatch_SystemRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := Dir(filepath.Join(t.TempDir(), "not", "yet", "azure"))
		news := make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			dir.watch(ctx, func() { news <- struct{}{} }, filewatch.Options{NewSystem: func() (*filewatch.System, error) { return nil, errors.New("no") }})
		}()
		synctest.Wait()
		if err := os.MkdirAll(string(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		notices := func(what string, want bool) {
			t.Helper()
			time.Sleep(filewatch.Every + time.Second)
			synctest.Wait()
			if got := len(news) == 1; got != want {
				t.Errorf("%s: noticed %v, want %v", what, got, want)
			}
			select {
			case <-news:
			default:
			}
		}
		notices("an empty directory", false)
		for _, name := range watchedFiles {
			file := filepath.Join(string(dir), name)
			for _, text := range []string{"{}", `{"subscriptions": []}`} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				notices(name+" written", true)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			notices(name+" gone", true)
		}
		if err := os.WriteFile(filepath.Join(string(dir), "commandIndex.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		notices("what any az command writes", false)
		stop()
		<-ended
	})
}

// TestWatch_AtOnce: where the system tells, nobody waits for half a minute, not even in a directory that comes late.
func TestWatch_AtOnce(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "azure"))
	news, ended := make(chan struct{}, 1), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		dir.Watch(ctx, func() {
			select {
			case news <- struct{}{}:
			default:
			}
		}, nil)
	}()
	defer func() { stop(); <-ended }()
	if err := os.Mkdir(string(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	end := time.After(10 * time.Second)
	for told := 0; told < 3; {
		if err := os.WriteFile(filepath.Join(string(dir), profileFile), []byte("{}"), 0o600); err != nil {
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

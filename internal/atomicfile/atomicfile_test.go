package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// traced is the real disk that notes its steps; the one called fails does.
func traced(fails string) (disk, *[]string) {
	var steps []string
	step := func(name string, do func() error) error {
		steps = append(steps, name)
		if name == fails {
			return errors.New("no " + name)
		}
		return do()
	}
	return disk{
		func(f *os.File) error { return step("sync", f.Sync) },
		func(from, to string) error { return step("rename", func() error { return replace(from, to) }) },
		func(from, to string) error { return step("place", func() error { return place(from, to) }) },
		func(dir string) error { return step("sync directory", func() error { return syncPath(dir) }) },
	}, &steps
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("the directory holds %q, want %q", names, want)
	}
}

// TestWrite_Steps: the text is on the disk before it has the name, and the name before Write returns. What
// fails leaves the text before, and nothing beside it.
func TestWrite_Steps(t *testing.T) {
	for _, c := range []struct {
		fails string
		steps []string
		text  string
	}{
		{"", []string{"sync", "rename", "sync directory"}, "after"},
		{"sync", []string{"sync"}, "before"},
		{"rename", []string{"sync", "rename"}, "before"},
		{"sync directory", []string{"sync", "rename", "sync directory"}, "after"}, // it is said; a second try does no harm
	} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
		d, steps := traced(c.fails)
		err := d.write(file, []byte("after"), 0o600, d.replace)
		if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), file) {
			t.Errorf("%q fails: %v", c.fails, err)
		}
		if !slices.Equal(*steps, c.steps) {
			t.Errorf("%q fails: it took %q, want %q", c.fails, *steps, c.steps)
		}
		if got, _ := os.ReadFile(file); string(got) != c.text {
			t.Errorf("%q fails: the file holds %q, want %q", c.fails, got, c.text)
		}
		only(t, filepath.Dir(file), "state.json")
	}
}

func TestWrite_Mode(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // it has no such modes
	}
	dir := t.TempDir()
	own, shared := filepath.Join(dir, "own"), filepath.Join(dir, "shared")
	for _, file := range []string{own, shared} {
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(Write(own, []byte("x")), WriteMode(shared, []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]fs.FileMode{own: 0o600, shared: 0o644} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", file, info.Mode(), err, want)
		}
	}
}

// TestCreate: of many that make a file at once, one does; the others are told, and the first one's text stays.
func TestCreate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "endpoint.key")
	var all sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		all.Go(func() { errs[i] = Create(file, bytes.Repeat([]byte{byte(i)}, 1<<10)) })
	}
	all.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("%d: %v", i, err)
		}
	}
	if got, err := os.ReadFile(file); winner < 0 || err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(winner)}, 1<<10)) {
		t.Errorf("%d was first, and the file holds %d bytes of %v: %v", winner, len(got), got[:min(1, len(got))], err)
	}
	only(t, filepath.Dir(file), "endpoint.key")
}

// TestWrite_Readers: whoever reads while several write finds one of the texts, whole.
func TestWrite_Readers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	text := func(i int) []byte { return bytes.Repeat([]byte{'a' + byte(i)}, 64<<10) }
	if err := Write(file, text(0)); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		writers.Go(func() {
			for range 20 {
				if err := Write(file, text(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		got, err := os.ReadFile(file)
		if err != nil && runtime.GOOS == "windows" {
			continue // a file that is being replaced can't be opened there
		}
		if err != nil || len(got) == 0 || !bytes.Equal(got, text(int(got[0]-'a'))) {
			t.Fatalf("a reader found %d bytes: %v", len(got), err)
		}
	}
	only(t, filepath.Dir(file), "state.json")
}

// TestWriteIn: a link that somebody hostile put in the way leads nowhere, and what a crash left is used up.
func TestWriteIn(t *testing.T) {
	outside, dir := filepath.Join(t.TempDir(), "azureProfile.json"), t.TempDir()
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"f", "f.new"} {
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			if runtime.GOOS == "windows" {
				break // links need a right there; the rest is tried
			}
			t.Fatal(err)
		}
	}
	owned := ""
	err = WriteIn(root, "f", "f.new", []byte("text"), 0o600, func(f *os.File) error {
		info, err := f.Stat()
		owned = fmt.Sprint(info.Size())
		return err
	})
	if got, _ := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(got) != "text" || owned != "0" {
		t.Errorf("it holds %q, with %s bytes when it was given away: %v", got, owned, err)
	}
	if got, _ := os.ReadFile(outside); string(got) != "mine" {
		t.Errorf("it was written through a link: %q", got)
	}
	if err := WriteIn(root, "f", "f.new", nil, 0o600, func(*os.File) error { return errors.New("not ours to give") }); err == nil {
		t.Error("an owner that can't be set is no failure")
	}
	only(t, dir, "f")
}

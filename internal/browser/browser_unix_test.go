//go:build unix

package browser

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const address = "http://127.0.0.1:8000/#key=ABCDEF&x=<1>"

// given opens an address with a stand-in for a browser, and gives what that was started with.
func given(t *testing.T, dir, address string) (argument, leave string) {
	t.Helper()
	home := t.TempDir()
	browser, pipe := filepath.Join(home, "browser"), filepath.Join(home, "given")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1 $XDG_ACTIVATION_TOKEN\" >'"+pipe+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", browser)
	if err := Open(dir, address, "leave"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	argument, leave, _ = strings.Cut(strings.TrimSpace(line), " ")
	return argument, leave
}

// A secret is in no program's arguments: the browser is given a file that nobody else can read, for a minute.
func TestASecretIsInNoArgument(t *testing.T) {
	dir := t.TempDir()
	argument, leave := given(t, dir, address)
	u, err := url.Parse(argument)
	if err != nil || u.Scheme != "file" || filepath.Dir(u.Path) != dir || strings.Contains(argument, "key") || leave != "leave" {
		t.Fatalf("the browser is given %q, %q", argument, leave)
	}
	info, err := os.Stat(u.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, err := os.ReadFile(u.Path)
	if err != nil || !strings.Contains(string(text), `content="0; url=http://127.0.0.1:8000/#key=ABCDEF&amp;x=&lt;1&gt;"`) {
		t.Errorf("%v\n%s", err, text)
	}
	Sweep(dir, time.Now().Add(Life-time.Second))
	if _, err := os.Stat(u.Path); err != nil {
		t.Errorf("it is gone too early: %v", err)
	}
	keep := filepath.Join(dir, "lock")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	Sweep(dir, time.Now().Add(Life+time.Second))
	if _, err := os.Stat(u.Path); err == nil {
		t.Error("it is still there")
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error("another file was taken away")
	}
}

func TestAnAddressWithoutASecretGoesAsItIs(t *testing.T) {
	dir := t.TempDir()
	if argument, _ := given(t, dir, "http://127.0.0.1:8000/"); argument != "http://127.0.0.1:8000/" {
		t.Errorf("the browser is given %q", argument)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestNoPlaceForTheFile(t *testing.T) {
	t.Setenv("BROWSER", "/bin/true")
	if err := Open(filepath.Join(t.TempDir(), "none"), address, ""); err == nil || strings.Contains(err.Error(), "ABCDEF") {
		t.Errorf("%v", err)
	}
}

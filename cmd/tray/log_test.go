package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("closed") }

// TestNewLog_OneFails: what one of the two can't take, the other one has.
func TestNewLog_OneFails(t *testing.T) {
	dir := t.TempDir()
	log, file := newLog(failing{}, dir)
	defer file.Close()
	log.Info("it began")
	if b, err := os.ReadFile(filepath.Join(dir, "aztray.log")); err != nil || !strings.Contains(string(b), "it began") {
		t.Errorf("the log without standard error: %q, %v", b, err)
	}
	var said bytes.Buffer
	log, none := newLog(&said, filepath.Join(dir, "aztray.log", "not a directory"))
	defer none.Close()
	log.Info("it began")
	if !strings.Contains(said.String(), "it began") {
		t.Errorf("standard error without a log: %q", said.String())
	}
}

// TestOutliveStandardError: a process whose standard error is a pipe that nobody reads goes on, and logs.
func TestOutliveStandardError(t *testing.T) {
	if dir := os.Getenv("AZTRAY_TEST_LOG"); dir != "" {
		defer outliveStandardError()()
		log, file := newLog(os.Stderr, dir)
		defer file.Close()
		io.Copy(io.Discard, os.Stdin) // until the other end is closed
		for range 3 {
			log.Info("still here")
		}
		os.Exit(0)
	}
	dir := t.TempDir()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOutliveStandardError$")
	cmd.Env = append(os.Environ(), "AZTRAY_TEST_LOG="+dir)
	cmd.Stderr = w
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), r.Close(), in.Close(), cmd.Wait()); err != nil {
		t.Errorf("it ended: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "aztray.log")); err != nil || strings.Count(string(b), "still here") != 3 {
		t.Errorf("its log: %q, %v", b, err)
	}
}

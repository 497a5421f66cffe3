package main

import (
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"gopkg.in/natefinch/lumberjack.v2"
)

// newLog writes to standard error and to a file that is turned over at 1 MB. Either may be of no use: what
// started us is gone and standard error with it, or the disk is full.
func newLog(standardError io.Writer, stateDir string) (*slog.Logger, io.Closer) {
	file := &lumberjack.Logger{Filename: filepath.Join(stateDir, "aztray.log"), MaxSize: 1, MaxBackups: 3}
	level := slog.LevelInfo
	if os.Getenv("AZTRAY_LOG") == "debug" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(each{file, standardError}, &slog.HandlerOptions{Level: level})), file
}

// each writes to all of its writers, whatever becomes of the others: io.MultiWriter ends at the first that fails.
type each []io.Writer

func (e each) Write(p []byte) (int, error) {
	for _, w := range e {
		_, _ = w.Write(p) // there is nowhere to say so
	}
	return len(p), nil
}

// outliveStandardError has a write to a pipe that nobody reads any more fail, in place of ending the program: the
// terminal, or the session's log, may end before us. Programs that we start are not concerned.
// https://pkg.go.dev/os/signal#hdr-SIGPIPE
func outliveStandardError() (undo func()) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return func() { signal.Stop(broken) }
}

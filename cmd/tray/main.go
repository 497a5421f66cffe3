// Command aztray is the tray, and the command line when it is given a command. It only wires the
// parts together.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"aztray/internal/cli"
)

// version is set when it is built: -X main.version=...
var version = "devel"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who presses Ctrl-C twice ends it there and then
	os.Exit(cli.Execute(ctx, os.Args[1:], cli.Env{Version: version, Out: os.Stdout, Err: os.Stderr,
		OutTerm: cli.TerminalOf(os.Stdout, os.Getenv), ErrTerm: cli.TerminalOf(os.Stderr, os.Getenv), Now: time.Now, Tray: runTray, Serve: runServe}))
}

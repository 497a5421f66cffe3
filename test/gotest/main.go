// Command gotest runs go test and shows what a person needs: a line for each package, all that a
// failed test wrote, what was measured (testing.T.Attr), and a summary. A skipped test is a
// failure: what was not tried is not known to work.
//
//	go run ./test/gotest [-each] [-log FILE] [arguments of go test]
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

func main() {
	o, rest, err := arguments(os.Args[1:])
	if err == nil {
		err = run(o, rest)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

// options are our own arguments; all others are go test's.
type options struct {
	each bool   // a line for each test too
	log  string // everything that the tests wrote; "" for nowhere
}

func arguments(args []string) (options, []string, error) {
	var o options
	for len(args) > 0 {
		switch {
		case args[0] == "-each":
			o.each = true
			args = args[1:]
		case args[0] == "-log" && len(args) > 1:
			o.log = args[1]
			args = args[2:]
		case slices.Contains(args, "-json"), slices.Contains(args, "-v"):
			return o, nil, fmt.Errorf("-json and -v are set already")
		default:
			return o, args, nil
		}
	}
	return o, args, nil
}

func run(o options, args []string) error {
	log := io.Discard
	if o.log != "" {
		if err := os.MkdirAll(filepath.Dir(o.log), 0o755); err != nil {
			return err
		}
		f, err := os.Create(o.log)
		if err != nil {
			return err
		}
		defer f.Close()
		log = f
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r := report{out: os.Stdout, log: log, each: o.each}
	rerr := r.read(events)
	io.Copy(io.Discard, events) // go test must not hang on a full pipe
	werr := cmd.Wait()
	r.summary()
	switch {
	case rerr != nil:
		return rerr
	case werr != nil:
		return fmt.Errorf("go test: %w", werr)
	}
	return r.verdict()
}

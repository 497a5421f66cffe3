// Command reader reads one JSON file as often as it can, as the busiest process in a container would, and
// tells at the end what it saw. It knows nothing of aztray, and never prints what it read.
//
//	reader PATH    until SIGTERM; then one JSON line
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// seen is the line that is printed.
type seen struct {
	Reads   int           `json:"reads"`
	Changes int           `json:"changes"` // reads of another text than the one before
	Absent  int           `json:"absent"`  // reads that found no file, after the first that did
	Torn    int           `json:"torn"`    // reads of what is no whole document
	Gap     time.Duration `json:"gap_ns"`  // the longest time in which there was no file
	Error   string        `json:"error"`   // of a read, where it is another than that there is none
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reader PATH")
		os.Exit(2)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	json.NewEncoder(os.Stdout).Encode(read(os.Args[1], end))
}

func read(path string, end <-chan os.Signal) (s seen) {
	var last []byte
	var since time.Time // of the gap that is open
	for {
		select {
		case <-end:
			return s
		default:
		}
		text, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if last != nil {
				s.Absent++
				if since.IsZero() {
					since = time.Now()
				}
			}
			continue
		case err != nil:
			s.Error = err.Error()
			continue
		}
		if !since.IsZero() {
			s.Gap, since = max(s.Gap, time.Since(since)), time.Time{}
		}
		s.Reads++
		if !json.Valid(text) {
			s.Torn++
		}
		if !bytes.Equal(text, last) {
			s.Changes++
			last = text
		}
	}
}

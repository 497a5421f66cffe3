package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	Test       string
	Elapsed    float64 // seconds
	Output     string
	Key, Value string // of an attr
}

// report gathers events; the zero value with out and log is ready.
type report struct {
	out, log                io.Writer
	each                    bool
	output                  map[string][]string // by package and test, until it ends
	passed, failed, skipped int
	skips                   []string // "package test: why"
}

// read takes events until the end. What is no event, as go's own complaints are, is shown as it is.
func (r *report) read(events io.Reader) error {
	r.output = map[string][]string{}
	lines := bufio.NewReader(events) // a Scanner would give up at a long line
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				r.out.Write(line)
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func (r *report) take(e event) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		io.WriteString(r.out, e.Output)
		io.WriteString(r.log, e.Output)
	case "output":
		io.WriteString(r.log, e.Output)
		r.output[id] = append(r.output[id], e.Output)
	case "attr":
		fmt.Fprintf(r.out, "        %s: %s = %s\n", e.Test, e.Key, e.Value)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageEnds(e, r.output[id])
		} else {
			r.testEnds(e, r.output[id])
		}
		delete(r.output, id)
	}
}

func (r *report) testEnds(e event, output []string) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprintf(r.out, "--- %s %s\n%s", e.Package, e.Test, strings.Join(output, ""))
	case "skip":
		r.skipped++
		r.skips = append(r.skips, fmt.Sprintf("%s %s\n%s", e.Package, e.Test, strings.Join(output, "")))
	}
	if r.each && !strings.Contains(e.Test, "/") {
		fmt.Fprintf(r.out, "  %-4s %6.1fs  %s\n", e.Action, e.Elapsed, e.Test)
	}
}

// packageEnds prints a line for a package that has tests, and its own output when it failed: a
// panic, a TestMain, a test that never ended.
func (r *report) packageEnds(e event, output []string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %6.1fs  %s\n", e.Elapsed, e.Package)
	case "fail":
		fmt.Fprintf(r.out, "FAIL  %6.1fs  %s\n%s", e.Elapsed, e.Package, strings.Join(output, ""))
		for id, unfinished := range r.output {
			if strings.HasPrefix(id, e.Package+" ") && id != e.Package+" " {
				fmt.Fprintf(r.out, "--- never ended: %s\n%s", id, strings.Join(unfinished, ""))
				delete(r.output, id)
			}
		}
	}
}

func (r *report) summary() {
	for _, s := range r.skips {
		fmt.Fprintf(r.out, "--- SKIPPED, which counts as failed: %s", s)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}

// verdict is an error unless something was tested and all of it passed.
func (r *report) verdict() error {
	switch {
	case r.failed > 0:
		return fmt.Errorf("%d tests failed", r.failed)
	case r.skipped > 0:
		return fmt.Errorf("%d tests were skipped; a test may not be", r.skipped)
	case r.passed == 0:
		return fmt.Errorf("no test was run")
	}
	return nil
}

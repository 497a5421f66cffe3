package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		fails  string // the verdict; "" for good
		shows  string
		hides  string
	}{
		{"a test passes", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}`,
			`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}`,
			`{"Action":"pass","Package":"p","Elapsed":2}`,
		}, "", "ok       2.0s  p\n1 passed, 0 failed, 0 skipped\n", "chatter"},
		{"a test fails", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}`,
			`{"Action":"fail","Package":"p","Test":"TestA"}`,
			`{"Action":"fail","Package":"p"}`,
		}, "1 tests failed", "--- p TestA\ngot 1, want 2\n", "SKIPPED"},
		{"a test is skipped", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"no docker\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestA"}`,
			`{"Action":"pass","Package":"p"}`,
		}, "1 tests were skipped; a test may not be", "SKIPPED, which counts as failed: p TestA\nno docker\n", "--- p"},
		{"a package has no tests", []string{
			`{"Action":"output","Package":"p","Output":"? p [no test files]\n"}`,
			`{"Action":"skip","Package":"p"}`,
		}, "no test was run", "0 passed", "no test files"},
		{"a test panics and takes the package with it", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}`,
			`{"Action":"fail","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Test":"TestB","Output":"was under way\n"}`,
			`{"Action":"fail","Package":"p"}`,
		}, "1 tests failed", "--- never ended: p TestB\nwas under way\n", "SKIPPED"},
		{"a package does not build", []string{
			`{"Action":"build-output","ImportPath":"p","Output":"x.go:1: undefined: y\n"}`,
			`{"Action":"fail","Package":"p"}`,
		}, "no test was run", "x.go:1: undefined: y\n", "SKIPPED"},
		{"something was measured", []string{
			`{"Action":"attr","Package":"p","Test":"TestA","Key":"in time","Value":"39 of 40"}`,
			`{"Action":"pass","Package":"p","Test":"TestA"}`,
		}, "", "TestA: in time = 39 of 40\n", "SKIPPED"},
		{"go complains", []string{"go: cannot find main module"}, "no test was run", "go: cannot find main module", "SKIPPED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			r := report{out: &out, log: io.Discard}
			if err := r.read(strings.NewReader(strings.Join(c.events, "\n") + "\n")); err != nil {
				t.Fatal(err)
			}
			r.summary()
			got := ""
			if err := r.verdict(); err != nil {
				got = err.Error()
			}
			if got != c.fails {
				t.Errorf("verdict %q, want %q", got, c.fails)
			}
			if text := out.String(); !strings.Contains(text, c.shows) || strings.Contains(text, c.hides) {
				t.Errorf("printed\n%swant %q and not %q", text, c.shows, c.hides)
			}
		})
	}
}

package bounded

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestHeadAndTail(t *testing.T) {
	for _, c := range []struct {
		max        int
		writes     []string
		head, tail string
		cut        bool
	}{
		{4, nil, "", "", false},
		{4, []string{"ab"}, "ab", "ab", false},
		{4, []string{"ab", "cd"}, "abcd", "abcd", false},
		{4, []string{"abc", "", "de"}, "abcd", "bcde", true},
		{4, []string{"abcdefgh"}, "abcd", "efgh", true},
		{4, []string{"ab", "cdefgh"}, "abcd", "efgh", true},
		{4, []string{"a", "b", "c", "d", "e", "f", "g"}, "abcd", "defg", true},
		{0, []string{"a"}, "", "", true},
	} {
		head, tail := &Head{Max: c.max}, &Tail{Max: c.max}
		for _, w := range c.writes {
			for _, to := range []io.Writer{head, tail} {
				if n, err := to.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("Write = %d, %v", n, err) // a short write would end the process
				}
			}
		}
		if head.String() != c.head || tail.String() != c.tail || head.Cut() != c.cut {
			t.Errorf("%q in %d bytes: head %q (cut %v), tail %q", c.writes, c.max, head, head.Cut(), tail)
		}
	}
}

// TestOfAProcess: by the way that os/exec takes. A bytes.Buffer behind a bounded Write keeps all of it there.
func TestOfAProcess(t *testing.T) {
	const most = 1 << 20
	if os.Getenv("BOUNDED_TALKS") != "" {
		chunk := strings.Repeat("x", 1<<20)
		for range 20 {
			os.Stdout.WriteString(chunk)
			os.Stderr.WriteString(chunk)
		}
		os.Stderr.WriteString("the end")
		os.Exit(0)
	}
	out, said := &Head{Max: most}, &Tail{Max: most}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOfAProcess$")
	cmd.Env = append(os.Environ(), "BOUNDED_TALKS=1")
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if len(out.Bytes()) != most || cap(out.text) > 4*most || !out.Cut() {
		t.Errorf("%d bytes are kept, in %d", len(out.Bytes()), cap(out.text))
	}
	if len(said.Bytes()) != most || cap(said.text) > 4*most || !strings.HasSuffix(said.String(), "the end") {
		t.Errorf("%d bytes are kept, in %d", len(said.Bytes()), cap(said.text))
	}
}

// TestEverywhere: whatever a process of ours says is kept in one of these.
func TestEverywhere(t *testing.T) {
	top := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					s, ok := n.Fun.(*ast.SelectorExpr)
					if ok && len(n.Args) == 0 && (s.Sel.Name == "Output" || s.Sel.Name == "CombinedOutput") {
						t.Errorf("%s: %s has no bound", files.Position(n.Pos()), s.Sel.Name)
					}
				case *ast.StructType:
					for _, field := range n.Fields.List {
						s, ok := field.Type.(*ast.SelectorExpr)
						if ok && len(field.Names) == 0 && s.Sel.Name == "Buffer" && !pages[filepath.Base(path)] {
							t.Errorf("%s: a buffer in a struct is read into past the struct's Write", files.Position(field.Pos()))
						}
					}
				}
				return true
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pages are the files in which such a struct takes nothing from a process.
var pages = map[string]bool{"page.go": true}

package atomicfile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEverywhere: no program of ours writes a file in another way. Whoever has a good reason is named here.
func TestEverywhere(t *testing.T) {
	allowed := map[string]string{
		"internal/atomicfile/atomicfile.go":    "this is the one way",
		"internal/atomicfile/disk_unix.go":     "this is the one way",
		"internal/browser/forward_unix.go":     "nobody knows its name before it is whole, and it is new each time",
		"internal/enginesocket/listen_unix.go": "what it puts in place is a socket or a link",
	}
	writers := []string{"WriteFile", "Create", "CreateTemp", "OpenFile", "Rename"}
	top := filepath.Join("..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			if name = filepath.ToSlash(name); allowed[name] != "" {
				return nil
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains(writers, s.Sel.Name) {
					t.Errorf("%s: os.%s; write the file with atomicfile, or say here why not", files.Position(s.Pos()), s.Sel.Name)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

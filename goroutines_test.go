package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoroutinesStartThroughSafe holds the program to one place that starts
// goroutines: a panic in any other would leave the terminal broken.
func TestGoroutinesStartThroughSafe(t *testing.T) {
	started := map[string]int{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() != "." && (d.Name() == "testdata" || d.Name()[0] == '.' || strings.HasSuffix(d.Name(), "test")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				started[filepath.ToSlash(path)]++
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const safe = "backends/fleet/safe/safe.go"
	if started[safe] != 1 {
		t.Errorf("%s starts goroutines in %d places: the test does not see the program", safe, started[safe])
	}
	delete(started, safe)
	for path := range started {
		t.Errorf("%s starts a goroutine past safe.Go", path)
	}
}

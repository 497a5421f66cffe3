// Command generate writes the manual pages and the shell completions into a directory: what packages
// install beside the program. It is no part of the program. Use: go run ./docs/generate build VERSION
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"aztray/internal/cli"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "use: go run ./docs/generate DIRECTORY VERSION")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate leaves man/*.1 and completions for four shells below dir.
func generate(dir, version string) error {
	man, completions := filepath.Join(dir, "man"), filepath.Join(dir, "completions")
	for _, d := range []string{man, completions} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	root := cli.Root(version)
	root.DisableAutoGenTag = true
	// No day in it: the same source gives the same pages.
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "AZTRAY", Section: "1", Source: "aztray " + version, Manual: "aztray", Date: &time.Time{}}, man); err != nil {
		return err
	}
	for name, write := range map[string]func(*cobra.Command, string) error{
		"aztray.bash": func(c *cobra.Command, file string) error { return c.GenBashCompletionFileV2(file, true) },
		"_aztray":     (*cobra.Command).GenZshCompletionFile,
		"aztray.fish": func(c *cobra.Command, file string) error { return c.GenFishCompletionFile(file, true) },
		"aztray.ps1":  (*cobra.Command).GenPowerShellCompletionFileWithDesc,
	} {
		if err := write(root, filepath.Join(completions, name)); err != nil {
			return err
		}
	}
	return nil
}

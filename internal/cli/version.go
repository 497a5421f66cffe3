package cli

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// VersionReport is `version -o json`.
type VersionReport struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`   // as Go names it: linux, windows, darwin
	Arch    string `json:"arch"` // amd64, arm64
}

func (c *command) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		Example: "  aztray version\n  aztray version -o json | jq -r .version",
		RunE: func(*cobra.Command, []string) error {
			if err := c.checkFormat(); err != nil {
				return err
			}
			if c.format == "json" {
				return c.printJSON(VersionReport{c.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH})
			}
			_, err := fmt.Fprintf(c.Out, "aztray %s\n", c.Version)
			return err
		},
	}
	c.formatFlag(cmd)
	return cmd
}

// printJSON prints the one document of a command.
func (c *command) printJSON(document any) error {
	enc := json.NewEncoder(c.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}

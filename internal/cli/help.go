package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	helpWidth = 80  // where the terminal's is not known
	helpWide  = 100 // longer lines are hard to read
)

// helpText is what --help prints: cobra's parts, in lines that fit the terminal.
func helpText(cmd *cobra.Command, term Terminal) string {
	width := helpWidth
	if term.Width > 0 {
		width = min(term.Width, helpWide)
	}
	p := &page{term: Terminal{Is: term.Is, Width: width, Colour: term.Colour}}
	what := cmd.Long
	if what == "" {
		what = cmd.Short + "."
	}
	p.paragraphs(what)
	p.part("Usage")
	if cmd.Runnable() && !cmd.HasAvailableSubCommands() || !cmd.HasParent() {
		fmt.Fprintln(p, "  "+cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(p, "  "+cmd.CommandPath()+" COMMAND")
	}
	if cmd.Example != "" {
		p.part("Examples")
		fmt.Fprintln(p, cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		p.part("Commands")
		t := &table{indent: "  ", prose: true}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				t.row(sub.Name(), sub.Short)
			}
		}
		t.write(p, p.term)
	}
	p.flags("Flags", cmd.LocalNonPersistentFlags(), width)
	p.flags("Flags of every command", allButLocal(cmd), width)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(p, "\n%s\n", p.term.wrap("More of one of them: "+cmd.CommandPath()+" COMMAND --help"))
	}
	return p.String()
}

func allButLocal(cmd *cobra.Command) *pflag.FlagSet {
	if cmd.HasParent() {
		return cmd.InheritedFlags()
	}
	return cmd.PersistentFlags()
}

func (p *page) part(title string) { fmt.Fprintf(p, "\n%s\n", p.term.paint(bold, title+":")) }

func (p *page) flags(title string, set *pflag.FlagSet, width int) {
	if set.HasAvailableFlags() {
		p.part(title)
		fmt.Fprint(p, set.FlagUsagesWrapped(width))
	}
}

// paragraphs sets text anew; blank lines part what belongs together.
func (p *page) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			fmt.Fprintln(p)
		}
		fmt.Fprintln(p, p.term.wrap(strings.Join(strings.Fields(paragraph), " ")))
	}
}

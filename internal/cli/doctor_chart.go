package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aztray/internal/doctor"
)

// chart prints what a doctor found, in rows of at most chartWidth columns. A command is never broken, so
// that it can be copied.
type chart struct {
	Env
	verbose bool
	group   string
	subject string
	held    []doctor.Line // of one subject, which becomes one row where all is good
	waits   bool          // what is waited for is shown
	err     error
}

const (
	chartWidth = 80
	titleWidth = 17
	wordWidth  = 7
)

func newChart(env Env, verbose bool) *chart { return &chart{Env: env, verbose: verbose} }

// busy shows what is being waited for, until the next row.
func (p *chart) busy(group string) {
	if group != p.group {
		p.flush()
	}
	if p.ErrTerm.Is {
		fmt.Fprintf(p.Err, "\r\x1b[K  looking at: %s ", group)
		p.waits = true
	}
}

func (p *chart) text(s string) {
	p.wipe()
	if _, err := fmt.Fprintln(p.Out, s); err != nil {
		p.err = cmp.Or(p.err, err)
	}
}

// wipe takes away what was shown of what is waited for.
func (p *chart) wipe() {
	if p.waits {
		fmt.Fprint(p.Err, "\r\x1b[K")
		p.waits = false
	}
}

// line takes one finding. Those of a container are held until all are there.
func (p *chart) line(l doctor.Line) {
	if l.Subject != p.subject {
		p.flush()
	}
	if l.Subject == "" {
		p.row(l)
		return
	}
	p.subject = l.Subject
	p.held = append(p.held, l)
}

// flush prints what is held: a container as one row where nothing is wrong with it.
func (p *chart) flush() {
	held := p.held
	p.held, p.subject = nil, ""
	if len(held) == 0 {
		return
	}
	bad := func(l doctor.Line) bool { return l.Verdict == doctor.Wrong || l.Verdict == doctor.Warning }
	switch {
	case p.verbose:
		p.heading(held[0].Group)
		p.text("  " + held[0].Subject)
		for _, l := range held {
			p.row(l)
		}
	case !slices.ContainsFunc(held, bad):
		p.row(gist(held))
	default:
		name := held[0].Subject // once
		for _, l := range held {
			if bad(l) {
				l.Title, name = name, ""
				p.row(l)
			}
		}
	}
}

// gist is the one row for a container with which nothing is wrong: the token that was had inside, else
// what it holds; or that it does not run.
func gist(held []doctor.Line) doctor.Line {
	best := held[0]
	for _, l := range held {
		if held[0].Verdict == doctor.Good && (l.Check == "container.credential" || l.Check == "container.token" && l.Verdict == doctor.Good) {
			best = l
		}
	}
	best.Title = best.Subject
	return best
}

var verdictWords = map[doctor.Verdict]string{doctor.Good: "good", doctor.Wrong: "WRONG", doctor.Warning: "warning", doctor.NotApplicable: "n/a"}

// row prints a finding: how it stands, what was looked at, what was found, and below that what to do.
func (p *chart) row(l doctor.Line) {
	p.heading(l.Group)
	message := l.Message
	if p.verbose && l.Code != "" {
		message += " (" + l.Code + ")"
	}
	head := "  " + p.word(l.Verdict) + "  "
	indent := strings.Repeat(" ", 2+wordWidth+2+titleWidth+2)
	found := rows(message, chartWidth-len(indent))
	if columns(l.Title) > titleWidth { // such as a long name of a container
		p.text(head + printable(l.Title))
	} else {
		p.text(head + padded(printable(l.Title), titleWidth) + "  " + found[0])
		found = found[1:]
	}
	for _, r := range found {
		p.text(indent + r)
	}
	p.advice(l)
}

func (p *chart) heading(group string) {
	if group != p.group {
		p.group = group
		p.text("")
		p.text(p.OutTerm.paint(bold, group))
	}
}

// advice prints what to do, with the command on a row of its own where both do not fit on one.
func (p *chart) advice(l doctor.Line) {
	const indent = "    "
	if l.Advice == "" {
		return
	}
	before, after, _ := strings.Cut(l.Advice, l.Command)
	if l.Command == "" || len(indent)+columns(l.Advice) <= chartWidth {
		before, after = l.Advice, ""
	}
	for _, r := range rows(before, chartWidth-len(indent)) {
		p.text(indent + r)
	}
	if before == l.Advice {
		return
	}
	p.text(indent + "  " + p.OutTerm.paint(bold, l.Command))
	if after = strings.TrimLeft(after, ",;. "); after != "" {
		for _, r := range rows(after, chartWidth-len(indent)) {
			p.text(indent + r)
		}
	}
}

// word is the verdict in its column, coloured where that can be seen.
func (p *chart) word(v doctor.Verdict) string {
	colour := map[doctor.Verdict]style{doctor.Good: green, doctor.Wrong: red, doctor.Warning: yellow, doctor.NotApplicable: dim}[v]
	return p.OutTerm.paint(colour, verdictWords[v]) + strings.Repeat(" ", wordWidth-len(verdictWords[v]))
}

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}

// rows breaks a text at its blanks into rows of at most that width; a longer word stands alone. There is
// always a row.
func rows(s string, width int) []string {
	return strings.Split(Terminal{Width: width}.wrap(printable(strings.TrimSpace(s))), "\n")
}

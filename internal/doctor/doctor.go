// Package doctor looks for whatever can keep the sign-in from reaching a program: az, the network, the
// tenant, Azure OpenAI, the container engine, each container, the desktop. A check is a thin gatherer of
// facts and a pure judgement of them, which says in a sentence what is wrong and which command cures it.
// It changes nothing, prints nothing and knows no command line; what it says holds no secret.
package doctor

import (
	"context"
	"slices"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/config"
	"aztray/internal/containers"
)

// Verdict is how one thing stands.
type Verdict string

const (
	Good          Verdict = "good"
	Warning       Verdict = "warning"        // works, and may not for long or not for all
	Wrong         Verdict = "wrong"          // does not work; the advice cures it
	NotApplicable Verdict = "not-applicable" // is not there, is not wanted, or cannot be told because of another line
)

// Line is one finding.
type Line struct {
	Check   string  `json:"check"`   // what was looked at, for scripts, as az.version
	Group   string  `json:"group"`   // the heading that it stands under
	Title   string  `json:"title"`   // what was looked at, for a person
	Subject string  `json:"subject"` // the container's name; "" elsewhere
	Verdict Verdict `json:"verdict"`
	Code    string  `json:"code"`    // of what is wrong, as AZ_TOO_OLD; "" where nothing is
	Message string  `json:"message"` // what was found
	Advice  string  `json:"advice"`  // what to do; "" where nothing is to be done
	Command string  `json:"command"` // the command in the advice, "" where there is none
	Fix     Fix     `json:"fix"`     // what cures it without harm, "" where nothing does
}

// Fix names a cure that destroys nothing, which the caller may carry out.
type Fix string

const (
	FixDeliver Fix = "deliver"        // give the container a fresh credential
	FixSignIn  Fix = "sign-in"        // have the person sign in
	FixContext Fix = "docker-context" // have docker use its default context, where the chosen one is not there
)

// Options are what is looked at.
type Options struct {
	Settings      config.Settings // the defaults, where they cannot be read
	SettingsFile  string
	SettingsError error    // why they cannot be read
	Warnings      []string // of reading them
	Client        auth.Client
	Engine        containers.Options
	Engines       *cluster.Engines
	Selector      containers.Selector
	StateFile     string // what the tray has learnt; "" means nothing
	Now           func() time.Time

	Tell func(Line)         // gets each line, in a fixed order, as soon as it and those before it are known
	Busy func(group string) // gets what is being waited for; nil: nobody wants to know
}

// Report is all that was found.
type Report struct {
	At      time.Time       `json:"at"`
	Verdict Verdict         `json:"verdict"` // the worst
	Counts  map[Verdict]int `json:"counts"`
	Lines   []Line          `json:"lines"`
}

// Groups of lines, in the order in which they come.
const (
	groupAztray  = "aztray"
	groupAZ      = "Azure CLI"
	groupNetwork = "Network and clock"
	groupSignIn  = "Sign-in"
	groupOpenAI  = "Azure OpenAI"
	GroupDocker  = "Docker"
	groupBoxes   = "Containers"
	groupDesktop = "Desktop"
)

// Run looks at everything, side by side, and returns when all is known. An error is ctx's.
func Run(ctx context.Context, o Options) (Report, error) {
	r := newRun(o)
	f, stop := r.gather(ctx)
	defer stop()
	report := Report{At: o.Now().UTC(), Verdict: Good, Lines: []Line{},
		Counts: map[Verdict]int{Good: 0, Warning: 0, Wrong: 0, NotApplicable: 0}}
	err := r.all(ctx, checks(o, f), func(l Line) {
		report.Lines = append(report.Lines, l)
		report.Counts[l.Verdict]++
		if o.Tell != nil {
			o.Tell(l)
		}
	})
	for _, v := range []Verdict{Wrong, Warning} {
		if report.Counts[v] > 0 {
			report.Verdict = v
			break
		}
	}
	return report, err
}

// checks are all there are, in their order.
func checks(o Options, f *facts) []check {
	return slices.Concat(
		aztrayChecks(o, f), azChecks(o, f), networkChecks(f), signInChecks(o, f), openAIChecks(o, f), dockerChecks(o, f), desktopChecks())
}

// lines of one group, begun with the check's name.
func good(check, title, message string) Line {
	return Line{Check: check, Title: title, Verdict: Good, Message: message}
}

func notApplicable(check, title, message string) Line {
	return Line{Check: check, Title: title, Verdict: NotApplicable, Message: message}
}

func bad(check, title string, v Verdict, code, message, advice string) Line {
	return Line{Check: check, Title: title, Verdict: v, Code: code, Message: message, Advice: advice, Command: commandIn(advice)}
}

// problem is a line for a failure that a person can act on.
func problem(check, title string, v Verdict, p *auth.Problem) Line {
	return bad(check, title, v, p.Code, p.Message, p.Advice)
}

// in puts lines under a group and a subject.
func in(group, subject string, lines ...Line) []Line {
	for i := range lines {
		lines[i].Group, lines[i].Subject = group, subject
	}
	return lines
}

package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"aztray/internal/config"
	"aztray/internal/instance"
	"aztray/internal/shell"
)

func aztrayChecks(o Options, f *facts) []check {
	return []check{
		{groupAztray, "settings", func(context.Context) ([]Line, []check) {
			return judgeSettings(settingsFacts{File: o.SettingsFile, Err: o.SettingsError, Warnings: o.Warnings}), nil
		}},
		{groupAztray, "aztray.running", func(ctx context.Context) ([]Line, []check) {
			running, ok := f.running.get(ctx)
			if !ok {
				return nil, nil
			}
			return slices.Concat(judgeRuns(running), judgeHealth(lookAtHealth(ctx, o.Settings.Health, running)), judgePort(lookAtPort(o, running))), nil
		}},
	}
}

// settingsFacts are how the settings were read.
type settingsFacts struct {
	File     string
	Err      error
	Warnings []string
}

func judgeSettings(f settingsFacts) []Line {
	const check, title = "settings", "settings"
	if f.Err != nil {
		code, advice := "SETTINGS_UNREADABLE", "Make the file readable to you: "+shell.Rights(f.File)
		if _, ok := errors.AsType[*config.Error](f.Err); ok {
			code, advice = "SETTINGS_WRONG", "Correct that, for nothing else reads them so; all that follows goes by the defaults."
		}
		return in(groupAztray, "", bad(check, title, Wrong, code, sentence(f.Err.Error()), advice))
	}
	lines := []Line{good(check, title, settingsPlace(f.File))}
	for _, w := range f.Warnings {
		lines = append(lines, bad(check, title, Warning, "SETTINGS_WITHOUT_EFFECT", w, "Take it out; docs/settings.md says what has an effect."))
	}
	return in(groupAztray, "", lines...)
}

func settingsPlace(file string) string {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "There is no file, and none is needed: " + file
	}
	return file
}

// sentence ends a text that has no end.
func sentence(s string) string {
	if s == "" || strings.ContainsRune(".?!", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}

// trayRuns reports whether an aztray of this person's runs.
func trayRuns(ctx context.Context) bool {
	dir, err := instance.Dir()
	return err == nil && instance.Running(ctx, dir)
}

func judgeRuns(running bool) []Line {
	const check, title = "aztray.running", "aztray"
	if running {
		return in(groupAztray, "", good(check, title, "It runs, and renews what containers hold"))
	}
	return in(groupAztray, "", bad(check, title, Warning, "NOT_RUNNING", "It does not run: nobody renews what containers hold, and nobody warns you.", "Start it: "+shell.Background))
}

// healthFacts are about the address of the health API and the status page.
type healthFacts struct {
	Listen  string // "": it is off, or aztray is yet to choose
	Auto    bool   // aztray chooses it
	Why     string // it is not the usual one, as a clause
	Running bool
	Taken   bool
	Ours    bool   // aztray answers there
	By      string // the program that has it, where that can be told
	Watched bool   // it is another service's, whose health is watched
}

func lookAtHealth(ctx context.Context, set config.Health, running bool) healthFacts {
	f := healthFacts{Listen: set.Listen, Running: running}
	if set.Listen == config.ListenAuto {
		f.Listen, f.Auto = "", true
		if dir, err := instance.Place(); err == nil && running {
			p := instance.ReadPage(dir)
			f.Listen, f.Why = p.Address, p.Why
		}
	}
	_, port, err := net.SplitHostPort(f.Listen)
	if err != nil {
		return f
	}
	l, err := net.Listen("tcp", f.Listen)
	if err == nil {
		l.Close()
		return f
	}
	n, _ := strconv.Atoi(port) // the settings were checked
	f.Taken, f.By, f.Ours = true, holder(n), ours(ctx, f.Listen)
	f.Watched = slices.ContainsFunc(set.Watch, func(link string) bool {
		u, err := url.Parse(link)
		return err == nil && u.Port() == port
	})
	return f
}

// ours asks for what nothing but aztray answers.
func ours(ctx context.Context, listen string) bool {
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/metrics", nil)
	if err != nil {
		return false
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // past any proxy
	resp, err := direct.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return strings.Contains(string(text), "aztray_build_info")
}

func judgeHealth(f healthFacts) []Line {
	const check, title = "health.port", "status page"
	by := cmp.Or(f.By, "another program")
	switch {
	case f.Auto && !f.Running:
		return in(groupAztray, "", notApplicable(check, title, "aztray chooses its address when it starts: 127.0.0.1:8000, or the next that is free and no container's."))
	case f.Auto && !f.Ours:
		return in(groupAztray, "", bad(check, title, Warning, "HEALTH_NOT_SERVED", "aztray runs and its status page does not answer.", "Start aztray again, and see what its log says of it."))
	case f.Ours && f.Why != "":
		return in(groupAztray, "", good(check, title, "http://"+f.Listen+" ("+f.Why+")"))
	case f.Listen == "":
		return in(groupAztray, "", notApplicable(check, title, "It is off (health.listen)."))
	case f.Ours:
		return in(groupAztray, "", good(check, title, "http://"+f.Listen))
	case f.Taken && f.Watched:
		return in(groupAztray, "", notApplicable(check, title, f.Listen+" is another service's, whose health is watched."))
	case f.Taken:
		return in(groupAztray, "", bad(check, title, Warning, "HEALTH_PORT_TAKEN", fmt.Sprintf("%s is taken by %s, so the health API and the status page are not there.", f.Listen, by),
			"Set health.listen to a free address; or health.watch to that program's own health, such as http://"+f.Listen+"/health"))
	case f.Running:
		return in(groupAztray, "", bad(check, title, Warning, "HEALTH_NOT_SERVED", "aztray runs and does not answer at "+f.Listen+".", "Start aztray again, and see what its log says of it."))
	}
	return in(groupAztray, "", good(check, title, f.Listen+" is free for it"))
}

// portFacts are about the identity endpoint's port on loopback.
type portFacts struct {
	Wanted  bool // the settings turn the endpoint on
	Running bool
	Port    int
	Taken   bool
	By      string // the program that has it, where that can be told
}

func lookAtPort(o Options, running bool) portFacts {
	f := portFacts{Wanted: o.Settings.Endpoint.Enabled, Running: running, Port: o.Settings.Endpoint.Port}
	if !f.Wanted {
		return f
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port)))
	if err != nil {
		f.Taken, f.By = true, holder(f.Port)
		return f
	}
	l.Close()
	return f
}

func judgePort(f portFacts) []Line {
	const check, title = "endpoint.port", "endpoint's port"
	port := strconv.Itoa(f.Port)
	ours := f.Running && (f.By == "" || strings.HasPrefix(f.By, "aztray"))
	switch {
	case !f.Wanted:
		return in(groupAztray, "", notApplicable(check, title, "The identity endpoint is off (endpoint.enabled)."))
	case f.Taken && ours:
		return in(groupAztray, "", good(check, title, "aztray listens on "+port+""))
	case f.Taken:
		by := cmp.Or(f.By, "another program")
		return in(groupAztray, "", bad(check, title, Wrong, "PORT_TAKEN", fmt.Sprintf("Port %s is taken by %s, so containers cannot ask aztray.", port, by),
			"End that program, or set endpoint.port to another and give the containers their variables anew (docs/endpoint.md)."))
	case f.Running:
		return in(groupAztray, "", bad(check, title, Wrong, "ENDPOINT_NOT_SERVED", "aztray runs and does not listen on port "+port+".", "Start aztray again, so that it reads its settings anew."))
	}
	return in(groupAztray, "", good(check, title, "Port "+port+" is free for it"))
}

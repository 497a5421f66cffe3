package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"aztray/internal/auth"
	"aztray/internal/shell"
)

// oldestAZ is the first az that keeps its sign-in as MSAL does, which is what aztray and SDKs read.
const oldestAZ = "2.30.0"

// azFacts are what is known of az's program.
type azFacts struct {
	Path    string // "" where it is not on PATH
	Version string
	Err     error // of asking it for its version
}

func findAZ(ctx context.Context, cli auth.CLI) azFacts {
	path, err := exec.LookPath(cmp.Or(cli.Path, "az"))
	if err != nil {
		return azFacts{}
	}
	f := azFacts{Path: path}
	f.Version, f.Err = cli.Version(ctx)
	return f
}

func azChecks(o Options, f *facts) []check {
	return []check{
		{groupAZ, "az", func(ctx context.Context) ([]Line, []check) {
			found, ok := f.az.get(ctx)
			if !ok {
				return nil, nil
			}
			return judgeAZ(found), nil
		}},
		{groupAZ, "az.directory", func(ctx context.Context) ([]Line, []check) {
			return judgeDir(lookAtDir(ctx, o.Client.Dir)), nil
		}},
	}
}

func judgeAZ(f azFacts) []Line {
	const there, runs = "az.installed", "az.version"
	if f.Path == "" {
		return in(groupAZ, "", problem(there, "installed", Wrong, auth.Classify("", exec.ErrNotFound)),
			notApplicable(runs, "version", "There is none to ask."))
	}
	lines := []Line{good(there, "installed", f.Path)}
	switch {
	case f.Err != nil:
		p := auth.Classify("", f.Err)
		if p.Kind != auth.AZBroken { // whatever it said: az version asks for nothing that could fail
			p = brokenAZ
		}
		lines = append(lines, problem(runs, "version", Wrong, p))
	case olderThan(f.Version, oldestAZ):
		lines = append(lines, bad(runs, "version", Wrong, "AZ_TOO_OLD",
			fmt.Sprintf("az is version %s; aztray needs %s or later.", f.Version, oldestAZ), "Update it, or have your package manager do so: az upgrade"))
	default:
		lines = append(lines, good(runs, "version", f.Version))
	}
	return in(groupAZ, "", lines...)
}

var brokenAZ = &auth.Problem{Code: "AZ_BROKEN", Kind: auth.AZBroken,
	Message: "az is there, and fails when it is asked for its version: its installation is damaged.",
	Advice:  "Install Azure CLI again (https://aka.ms/azure-cli), then see that this works: az version"}

// olderThan compares versions of numbers and dots. What is no number counts as 0.
func olderThan(version, other string) bool {
	a, b := strings.Split(version, "."), strings.Split(other, ".")
	for i := range max(len(a), len(b)) {
		x, y := part(a, i), part(b, i)
		if x != y {
			return x < y
		}
	}
	return false
}

func part(version []string, i int) int {
	if i >= len(version) {
		return 0
	}
	n, _ := strconv.Atoi(version[i])
	return n
}

// dirFacts are what is known of az's directory.
type dirFacts struct {
	Dir      string
	There    bool
	Err      error         // of reading it
	Cache    *auth.Problem // why az's token cache cannot be read; nil where it can be
	Writable bool
	Foreign  []string // files in it that are somebody else's and that we may not use
	Open     []string // files with credentials that others may read
}

func lookAtDir(ctx context.Context, dir auth.Dir) dirFacts {
	f := systemDirFacts(string(dir))
	if !f.There {
		return f
	}
	files, err := dir.Read(ctx)
	f.Err, f.Cache = cmp.Or(f.Err, err), files.CacheProblem
	return f
}

func judgeDir(f dirFacts) []Line {
	const check, title = "az.directory", "its directory"
	wrong := func(v Verdict, code, message, advice string) []Line {
		return in(groupAZ, "", bad(check, title, v, code, message, advice))
	}
	switch {
	case !f.There:
		return in(groupAZ, "", notApplicable(check, title, "az makes it at the first sign-in: "+f.Dir))
	case len(f.Foreign) > 0:
		return wrong(Wrong, "AZ_FILES_DENIED", fmt.Sprintf("In %s there is what belongs to another user, such as %s, perhaps because of sudo az.", f.Dir, f.Foreign[0]),
			fmt.Sprintf("Make it yours again: sudo chown -R \"$USER\" %s", f.Dir))
	case errors.Is(f.Err, auth.ErrTorn):
		return wrong(Wrong, "AZ_FILES_DAMAGED", "az's profile cannot be read: it is damaged.",
			"Move it away and sign in again: mv "+filepath.Join(f.Dir, "azureProfile.json")+" "+filepath.Join(f.Dir, "azureProfile.broken"))
	case f.Err != nil:
		return wrong(Wrong, "AZ_FILES_UNREADABLE", "az's files cannot be read: "+sentence(f.Err.Error()), "See whose they are: "+shell.Rights(f.Dir))
	case !f.Writable:
		return wrong(Wrong, "AZ_FILES_READ_ONLY", "az may not write in "+f.Dir+", and must.", "Make it writable: "+shell.Writable(f.Dir))
	case f.Cache != nil:
		return in(groupAZ, "", problem(check, title, Warning, f.Cache))
	case len(f.Open) > 0:
		return wrong(Warning, "AZ_FILES_OPEN", fmt.Sprintf("Others on this machine can read your sign-in, for %s is open to them.", filepath.Base(f.Open[0])),
			"Close it: chmod 600 "+strings.Join(f.Open, " "))
	}
	return in(groupAZ, "", good(check, title, f.Dir))
}

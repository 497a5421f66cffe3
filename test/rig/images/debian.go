package images

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// infoDir is where dpkg keeps the list of files of each package.
const infoDir = "/var/lib/dpkg/info"

// deb is one installed package.
type deb struct {
	name, arch, version string
	depends             [][]string // each entry: alternatives, names without versions
}

// installed reads dpkg's database: packages by name, and virtual names by who provides them.
func installed(ctx context.Context) (map[string]deb, error) {
	const format = `${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Version}\t${Pre-Depends}, ${Depends}\t${Provides}\n`
	out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", format).Output()
	if err != nil {
		return nil, fmt.Errorf("dpkg-query: %w", err)
	}
	byName := map[string]deb{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 || !strings.HasPrefix(f[0], "ii") {
			continue
		}
		d := deb{name: f[1], arch: f[2], version: f[3], depends: relations(f[4])}
		byName[d.name] = d
		for _, provided := range relations(f[5]) {
			if _, taken := byName[provided[0]]; !taken {
				byName[provided[0]] = d
			}
		}
	}
	return byName, nil
}

// relations parses a dependency field: "a (>= 1) | b:any, c" is [[a b] [c]].
func relations(field string) [][]string {
	var all [][]string
	for part := range strings.SplitSeq(field, ",") {
		var names []string
		for alternative := range strings.SplitSeq(part, "|") {
			name, _, _ := strings.Cut(strings.TrimSpace(alternative), " ")
			name, _, _ = strings.Cut(name, ":")
			if name != "" {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			all = append(all, names)
		}
	}
	return all
}

// closure is the named packages and all they depend on, without those in skip (and what only
// those need), sorted by name. A root that is not installed is an error.
func closure(all map[string]deb, roots, skip []string) ([]deb, error) {
	chosen := map[string]deb{}
	var add func(alternatives []string)
	add = func(alternatives []string) {
		for _, name := range alternatives {
			d, ok := all[name]
			if !ok {
				continue
			}
			if _, done := chosen[d.name]; !done && !slices.Contains(skip, d.name) {
				chosen[d.name] = d
				for _, next := range d.depends {
					add(next)
				}
			}
			return
		}
	}
	for _, root := range roots {
		if _, ok := all[root]; !ok {
			return nil, fmt.Errorf("the Debian package %s is not installed", root)
		}
		add([]string{root})
	}
	var debs []deb
	for _, d := range chosen {
		debs = append(debs, d)
	}
	slices.SortFunc(debs, func(a, b deb) int { return strings.Compare(a.name, b.name) })
	return debs, nil
}

// files lists what a package installed, directories included, as paths with no symlink among
// their directories.
func (d deb) files() ([]string, error) {
	f, err := os.Open(filepath.Join(infoDir, d.name+".list"))
	if err != nil { // packages of several architectures at once carry theirs in the name
		f, err = os.Open(filepath.Join(infoDir, d.name+":"+d.arch+".list"))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for lines := bufio.NewScanner(f); ; {
		if !lines.Scan() {
			return names, lines.Err()
		}
		if name := lines.Text(); name != "/." {
			names = append(names, mergedUsr(name))
		}
	}
}

// topLinks are the directories that a merged-usr system has as links into /usr.
var topLinks = []string{"/bin", "/sbin", "/lib", "/lib64"}

// mergedUsr gives the place where /lib/x really is on this machine.
func mergedUsr(name string) string {
	for _, top := range topLinks {
		if rest, ok := strings.CutPrefix(name, top+"/"); ok {
			if target, err := os.Readlink(top); err == nil {
				return path.Join("/", target, rest)
			}
		}
	}
	return name
}

package auth

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// argument is an option of az with its value, which may come from a label, a log or an answer of Entra's.
type argument struct {
	option, value string
	what          string // for a person
	form          *regexp.Regexp
}

// Forms of what az is given. The settings check their own as strictly or more.
var (
	scopeArg  = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._~:/-]*/\.default$`)
	tenantArg = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]*$`)
	idArg     = guidForm
	claimsArg = regexp.MustCompile(`^[0-9A-Za-z+/][0-9A-Za-z+/_-]*={0,2}$`)
)

func ofScope(value string) argument  { return argument{"--scope", value, "scope", scopeArg} }
func ofTenant(value string) argument { return argument{"--tenant", value, "tenant", tenantArg} }
func ofClaims(value string) argument {
	return argument{"--claims-challenge", value, "claims challenge", claimsArg}
}
func ofSubscription(id string) argument { return argument{"--subscription", id, "subscription", idArg} }

// maxArgument bounds an argument, in bytes; a claims challenge is the longest.
const maxArgument = 8 << 10

// withArguments puts values behind a command of az's; an empty one is left out. A value that is not of its form is a
// *Problem, and az is not started: it would take one that begins with a dash for an option.
func withArguments(command []string, all ...argument) ([]string, error) {
	args := slices.Clone(command)
	for _, a := range all {
		if a.value == "" {
			continue
		}
		if len(a.value) > maxArgument || !a.form.MatchString(a.value) {
			return nil, &Problem{Code: "AZ_ARGUMENT", Kind: ConfigError,
				Message: fmt.Sprintf("What was to be given to az as a %s has not the form of one, so az was not started.", a.what),
				Advice:  "Check the settings (aztray config show) and the labels of the containers (aztray service status --verbose)."}
		}
		args = append(args, a.option, a.value)
	}
	return args, nil
}

// program is what runs az: a program and what it is given before az's own arguments.
type program struct {
	path   string
	before []string
	shell  bool // it is a batch file, whose arguments a shell reads
}

// batch reports whether a file is run by Windows' command interpreter.
func batch(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".cmd" || ext == ".bat"
}

// besideBatch finds what a batch file of az's would run, so that no shell reads the arguments: the interpreter expands
// and obeys them however they are quoted.
// https://github.com/Azure/azure-cli/blob/dev/build_scripts/windows/scripts/az_msi.cmd
// https://github.com/Azure/azure-cli/blob/dev/src/azure-cli/az.bat
func besideBatch(path string, there func(string) bool) program {
	dir := filepath.Dir(path)
	if python := filepath.Join(filepath.Dir(dir), "python.exe"); strings.EqualFold(filepath.Ext(path), ".cmd") && there(python) {
		return program{path: python, before: []string{"-IBm", "azure.cli"}}
	}
	if python := filepath.Join(dir, "python.exe"); strings.EqualFold(filepath.Ext(path), ".bat") && there(python) {
		return program{path: python, before: []string{"-m", "azure.cli"}}
	}
	return program{path: path, shell: true}
}

// unread is what the command interpreter leaves as it is.
var unread = regexp.MustCompile(`^[0-9A-Za-z._:/@+=,~-]*$`)

// arguments are those of the program for az's, or a *Problem where a shell would read something else in one of them.
func (p program) arguments(args []string) ([]string, error) {
	if p.shell && slices.ContainsFunc(args, func(a string) bool { return !unread.MatchString(a) }) {
		return nil, &Problem{Code: "AZ_ARGUMENT", Kind: AZBroken,
			Message: "az is a batch file here, without the Python that Microsoft puts beside it, and can't be given this safely.",
			Advice:  "Install Azure CLI anew: https://aka.ms/azure-cli"}
	}
	return append(slices.Clone(p.before), args...), nil
}

// found is what runs the az of that name. One that is not there is left to fail where it is started.
func found(name string, there func(string) bool) program {
	path, err := exec.LookPath(name)
	if err != nil || !batch(path) {
		return program{path: name}
	}
	return besideBatch(path, there)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

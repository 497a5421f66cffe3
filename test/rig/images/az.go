package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// busybox is where Debian's busybox-static puts its one binary.
const busybox = "/usr/bin/busybox"

// applets are the names under which the sh image offers busybox.
var applets = strings.Fields(`sh cat sleep ls id date echo printf test [ true false env mkdir mv rm cp
	ln chmod chown stat touch readlink grep sed cut tr head tail wc sort sha256sum base64 kill ps tar`)

func busyboxPath() (string, error) {
	for _, name := range []string{busybox, "/bin/busybox"} {
		if _, err := os.Stat(name); err == nil {
			return name, nil
		}
	}
	return "", errors.New("the Debian package busybox-static is not installed")
}

func busyboxStamp(context.Context) (string, error) {
	name, err := busyboxPath()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(info.Size(), info.ModTime().UTC()), nil
}

func addBusybox(_ context.Context, t *tarball) error {
	name, err := busyboxPath()
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	t.file("/bin/busybox", 0o755, binary)
	for _, applet := range applets {
		t.link("/bin/"+applet, "busybox")
	}
	return nil
}

// azRoots is what the az image is made from. Of coreutils only azTools are taken.
var (
	azRoots = []string{"azure-cli", "ca-certificates", "dash", "coreutils"}
	azTools = strings.Fields("cat sleep ls id date mkdir mv rm cp ln chmod chown stat touch env head tail wc tr cut sha256sum true false")
	// Needed to install packages or by a desktop, not to run az.
	azSkip = strings.Fields("dpkg tar debconf perl-base python3-gi gir1.2-glib-2.0 libgirepository-1.0-1 libglib2.0-0 libglib2.0-0t64 python3-lib2to3 tzdata")
)

// azDrop are directories of files that no run of az reads.
var azDrop = []string{
	"/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/lintian", "/usr/share/info",
	"/usr/share/bash-completion", "/usr/share/perl5", "/usr/share/python3/runtime.d", "/usr/share/pixmaps",
	"/usr/share/applications", "/var",
}

func azPackages(ctx context.Context) ([]deb, error) {
	all, err := installed(ctx)
	if err != nil {
		return nil, err
	}
	return closure(all, azRoots, azSkip)
}

func azStamp(ctx context.Context) (string, error) {
	debs, err := azPackages(ctx)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	for _, d := range debs {
		fmt.Fprintln(&s, d.name, d.arch, d.version)
	}
	return s.String(), nil
}

func addAz(ctx context.Context, t *tarball) error {
	debs, err := azPackages(ctx)
	if err != nil {
		return err
	}
	used, err := clientLibraries(ctx)
	if err != nil {
		return err
	}
	for _, top := range topLinks {
		t.host(top)
	}
	for _, d := range debs {
		names, err := d.files()
		if err != nil {
			return err
		}
		for _, name := range names {
			if !wanted(d, name, used) {
				continue
			}
			t.host(name)
			t.compiled(name)
		}
	}
	t.link("/usr/bin/sh", "dash")
	t.host("/etc/ssl/certs/ca-certificates.crt") // made by update-ca-certificates, in no package
	return t.err
}

// wanted says whether a file of a package belongs in the image. Most of az's size is client
// libraries of services (1.4 GB) that it loads for one command each.
func wanted(d deb, name string, used map[string]bool) bool {
	if d.name == "coreutils" {
		return path.Dir(name) == "/usr/bin" && slices.Contains(azTools, path.Base(name))
	}
	for _, dir := range azDrop {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return false
		}
	}
	if strings.Contains(name, "/tests/") {
		return false
	}
	library, ok := clientLibrary(name)
	return !ok || used[library]
}

// clientLibrary names the library of Azure's SDK that a path belongs to, as azure/mgmt/resource.
func clientLibrary(name string) (string, bool) {
	_, inside, ok := strings.Cut(name, "/dist-packages/azure/")
	if !ok {
		_, inside, ok = strings.Cut(name, "/site-packages/azure/")
	}
	parts := strings.Split(inside, "/")
	if !ok || len(parts) < 2 { // a file or directory right under azure itself
		return "", false
	}
	if parts[0] == "mgmt" {
		if len(parts) == 2 && strings.HasSuffix(name, ".py") {
			return "", false
		}
		return "azure/mgmt/" + parts[1], true
	}
	return "azure/" + parts[0], true
}

// clientLibraries asks az itself which of the SDK's libraries it loads to know all its commands:
// without one of these, every command would begin with an error about that module.
func clientLibraries(ctx context.Context) (map[string]bool, error) {
	const loaded = `
import atexit, runpy, sys
atexit.register(lambda: [print("@", m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None)])
sys.argv = ["az", "--help"]
runpy.run_module("azure.cli")
`
	dir, err := os.MkdirTemp("", "aztray-az-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, azPython(), "-c", loaded)
	cmd.Env = append(os.Environ(), "AZURE_CONFIG_DIR="+dir, "AZURE_CORE_COLLECT_TELEMETRY=false", "PYTHONDONTWRITEBYTECODE=1")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking az which libraries it loads: %w", err)
	}
	// What az loads only on the way: to say why a command failed, to list subscriptions after a sign-in.
	used := map[string]bool{"azure/common": true, "azure/core": true, "azure/mgmt/resource": true}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "@ "); ok {
			if library, ok := clientLibrary(name); ok {
				used[library] = true
			}
		}
	}
	return used, nil
}

// azPython is the interpreter az runs on: Microsoft's package brings one, Debian's uses its own.
func azPython() string {
	if _, err := os.Stat("/opt/az/bin/python3"); err == nil {
		return "/opt/az/bin/python3"
	}
	return "/usr/bin/python3"
}

// compiled adds the bytecode of a Python source, which packages make when installed and do not
// list: without it, az takes four times as long to start, each time where it may not write.
func (t *tarball) compiled(source string) {
	if !strings.HasSuffix(source, ".py") || t.err != nil {
		return
	}
	dir, base := path.Split(strings.TrimSuffix(source, ".py"))
	found, err := filepath.Glob(dir + "__pycache__/" + base + ".cpython-*.pyc")
	if err != nil {
		t.err = err
	}
	for _, name := range found {
		if strings.Count(path.Base(name), ".") == 2 { // not the -O variants
			t.host(name)
		}
	}
}

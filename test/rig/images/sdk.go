package images

import (
	"context"
	"fmt"
	"strings"
)

// sdkRoots is what the sdk image is made from: the interpreters, and what the identity part of Azure's SDK
// for Python needs of the whole, which has a thousand other parts.
var sdkRoots = []string{"nodejs", "python3-msal", "python3-msal-extensions", "python3-requests", "python3-cryptography",
	"python3-six", "python3-typing-extensions", "ca-certificates", "dash", "coreutils"}

// sdkParts are the parts of Azure's SDK for Python that go in.
var sdkParts = []string{"azure/core", "azure/identity"}

func sdkPackages(ctx context.Context) (debs []deb, azure deb, err error) {
	all, err := installed(ctx)
	if err != nil {
		return nil, deb{}, err
	}
	azure, ok := all["python3-azure"]
	if !ok {
		return nil, deb{}, fmt.Errorf("the Debian package python3-azure is not installed")
	}
	debs, err = closure(all, sdkRoots, azSkip)
	return debs, azure, err
}

func sdkStamp(ctx context.Context) (string, error) {
	debs, azure, err := sdkPackages(ctx)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	for _, d := range append(debs, azure) {
		fmt.Fprintln(&s, d.name, d.arch, d.version)
	}
	return s.String(), nil
}

func addSdk(ctx context.Context, t *tarball) error {
	debs, azure, err := sdkPackages(ctx)
	if err != nil {
		return err
	}
	for _, top := range topLinks {
		t.host(top)
	}
	used := map[string]bool{}
	for _, part := range sdkParts {
		used[part] = true
	}
	for _, d := range append(debs, azure) {
		names, err := d.files()
		if err != nil {
			return err
		}
		for _, name := range names {
			if library, ok := clientLibrary(name); !wanted(d, name, used) || d.name == azure.name && ok && !used[library] {
				continue
			}
			t.host(name)
			t.compiled(name)
		}
	}
	t.link("/usr/bin/sh", "dash")
	t.host("/etc/ssl/certs/ca-certificates.crt")
	return t.err
}

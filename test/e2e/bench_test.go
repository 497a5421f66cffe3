//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// BenchmarkIsTheSignInGood asks whether there is a token that serves, by aztray and by az, which is what
// people's scripts do. Both answer from what is on disk.
func BenchmarkIsTheSignInGood(b *testing.B) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "aztray-bench-*")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := stage.New(ctx, dir, stage.Options{Bin: bin, NoDesktop: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Az(ctx, "login"); err != nil {
		b.Fatal(err)
	}
	token := []string{"account", "get-access-token", "--scope", cloud.ScopeCognitive, "-o", "none"}
	if _, err := s.Az(ctx, token...); err != nil { // from here on both have a cached token
		b.Fatal(err)
	}
	for _, way := range []struct {
		impl string
		args []string
	}{
		{"impl=aztray", []string{bin, "service", "auth-renew", "--check", "-o", "json"}},
		{"impl=az", append([]string{"az"}, token...)},
	} {
		b.Run(way.impl, func(b *testing.B) {
			for b.Loop() {
				if _, msg, err := s.Run(ctx, way.args[0], way.args[1:]...); err != nil {
					b.Fatalf("%v: %v\n%s", way.args, err, msg)
				}
			}
		})
	}
}

// BenchmarkHowDoContainersStand asks after 21 covered containers: by a command beside an aztray that runs, by the same
// command alone, and by docker ps, which says less.
func BenchmarkHowDoContainersStand(b *testing.B) {
	const covered = 21
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "aztray-bench-*")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := stage.New(ctx, dir, stage.Options{Bin: bin, NoDesktop: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Az(ctx, "login", "--scope", cloud.ScopeCognitive); err != nil {
		b.Fatal(err)
	}
	for i := range covered {
		if err := s.RunContainer(ctx, fmt.Sprint("bench", i), images.Sh); err != nil {
			b.Fatal(err)
		}
	}
	if _, msg, err := s.Run(ctx, bin, "service", "sync"); err != nil {
		b.Fatalf("%v\n%s", err, msg)
	}
	measure := func(impl string, args ...string) {
		b.Run("impl="+impl, func(b *testing.B) {
			for b.Loop() {
				if _, msg, err := s.Run(ctx, args[0], args[1:]...); err != nil {
					b.Fatalf("%v: %v\n%s", args, err, msg)
				}
			}
		})
	}
	status := []string{bin, "service", "status", "-o", "json"}
	measure("alone", status...)
	if _, err := s.StartTray(ctx, "serve"); err != nil {
		b.Fatal(err)
	}
	for range 100 { // until it answers for containers that all have the credential
		if _, _, err = s.Run(ctx, bin, "service", "sync"); err == nil {
			break
		}
	}
	measure("beside-aztray", status...)
	measure("docker-ps", "docker", "ps")
}

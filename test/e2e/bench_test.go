//go:build e2e

package e2e

import (
	"context"
	"os"
	"testing"

	"aztray/test/rig/cloud"
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

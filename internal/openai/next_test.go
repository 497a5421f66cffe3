package openai

import (
	"testing"
	"time"

	"aztray/internal/auth"
)

func TestNext(t *testing.T) {
	with := func(s Status, c code, after time.Duration) Result {
		return Result{Status: s, Problem: &auth.Problem{Code: string(c), Kind: faults[c].kind}, RetryAfter: after}
	}
	for _, tc := range []struct {
		name     string
		r        Result
		failures int
		jitter   float64
		want     time.Duration
	}{
		{"all is well", Result{Status: Healthy}, 0, 0, 15 * time.Minute},
		{"jitter adds up to a tenth", Result{Status: Healthy}, 0, 1, 16*time.Minute + 30*time.Second},
		{"jitter out of bounds", Result{Status: Healthy}, 0, 7, 16*time.Minute + 30*time.Second},
		{"nothing was asked", Result{Status: Unknown}, 3, 0, 15 * time.Minute},
		{"a first failure", with(Unhealthy, roleMissing, 0), 1, 0, time.Minute},
		{"a third", with(Unknown, unreachable, 0), 3, 0, 4 * time.Minute},
		{"a hundredth", with(Unhealthy, firewall, 0), 100, 0, 15 * time.Minute},
		{"throttled, at first", with(Degraded, throttled, 7*time.Second), 1, 0, 15 * time.Minute},
		{"throttled again", with(Degraded, throttled, 7*time.Second), 2, 0, 30 * time.Minute},
		{"throttled for days", with(Degraded, throttled, 7*time.Second), 500, 0, 2 * time.Hour},
		{"asked to wait longer", with(Degraded, throttled, 3*time.Hour), 1, 0, 3 * time.Hour},
		{"jitter is never against what was asked", with(Degraded, unavailable, 20*time.Minute), 1, -1, 20 * time.Minute},
	} {
		if got := Next(tc.r, tc.failures, tc.jitter); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

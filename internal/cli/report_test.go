package cli

import (
	"testing"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// TestTheExitCodeOfAReport: the sign-in comes first, and a container counts where it is without a
// credential that works.
func TestTheExitCodeOfAReport(t *testing.T) {
	renewable, last := &TokenReport{Refreshable: true}, &TokenReport{}
	for _, test := range []struct {
		name   string
		level  auth.Level
		token  *TokenReport
		states []containers.State
		want   exit
	}{
		{"no containers", auth.OK, renewable, nil, ExitGood},
		{"all fresh", auth.OK, renewable, []containers.State{containers.Fresh, containers.Fresh}, ExitGood},
		{"one mounts the person's own az directory", auth.OK, renewable, []containers.State{containers.Shared}, ExitGood},
		{"one has a sign-in of its own, and not this one", auth.OK, renewable, []containers.State{containers.OwnSignIn}, ExitContainers},
		{"one has an old one", auth.OK, renewable, []containers.State{containers.Fresh, containers.Stale}, ExitContainers},
		{"one can't be written", auth.OK, renewable, []containers.State{containers.Unwritable}, ExitContainers},
		{"the end is near, and silent renewal works", auth.Expiring, renewable, nil, ExitGood},
		{"silent renewal is refused", auth.Expiring, last, []containers.State{containers.Stale}, ExitPersonNeeded},
		{"ended", auth.Expired, last, nil, ExitPersonNeeded},
		{"signed out", auth.SignedOut, nil, nil, ExitPersonNeeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Report{Level: test.level, AccessToken: test.token}
			for _, s := range test.states {
				r.Containers = append(r.Containers, ContainerReport{State: s})
			}
			if got := exitCode(r); got != test.want {
				t.Errorf("exit code %d, want %d", got, test.want)
			}
		})
	}
}

// TestExitCode_OfATryInside: --verify is good only where a token was obtained.
func TestExitCode_OfATryInside(t *testing.T) {
	for _, test := range []struct {
		state  containers.State
		result containers.VerifyResult
		want   exit
	}{
		{containers.Fresh, containers.Obtained, ExitGood},
		{containers.Fresh, containers.Refused, ExitContainers},
		{containers.Fresh, containers.Untried, ExitContainers},
		{containers.Shared, containers.Obtained, ExitGood},
		{containers.Shared, containers.Untried, ExitContainers},
	} {
		r := Report{Level: auth.OK, Containers: []ContainerReport{{State: test.state, Verified: &VerifiedReport{Result: test.result}}}}
		if got := exitCode(r); got != test.want {
			t.Errorf("%s, %s: exit code %d, want %d", test.state, test.result, got, test.want)
		}
	}
}

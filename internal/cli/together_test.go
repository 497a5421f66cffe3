package cli

import (
	"testing"
	"time"

	"aztray/internal/containers"
)

// TestWhatATrayDeliveredAfterASignIn: it is waited for only where it may come.
func TestWhatATrayDeliveredAfterASignIn(t *testing.T) {
	since := time.Date(2026, 3, 2, 12, 0, 5, 900e6, time.UTC)
	for _, test := range []struct {
		name       string
		st         containers.Status
		done, wait bool
	}{
		{"delivered since", containers.Status{State: containers.Fresh, DeliveredAt: since.Add(2 * time.Second)}, true, false},
		{"delivered in the same second, which is all a mark says", containers.Status{State: containers.Fresh, DeliveredAt: since.Truncate(time.Second)}, true, false},
		{"what it had before", containers.Status{State: containers.Fresh, DeliveredAt: since.Add(-time.Minute)}, false, true},
		{"an old one", containers.Status{State: containers.Stale}, false, true},
		{"none yet", containers.Status{State: containers.Missing}, false, true},
		{"one that will never have any", containers.Status{State: containers.Unwritable}, false, false},
		{"one that asks by itself", containers.Status{State: containers.Unreachable}, false, false},
		{"an engine that refuses", containers.Status{State: containers.Failed}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if done, wait := afterSignIn(test.st, since); done != test.done || wait != test.wait {
				t.Errorf("done %v, wait %v; want %v, %v", done, wait, test.done, test.wait)
			}
		})
	}
}

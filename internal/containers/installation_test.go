package containers

import (
	"strings"
	"testing"
	"time"
)

const azID = "6e1f6e0a-cf6c-11f0-8de9-0242ac120002"

// azWritesItsID does what az does to the profile at its first command where telemetry is on: Python's spelling, a byte
// order mark, and its id.
func azWritesItsID(profile string) string {
	spaced := strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(strings.TrimSpace(profile))
	return string(bom) + strings.TrimSuffix(spaced, "}") + `, "installationId": "` + azID + `"}`
}

// TestAnAzThatWritesItsIDHasNotChangedWhatItHolds: the container is fresh, and the id is kept by whatever delivers next.
func TestAnAzThatWritesItsIDHasNotChangedWhatItHolds(t *testing.T) {
	end := time.Now().Add(time.Hour)
	one := container("id", "n", "img", "running", nil)
	for _, c := range []struct {
		why  string
		next func(e *Engine) Status
	}{
		{"a renewal", func(e *Engine) Status {
			if s := e.Renew(t.Context(), one, bundle("second", end)); !s.Unproved {
				return s
			}
			return e.Confirm(t.Context(), one)
		}},
		{"a renewal that nobody looks at, and the next", func(e *Engine) Status {
			e.Renew(t.Context(), one, bundle("second", end))
			return e.Renew(t.Context(), one, bundle("second again", end))
		}},
		{"a delivery", func(e *Engine) Status { return e.Deliver(t.Context(), one, bundle("second", end)) }},
		{"a delivery by another aztray", func(e *Engine) Status {
			e.forget(one.ID)
			return e.Deliver(t.Context(), one, bundle("second", end))
		}},
		{"a sign-out and a sign-in", func(e *Engine) Status {
			e.Withdraw(t.Context(), one)
			return e.Deliver(t.Context(), one, bundle("second", end))
		}},
	} {
		f := newFake(inspected{ID: "id", Status: "running"}, withShell)
		e := fakeHost(f, t.TempDir())
		e.Deliver(t.Context(), one, bundle("first", end))
		for _, when := range []string{"at first", "once more"} {
			if when == "at first" {
				f.writeInside(profileFile, azWritesItsID(f.holdsInside(profileFile)))
			}
			if s := e.Check(t.Context(), one); s.State != Fresh {
				t.Errorf("%s, %s: its state is %s %s", c.why, when, s.State, s.Error)
			}
			f.calls = map[string]int{}
			if s := c.next(e); s.State != Fresh {
				t.Errorf("%s, %s: %s %s", c.why, when, s.State, s.Error)
			}
			if got := installationIn([]byte(f.holdsInside(profileFile))); got != azID {
				t.Errorf("%s, %s: az's id is %q in %s", c.why, when, got, f.holdsInside(profileFile))
			}
			if s := e.Check(t.Context(), one); s.State != Fresh || !strings.Contains(f.holdsInside(cacheFile), "second") {
				t.Errorf("%s, %s: in the end %s, %s", c.why, when, s.State, f.holdsInside(cacheFile))
			}
		}
	}
}

func TestOfAProfileOnlyAnIDIsKept(t *testing.T) {
	for _, c := range []struct{ why, profile, want string }{
		{"az's", azWritesItsID(`{"subscriptions":[]}`), azID},
		{"none", `{"subscriptions":[]}`, ""},
		{"what is none", `{"installationId": "$(reboot)", "subscriptions":[]}`, ""},
		{"one without end", `{"installationId": "` + strings.Repeat("a", 1<<16) + `"}`, ""},
		{"no text", `{"installationId": {"a": 1}}`, ""},
		{"no profile", `[]`, ""},
	} {
		if got := installationIn([]byte(c.profile)); got != c.want {
			t.Errorf("%s: %q", c.why, got)
		}
	}
	m := &mark{Username: "ada@contoso.example", Files: map[string]stamp{}}
	profile := line(bundle("one", time.Now()).ProfileJSON())
	m.Files[profileFile] = stampOf(profile)
	other := strings.Replace(azWritesItsID(string(profile)), `"isDefault": true`, `"isDefault": false`, 1)
	if h := judgeHeld(m, map[string][]byte{profileFile: []byte(other)}, nil); h.intact {
		t.Error("a profile in which more than the id is another counts as ours")
	}
}

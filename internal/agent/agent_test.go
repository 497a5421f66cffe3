package agent

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
	"aztray/internal/watch/symptom"
)

// run is an agent in a bubble, with the newest of its snapshots.
type run struct {
	*rig
	t       *testing.T
	a       *Agent
	updates <-chan Snapshot
	last    Snapshot
}

// inBubble runs a test of the loop; everything in it has settled when it starts.
func inBubble(t *testing.T, r *rig, set Settings, test func(*run)) { inBubbleOf(t, r, r, set, test) }

// inBubbleOf is the same in a world that is another than the rig in some way.
func inBubbleOf(t *testing.T, w World, r *rig, set Settings, test func(*run)) {
	synctest.Test(t, func(t *testing.T) {
		set.Scope, set.Log = scope, slog.New(slog.DiscardHandler)
		a := New(w, set)
		x := &run{rig: r, t: t, a: a, updates: a.Updates()}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()
		test(x)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// now gives the newest snapshot once everything has settled.
func (x *run) now() Snapshot {
	synctest.Wait()
	select {
	case x.last = <-x.updates:
	default:
	}
	return x.last
}

// after lets d pass in the bubble.
func (x *run) after(d time.Duration) Snapshot {
	time.Sleep(d)
	return x.now()
}

func (x *run) wantLevel(s Snapshot, want auth.Level) {
	x.t.Helper()
	if s.Level != want {
		x.t.Fatalf("level %v, want %v (problem %v)", s.Level, want, s.Problem)
	}
}

var refusal = &auth.Problem{Code: "AADSTS70043", Kind: auth.SignInRequired, Message: "It has ended.", Advice: "Sign in."}

func covered(id string) containers.Container {
	return containers.Container{ID: id, Name: "codestory-" + id, Running: true}
}

func TestARefusalIsKnownWhileTheTokenStillServes(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.wantLevel(x.now(), auth.OK)
		r.refuse(refusal)
		s := x.after(31 * time.Minute) // half of the token's life has passed
		x.wantLevel(s, auth.Expiring)
		if left := s.Deadline.Sub(s.At); left < 28*time.Minute || s.DeadlineSource != auth.DeadlineAccessToken || s.Problem != refusal {
			t.Errorf("%v left by %s with problem %v; want about half an hour of the token", left, s.DeadlineSource, s.Problem)
		}
		x.wantLevel(x.after(30*time.Minute), auth.Expired)
		x.a.Do(Renew{})
		s = x.now()
		x.wantLevel(s, auth.OK)
		if !s.Deadline.IsZero() || s.Problem != nil || len(r.peek().logins) != 1 || r.peek().logins[0].TenantID != contoso {
			t.Errorf("after the renewal: deadline %v, problem %v, sign-ins %v", s.Deadline, s.Problem, r.peek().logins)
		}
	})
}

func TestASignInByHandIsFollowed(t *testing.T) {
	r := newRig()
	inBubble(t, r, Settings{}, func(x *run) {
		x.wantLevel(x.now(), auth.SignedOut)
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		r.write(profile(contoso))
		s := x.now()
		x.wantLevel(s, auth.OK)
		if s.Account != "ada@contoso.example" || s.Tenant.Name != "Contoso" || len(r.peek().held) != 1 {
			t.Errorf("account %q in %q, %d containers delivered to", s.Account, s.Tenant.Name, len(r.peek().held))
		}
		r.write(auth.Files{})
		x.wantLevel(x.now(), auth.SignedOut)
		if len(r.peek().held) != 0 || r.peek().withdrew != 1 {
			t.Errorf("after the sign-out containers hold %v", r.peek().held)
		}
	})
}

func TestNoNetworkIsNotExpiry(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		r.refuse(&auth.Problem{Code: "OFFLINE", Kind: auth.Offline})
		s := x.after(45 * time.Minute)
		x.wantLevel(s, auth.OK)
		if s.OfflineSince.IsZero() || s.Problem != nil {
			t.Errorf("offline since %v, problem %v", s.OfflineSince, s.Problem)
		}
		x.wantLevel(x.after(30*time.Minute), auth.Unknown) // the token is gone, and nobody can say more
		tried := r.peek().probes
		r.refuse(nil)
		if tried > 25 {
			t.Errorf("%d tries in 45 minutes without a network", tried)
		}
		s = x.after(5 * time.Minute)
		x.wantLevel(s, auth.OK)
		if !s.OfflineSince.IsZero() {
			t.Errorf("still offline since %v", s.OfflineSince)
		}
	})
}

func TestASignInCanBeCancelledAndEndsByItself(t *testing.T) {
	r := newRig()
	r.login = func(ctx context.Context, _ auth.LoginOptions) error {
		<-ctx.Done()
		if context.Cause(ctx) == auth.ErrCancelled {
			return &auth.Problem{Code: "SIGN_IN_CANCELLED", Kind: auth.Cancelled}
		}
		return &auth.Problem{Code: "SIGN_IN_TIMED_OUT", Kind: auth.TimedOut}
	}
	inBubble(t, r, Settings{}, func(x *run) {
		x.a.Do(Renew{})
		s := x.now()
		x.wantLevel(s, auth.Renewing)
		if s.Before != auth.SignedOut || s.Renewal == nil || s.Renewal.Way != "browser" {
			t.Errorf("renewal %+v over level %v", s.Renewal, s.Before)
		}
		x.a.Do(Renew{}) // a second click starts nothing
		x.now()
		x.a.Do(CancelSignIn{})
		s = x.now()
		x.wantLevel(s, auth.SignedOut)
		if s.Failure == nil || s.Failure.Kind != auth.Cancelled || len(r.peek().logins) != 1 {
			t.Errorf("failure %v after %d sign-ins", s.Failure, len(r.peek().logins))
		}
		x.a.Do(Renew{})
		x.wantLevel(x.after(4*time.Minute), auth.Renewing)
		s = x.after(2 * time.Minute)
		x.wantLevel(s, auth.SignedOut)
		if s.Failure == nil || s.Failure.Kind != auth.TimedOut {
			t.Errorf("failure %v, want timed out", s.Failure)
		}
	})
}

func TestSwitchingTheTenant(t *testing.T) {
	tests := []struct {
		name    string
		files   auth.Files
		browser int
	}{
		{"az has an account there", profile(contoso, fabrikam), 0},
		{"a person must sign in there", profile(contoso), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			r.files = tt.files
			inBubble(t, r, Settings{}, func(x *run) {
				r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
				x.now()
				x.a.Do(UseTenant{fabrikam})
				s := x.now()
				x.wantLevel(s, auth.OK)
				if s.Tenant.ID != fabrikam || s.Tenant.Name != "Fabrikam" || r.peek().held["a"].TenantID != fabrikam || len(r.peek().logins) != tt.browser {
					t.Errorf("tenant %+v, the container has %s, %d sign-ins; want Fabrikam and %d", s.Tenant, r.peek().held["a"].TenantID, len(r.peek().logins), tt.browser)
				}
				r.write(profile(contoso, fabrikam)) // az account set, by hand
				if s = x.now(); s.Tenant.ID != contoso {
					t.Errorf("az was moved to Contoso by hand, the tenant is %+v", s.Tenant)
				}
			})
		})
	}
}

func TestAConfiguredLifetimeGivesADeadline(t *testing.T) {
	r := newRig()
	inBubble(t, r, Settings{SignInLifetime: 12 * time.Hour}, func(x *run) {
		x.a.Do(Renew{})
		r.write(profile(contoso))
		s := x.now()
		x.wantLevel(s, auth.OK)
		if left := s.Deadline.Sub(s.At); left != 12*time.Hour || s.DeadlineSource != auth.DeadlineConfigured {
			t.Errorf("%v left by %s, want 12 hours as configured", left, s.DeadlineSource)
		}
		x.wantLevel(x.after(11*time.Hour+31*time.Minute), auth.Expiring)
	})
}

func TestAnEndpointOfAnotherTenantIsNamedAndASwitchCuresIt(t *testing.T) {
	r := newRig()
	r.files, r.endpoint = profile(contoso, fabrikam), fabrikam
	inBubble(t, r, Settings{OpenAI: openai.Settings{Endpoint: "https://fabrikam-openai.openai.azure.com"}}, func(x *run) {
		s := x.now()
		x.wantLevel(s, auth.OK) // the sign-in itself is good
		if s.OpenAI == nil || s.OpenAI.Problem == nil || s.OpenAI.Problem.Message != "The Azure OpenAI endpoint belongs to Fabrikam, and you are signed in to Contoso." {
			t.Fatalf("the endpoint: %+v", s.OpenAI)
		}
		x.a.Do(UseTenant{fabrikam})
		if s = x.now(); s.OpenAI == nil || s.OpenAI.Status != openai.Healthy {
			t.Errorf("after the switch the endpoint is %+v", s.OpenAI)
		}
		r.mu.Lock()
		before := len(r.asked)
		r.mu.Unlock()
		x.after(2 * time.Hour)
		r.mu.Lock()
		defer r.mu.Unlock()
		if n := len(r.asked) - before; n < 4 || n > 12 {
			t.Errorf("asked %d times in two hours, want a calm pace", n)
		}
	})
}

func TestTheWorstTenantInUseIsShown(t *testing.T) {
	r := newRig()
	r.files = profile(contoso, fabrikam)
	r.refused[fabrikam] = refusal
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		c := covered("a")
		c.Tenant = fabrikam
		c = c.Said(containers.AskTenant, true)
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{c, covered("b")}})
		s := x.now()
		x.wantLevel(s, auth.Expired)
		if s.Tenant.ID != contoso || s.Concerns.ID != fabrikam || len(s.InUse) != 2 || s.InUse[0].Level != auth.OK || s.InUse[1].Problem != refusal {
			t.Errorf("tenant %s, concerns %s, in use %+v", s.Tenant.ID, s.Concerns.ID, s.InUse)
		}
		if r.peek().held["b"].TenantID != contoso {
			t.Error("one tenant that fails holds up the other's container")
		}
		x.a.Do(Renew{})
		x.wantLevel(x.now(), auth.OK)
		if l := r.peek().logins; len(l) != 1 || l[0].TenantID != fabrikam {
			t.Errorf("Renew now signed in by %+v, want Fabrikam", l)
		}
	})
}

func TestALearntLifetimePredictsTheEnd(t *testing.T) {
	r := newRig()
	dir := t.TempDir()
	inBubble(t, r, Settings{StateFile: filepath.Join(dir, "state.json")}, func(x *run) {
		x.a.Do(Renew{})
		x.now()
		r.write(profile(contoso))
		s := x.after(12 * time.Hour)
		signedIn := s.SignedInAt
		r.refuse(auth.Classify("AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on "+
			signedIn.Format("2006-01-02T15:04:05.0000000Z")+" and the maximum allowed lifetime for this request is 43200.", nil))
		s = x.after(time.Hour)
		if s.Lifetime != 12*time.Hour {
			t.Fatalf("learnt %v", s.Lifetime)
		}
		x.a.Do(Renew{})
		s = x.now()
		x.wantLevel(s, auth.OK)
		if left := s.Deadline.Sub(s.At); left != 12*time.Hour || s.DeadlineSource != auth.DeadlineLearned {
			t.Errorf("%v left by %s, want 12 hours as learnt", left, s.DeadlineSource)
		}
		x.wantLevel(x.after(11*time.Hour+31*time.Minute), auth.Expiring)
		s = x.after(40 * time.Minute) // the end has passed, and renewal goes on working: the policy changed
		x.wantLevel(s, auth.OK)
		if !s.Deadline.IsZero() {
			t.Errorf("the deadline that proved wrong is still %v", s.Deadline)
		}
	})
}

func TestAFailureInALogIsCuredWhereTheSignInIsGood(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{Logs: true}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a"), covered("b")}})
		x.after(10 * time.Minute)
		before := r.peek()
		r.say("a", symptom.NoCredential)
		s := x.now()
		after := r.peek()
		if after.probes != before.probes+1 || len(after.tries["a"]) <= len(before.tries["a"]) {
			t.Errorf("%d renewals and %d deliveries after the failure", after.probes-before.probes, len(after.tries["a"])-len(before.tries["a"]))
		}
		if s.Containers[0].Error == "" || s.Containers[1].Error != "" {
			t.Errorf("shown: %q and %q", s.Containers[0].Error, s.Containers[1].Error)
		}
		r.say("a", symptom.NoCredential) // again at once: renewals keep to their interval
		x.now()
		if n := r.peek().probes; n != after.probes {
			t.Errorf("%d renewals for the same failure", n-before.probes)
		}
		r.say("b", symptom.RoleMissing)
		x.now()
		if n := r.peek().probes; n != after.probes {
			t.Error("a missing role was answered with a renewal")
		}
		if s = x.after(20 * time.Minute); s.Containers[0].Error != "" {
			t.Errorf("still shown after a while: %q", s.Containers[0].Error)
		}
		r.tell(containers.Event{Kind: containers.Removed, Container: covered("a")})
		x.now()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.says["a"] != nil || r.says["b"] == nil {
			t.Error("logs are read of containers that are gone, or not of those that are there")
		}
	})
}

func TestTheScopeIsThatOfAzsCloud(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.files.Cloud = auth.Cloud{Name: "AzureUSGovernment", AuthorityHost: "login.microsoftonline.us", CognitiveScope: "https://cognitiveservices.azure.us/.default"}
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		s := x.now()
		x.wantLevel(s, auth.OK)
		if got := r.peek().held["a"].Tokens[0].Scope; s.Scope != r.files.Cloud.CognitiveScope || got != s.Scope {
			t.Errorf("the scope is %s, the container's token is for %s", s.Scope, got)
		}
	})
}

func TestAServiceThatLacksItsCredentialHasItsContainersLookedAt(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{HealthURLs: []string{"http://localhost:8000/health"}}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.after(10 * time.Minute)
		before := r.peek()
		r.mu.Lock()
		report := r.reports
		r.mu.Unlock()
		report(watch.Report{Up: true, AuthFailing: true, Detail: symptom.NoCredential})
		x.now()
		after := r.peek()
		if after.probes != before.probes+1 || len(after.tries["a"]) <= len(before.tries["a"]) {
			t.Errorf("%d renewals and %d deliveries after the report", after.probes-before.probes, len(after.tries["a"])-len(before.tries["a"]))
		}
		report(watch.Report{Up: true, Detail: symptom.RoleMissing})
		x.now()
		if n := r.peek().probes; n != after.probes {
			t.Error("a missing role was answered with a renewal")
		}
	})
}

func TestOnWakeUpEverythingIsJudgedAfresh(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		r.refuse(refusal) // while the machine slept
		r.mu.Lock()
		woke := r.wake
		r.mu.Unlock()
		woke()
		x.wantLevel(x.now(), auth.Expiring)
	})
}

func TestAzStaysWhereItIsWhereItIsNotToFollow(t *testing.T) {
	r := newRig()
	r.files = profile(contoso, fabrikam)
	file := filepath.Join(t.TempDir(), "state.json")
	inBubble(t, r, Settings{StateFile: file, Stay: true}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.now()
		x.a.Do(UseTenant{fabrikam})
		s := x.now()
		if s.Tenant.ID != fabrikam || r.peek().held["a"].TenantID != fabrikam {
			t.Errorf("tenant %s, the container has %s; want Fabrikam", s.Tenant.ID, r.peek().held["a"].TenantID)
		}
		if r.current() != contoso {
			t.Errorf("az was moved to %s", r.current())
		}
	})
	if m := Recall(file); m.Chosen != fabrikam {
		t.Errorf("the next run would use %q", m.Chosen)
	}
}

package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/containers"
)

// containerChecks are one for each covered container.
func containerChecks(o Options, f *facts, e engineFacts) []check {
	slices.SortFunc(e.Covered, func(a, b containers.Container) int { return cmp.Compare(a.Name, b.Name) })
	served, places := o.served(), make(chan struct{}, verifyAtOnce)
	var all []check
	for _, c := range e.Covered {
		all = append(all, check{groupBoxes, "container", func(ctx context.Context) ([]Line, []check) {
			s, ok := f.signIn.get(ctx)
			if !ok {
				return nil, nil
			}
			if c.Delivery == cluster.Delivery {
				return in(groupBoxes, c.Name, judgeCredential(containers.Examination{Container: c, Status: o.Engines.Check(ctx, c)}, s.usable(), o.Now())), nil
			}
			x := o.Engines.Examine(ctx, c, isRelevant)
			if c.Delivery == "endpoint" {
				x.Status = agent.AskedFirst(agent.EndpointStatus(c, served[c.ID], o.Settings.Endpoint.Enabled, o.Now()), o.Engines.Question(ctx, c))
			}
			var got *containers.Verified
			if triable(x) {
				select {
				case places <- struct{}{}:
					v := o.Engines.Verify(ctx, c, o.wanted(ctx, s, c))
					got = &v
					<-places
				case <-ctx.Done():
				}
			}
			if ctx.Err() != nil {
				return nil, nil
			}
			return append(judgeContainer(x, got, s.usable(), o.Now()), judgeAsked(c.Name, o.choice(s).Grant(c))...), nil
		}})
	}
	return all
}

// verifyAtOnce is fewer than checks: a real az takes seconds of a processor's time.
const verifyAtOnce = 4

// triable reports whether a token could be had inside: by what it holds, and as the user that it runs as.
func triable(x containers.Examination) bool {
	if x.Problem != nil || x.Engine != "running" || denied(x) != nil {
		return false
	}
	switch x.Status.State {
	case containers.Fresh, containers.Shared, containers.OwnSignIn:
		return true
	}
	return x.Container.Delivery == "endpoint" && x.Status.State == containers.Missing
}

// choice is what containers' labels are weighed against.
func (o Options) choice(s signInFacts) containers.Choice {
	v := s.view(o.Settings)
	v.Chosen = s.Tenant.ID
	return containers.Choice{Tenant: v.Tenant(), Scopes: v.Usual(), ID: v.TenantID}
}

// wanted is the token that the container should get: our own for its tenant, to compare with.
func (o Options) wanted(ctx context.Context, s signInFacts, c containers.Container) auth.Token {
	v := s.view(o.Settings)
	v.Chosen = s.Tenant.ID
	tenant, _ := v.Wants(c)
	if s.usable() && tenant == s.Tenant.ID {
		return s.Token
	}
	want := auth.Token{Scope: s.Scope, TenantID: tenant}
	if !s.usable() {
		return want
	}
	if t, err := o.Client.Token(ctx, s.Files, v.Row(tenant).User.Name, tenant, s.Scope); err == nil {
		return t
	}
	return want
}

// judgeContainer says how a container stands. got is what came of asking for a token inside; nil where
// that was not tried.
func judgeContainer(x containers.Examination, got *containers.Verified, signedIn bool, now time.Time) []Line {
	name := x.Container.Name
	if x.Problem != nil {
		return in(groupBoxes, name, problem("container.running", "running", Wrong, x.Problem))
	}
	lines := []Line{judgeRunning(x), judgeTool(x), judgeCredential(x, signedIn, now)}
	if l, ok := judgeFiles(x); ok {
		lines = append(lines, l)
	}
	if got != nil {
		lines = append(lines, judgeToken(x, *got, now))
	}
	return in(groupBoxes, name, append(lines, judgeEnvironment(x)...)...)
}

// judgeAsked says what the labels of a container ask for that waits for an answer.
func judgeAsked(name string, g containers.Grant) []Line {
	if g.Consent.Question == containers.NoQuestion || g.Consent.Never {
		return nil
	}
	why, how, _ := strings.Cut(g.Words(name).Sentence, ": aztray")
	return in(groupBoxes, name, bad("container.asks", "its labels", Warning, "CONTAINER_ASKS", why+".", "Say whether it may: aztray"+how+" (or --never "+name+")"))
}

func judgeRunning(x containers.Examination) Line {
	const check, title = "container.running", "running"
	switch x.Engine {
	case "running":
		return good(check, title, "It runs")
	case "restarting":
		return bad(check, title, Warning, "CONTAINER_RESTARTING", "It starts, ends and is started again, over and over.", "See why: docker logs --tail 50 "+x.Container.Name)
	case "paused":
		return bad(check, title, Warning, "CONTAINER_PAUSED", "It is paused.", "Let it go on: docker unpause "+x.Container.Name)
	}
	return notApplicable(check, title, "It does not run ("+x.Engine+").")
}

func judgeTool(x containers.Examination) Line {
	const check, title = "container.az", "az inside"
	switch {
	case x.Container.Delivery == "endpoint":
		return notApplicable(check, title, "It asks the endpoint, which needs none.")
	case x.Az != "":
		return good(check, title, x.Az)
	case x.Shell:
		return good(check, title, "It has none, and a shell: aztray's small az serves")
	}
	return bad(check, title, Wrong, "CONTAINER_NO_SHELL", "Its image has neither az nor a shell, so nothing in it could read a credential.",
		"Have it ask the endpoint (docs/endpoint.md): aztray endpoint env --container "+x.Container.Name)
}

// judgeCredential says what the container holds.
func judgeCredential(x containers.Examination, signedIn bool, now time.Time) Line {
	const check, title = "container.credential", "credential"
	s := x.Status
	sync := "aztray service sync --container " + x.Container.Name
	wrong := func(code, message, advice string, fix Fix) Line {
		l := bad(check, title, Wrong, code, message, advice)
		l.Fix = fix
		return l
	}
	switch s.State {
	case containers.Fresh:
		return good(check, title, holdsWords(s))
	case containers.Shared:
		return good(check, title, cmp.Or(s.Error, "It has your own az directory, mounted"))
	case containers.OwnSignIn:
		if s.OnHost { // what is done in there is done in a directory of the person's
			return bad(check, title, Warning, "CONTAINER_OWN_SIGN_IN", "The directory of yours that it mounts at "+s.Path+" holds a sign-in, which aztray leaves alone and does not renew.",
				"To have it use yours, mount another directory there, or none.")
		}
		if x.Az == "" {
			return bad(check, title, Warning, "CONTAINER_OWN_SIGN_IN", "Somebody signed in inside it; aztray leaves that alone and does not renew it.",
				"To have it use yours, delete what is in "+s.Path+" there.")
		}
		return bad(check, title, Warning, "CONTAINER_OWN_SIGN_IN", "Somebody signed in inside it; aztray leaves that alone and does not renew it.",
			"To have it use yours: docker exec "+x.Container.Name+" az account clear")
	case containers.Unreachable:
		if x.Container.Delivery == "endpoint" {
			return wrong("ENDPOINT_OFF", "Its label asks for the identity endpoint, which is off.", "Set endpoint.enabled = true (docs/endpoint.md), and start aztray again.", "")
		}
		return notApplicable(check, title, cmp.Or(s.Error, "Nothing in it could use one."))
	case containers.Unwritable:
		return wrong("CONTAINER_UNWRITABLE", s.Error, "Or give it a directory that aztray keeps fresh: docs/mount.md", "")
	case containers.Failed:
		return wrong("CONTAINER_FAILED", s.Error, "Try it, and see what it says: "+sync, FixDeliver)
	}
	switch q := s.Consent; {
	case q.Question != containers.NoQuestion && q.Never:
		return notApplicable(check, title, "You said that it never gets the credential.")
	case q.Question != containers.NoQuestion:
		why, _, _ := strings.Cut(s.Error, " Allow it: ")
		return bad(check, title, Warning, "CONTAINER_WAITS", cmp.Or(why, "It waits for your answer."),
			"Say whether it may have it: aztray service sync --allow "+x.Container.Name+" (or --never "+x.Container.Name+")")
	}
	if x.Container.Delivery == "endpoint" {
		return bad(check, title, Warning, "CONTAINER_NOT_ASKED", cmp.Or(s.Error, "It has not asked the endpoint for a token yet."), "See that it gets the variables: aztray endpoint env --container "+x.Container.Name)
	}
	if !signedIn {
		return notApplicable(check, title, "It gets one when the sign-in works.")
	}
	if s.State == containers.Stale && !s.ExpiresOn.After(now) {
		return wrong("CONTAINER_STALE", "Its token ended at "+s.ExpiresOn.Local().Format("15:04")+", and nothing renewed it.", "Give it a fresh one: "+sync, FixDeliver)
	}
	if s.State == containers.Stale {
		return wrong("CONTAINER_CHANGED", "What aztray put there was changed since.", "Put it right: "+sync, FixDeliver)
	}
	return wrong("CONTAINER_MISSING", cmp.Or(s.Error, "It holds no credential."), "Give it one: "+sync, FixDeliver)
}

// holdsWords is what a container holds, and for how long.
func holdsWords(s containers.Status) string {
	until := "a token until " + s.ExpiresOn.Local().Format("15:04")
	if s.Delivery == "endpoint" {
		return until + ", which it asked the endpoint for"
	}
	return until + ", in " + s.Path
}

// judgeFiles says whether the container's user may use what lies there; false where there is nothing.
func judgeFiles(x containers.Examination) (Line, bool) {
	const check, title = "container.files", "owner and mode"
	if len(x.Files) == 0 || x.Status.State == containers.Missing || x.Status.State == containers.Unreachable {
		return Line{}, false
	}
	if f := denied(x); f != nil {
		l := bad(check, title, Wrong, "CONTAINER_FILES_DENIED", fmt.Sprintf("It runs as user %d, who may not read %s: that is user %d's, mode %04o.", x.UID, f.Path, f.UID, f.Mode.Perm()),
			"Have aztray put it there anew, for that user: aztray doctor --fix")
		l.Fix = FixDeliver
		return l, true
	}
	for _, f := range x.Files {
		if !f.Mode.IsDir() && f.Mode.Perm()&0o077 != 0 && strings.HasSuffix(f.Path, "msal_token_cache.json") {
			l := bad(check, title, Warning, "CONTAINER_FILES_OPEN", fmt.Sprintf("Every user in it may read the token: %s has mode %04o.", f.Path, f.Mode.Perm()), "Have aztray put it there anew: aztray doctor --fix")
			l.Fix = FixDeliver
			return l, true
		}
	}
	return good(check, title, fmt.Sprintf("user %d, who runs in it, may read them", x.UID)), true
}

// denied is a file of the credential that the container's user may not read; nil where there is none.
func denied(x containers.Examination) *containers.FileFact {
	if i := slices.IndexFunc(x.Files, func(f containers.FileFact) bool { return !f.ReadableBy(x.UID, x.GID) }); i >= 0 {
		return &x.Files[i]
	}
	return nil
}

// judgeToken says what came of a token that was asked for inside, as the container's own program would.
func judgeToken(x containers.Examination, got containers.Verified, now time.Time) Line {
	const check, title = "container.token", "token inside"
	until, why := got.ExpiresOn.Local().Format("15:04"), sentence(strings.Join(strings.Fields(got.Error), " "))
	lives := got.ExpiresOn.After(now)
	switch {
	case got.Result == containers.Untried:
		return notApplicable(check, title, why)
	case lives && x.Status.State == containers.OwnSignIn: // its tenant is its own affair
		until += ", of its own sign-in"
	case got.Result != containers.Obtained && lives && x.Container.Delivery != "endpoint":
		l := bad(check, title, Wrong, "CONTAINER_OTHER_TENANT", why, "Give it one of the tenant in use: aztray service sync --container "+x.Container.Name)
		l.Fix = FixDeliver
		return l
	case got.Result != containers.Obtained && x.Container.Delivery == "endpoint":
		return bad(check, title, Wrong, "CONTAINER_TOKEN_REFUSED", why, "Give it its variables anew: aztray endpoint env --container "+x.Container.Name)
	case got.Result != containers.Obtained:
		return bad(check, title, Wrong, "CONTAINER_TOKEN_REFUSED", why,
			"See what it says: docker exec "+x.Container.Name+" az account get-access-token -o none")
	}
	return good(check, title, got.By+" inside gives a token until "+until)
}

func judgeEnvironment(x containers.Examination) []Line {
	const check, title = "container.environment", "environment"
	found := overrules(x.Env, x.Container.Delivery, x.Status.Path, x.HostNet)
	if len(found) == 0 {
		return []Line{good(check, title, "Nothing in it overrules the sign-in")}
	}
	var lines []Line
	for _, f := range found {
		lines = append(lines, bad(check, title, f.verdict, f.code, f.message, takeOut(x.Container, f)))
	}
	return lines
}

// takeOut says how a container's environment is changed: it is made anew without the variables.
func takeOut(c containers.Container, f overruled) string {
	if f.advice != "" {
		return f.advice
	}
	if len(f.variables) == 0 {
		return "Give it what this prints, and make it anew: aztray endpoint env --container " + c.Name
	}
	what := "Take " + strings.Join(f.variables, ", ") + " out of its environment"
	if c.Service == "" {
		return what + " (docker run -e, --env-file, the image's ENV) and make it anew."
	}
	return what + " (compose.yaml: environment, env_file) and make it anew: docker compose -p " + c.Project + " up -d " + c.Service
}

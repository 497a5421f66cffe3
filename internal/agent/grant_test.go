package agent

import (
	"slices"
	"testing"

	"aztray/internal/containers"
)

// TestWhatALabelAsksForIsGivenOnceAllowed: until then the container has what every one has; then the token is fetched
// and delivered at once, and taken away again when the answer changes.
func TestWhatALabelAsksForIsGivenOnceAllowed(t *testing.T) {
	const more = "https://vault.azure.net/.default"
	r := newRig()
	r.files = profile(contoso, fabrikam)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		c, theirs := covered("a"), covered("b")
		c.Scopes, theirs.Tenant = []string{more}, fabrikam
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{c, theirs}})
		holds := func(id, tenant string, want bool) {
			t.Helper()
			b := r.peek().held[id]
			has := false
			for _, tok := range b.Tokens {
				has = has || tok.Scope == more
			}
			if b.TenantID != tenant || has != want {
				t.Errorf("%s holds %v of %s; want the further scope: %v, of %s", id, len(b.Tokens), b.TenantID, want, tenant)
			}
		}
		about := func(s Snapshot, id string) containers.Status {
			return s.Containers[slices.IndexFunc(s.Containers, func(b containers.Status) bool { return b.ID == id })]
		}
		s := x.now()
		holds("a", contoso, false)
		holds("b", contoso, false)
		if a := about(s, "a"); a.State != containers.Fresh || a.Consent.Question != containers.AskScopes || a.Asks == "" || a.Error == "" {
			t.Errorf("unanswered: %+v", a)
		}
		if b := about(s, "b"); b.Consent.Question != containers.AskTenant {
			t.Errorf("unanswered: %+v", b)
		}
		x.a.Do(Answer{ContainerID: "a", Question: containers.AskScopes, Allow: true})
		x.a.Do(Answer{ContainerID: "b", Question: containers.AskTenant, Allow: true})
		s = x.now()
		holds("a", contoso, true)
		holds("b", fabrikam, false)
		if a := about(s, "a"); a.Consent != (containers.Consent{}) || a.Error != "" {
			t.Errorf("allowed: %+v", a)
		}
		x.a.Do(Answer{ContainerID: "a", Question: containers.AskScopes})
		s = x.now()
		holds("a", contoso, false)
		if a := about(s, "a"); a.Consent != (containers.Consent{Question: containers.AskScopes, Never: true}) || a.State != containers.Fresh {
			t.Errorf("refused: %+v", a)
		}
	})
}

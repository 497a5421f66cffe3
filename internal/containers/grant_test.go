package containers

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/auth"
)

const (
	arm   = "https://management.core.windows.net//.default"
	usual = "https://cognitiveservices.azure.com/.default"
	home  = "11111111-aaaa-4aaa-8aaa-000000000001"
	other = "22222222-bbbb-4bbb-8bbb-000000000002"
)

// TestGrant: what a label asks for beyond the settings is given once the person has said so.
func TestGrant(t *testing.T) {
	ch := Choice{Tenant: home, Scopes: []string{usual}, ID: func(tenant string) string {
		return cmp.Or(map[string]string{"home.example": home, "other.example": other}[tenant], tenant)
	}}
	for _, c := range []struct {
		why    string
		c      Container
		tenant string
		more   []string
		want   Consent
		asks   string
	}{
		{"nothing is asked for", Container{}, home, nil, Consent{}, ""},
		{"what everybody gets", Container{Scopes: []string{usual}}, home, nil, Consent{}, ""},
		{"more", Container{Scopes: []string{usual, arm}}, home, nil, Consent{AskScopes, false}, "manage all your Azure subscriptions"},
		{"more, allowed", Container{Scopes: []string{arm, vault}, said: labelAnswers{scopes: answerAllow}}, home, []string{arm, vault}, Consent{}, ""},
		{"more, refused", Container{Scopes: []string{arm}, said: labelAnswers{scopes: answerNever}}, home, nil, Consent{AskScopes, true}, "manage all your Azure subscriptions"},
		{"more, one allowed by the settings", Container{Scopes: []string{arm, vault}, said: labelAnswers{allowed: []string{vault}}}, home, []string{vault}, Consent{AskScopes, false}, "manage all your Azure subscriptions"},
		{"more, refused, one allowed by the settings", Container{Scopes: []string{arm, vault}, said: labelAnswers{scopes: answerNever, allowed: []string{vault}}}, home, []string{vault}, Consent{AskScopes, true}, "manage all your Azure subscriptions"},
		{"the tenant in use", Container{Tenant: home}, home, nil, Consent{}, ""},
		{"the tenant in use by its domain", Container{Tenant: "home.example"}, home, nil, Consent{}, ""},
		{"another tenant", Container{Tenant: "other.example"}, home, nil, Consent{AskTenant, false}, "act as you in the tenant other.example"},
		{"another tenant, allowed", Container{Tenant: "other.example", said: labelAnswers{tenant: answerAllow}}, other, nil, Consent{}, ""},
		{"another tenant, refused", Container{Tenant: "other.example", said: labelAnswers{tenant: answerNever}}, home, nil, Consent{AskTenant, true}, "act as you in the tenant other.example"},
		{"more, allowed, in another tenant that is not", Container{Tenant: other, Scopes: []string{arm}, said: labelAnswers{scopes: answerAllow}}, home, nil, Consent{AskTenant, false}, "act as you in the tenant " + other},
		{"more, in another tenant that is allowed", Container{Tenant: "other.example", Scopes: []string{arm}, said: labelAnswers{tenant: answerAllow}}, other, nil, Consent{AskScopes, false}, "manage all your Azure subscriptions"},
	} {
		g := ch.Grant(c.c)
		if g.Tenant != c.tenant || !slices.Equal(g.Scopes, append([]string{usual}, c.more...)) || g.Consent != c.want || g.asks != c.asks {
			t.Errorf("%s: %+v", c.why, g)
		}
	}
	if len(ch.Scopes) != 1 {
		t.Errorf("what everybody gets has grown: %v", ch.Scopes)
	}
}

// TestPowers: the person reads what a token is good for, and not its address.
func TestPowers(t *testing.T) {
	for scopes, want := range map[string]string{
		arm:                                     "manage all your Azure subscriptions",
		"https://management.azure.com/.default": "manage all your Azure subscriptions",
		"HTTPS://MANAGEMENT.AZURE.COM/.default": "manage all your Azure subscriptions",
		"797f4846-ba00-4fd7-ba43-dac1f8f63013/.default":                  "manage all your Azure subscriptions",
		"api://797F4846-BA00-4FD7-BA43-DAC1F8F63013/.default":            "manage all your Azure subscriptions",
		"https://graph.microsoft.com/.default":                           "act as you in Microsoft 365 and the directory (Graph)",
		"https://my-vault.vault.azure.net/.default":                      "use all your key vaults and read their secrets",
		"https://evil-vault.azure.net/.default":                          "act as you at evil-vault.azure.net",
		"https://account.blob.core.windows.net/.default":                 "read and change all your storage accounts",
		"https://ossrdbms-aad.database.windows.net/.default":             "use all your PostgreSQL and MySQL databases in Azure",
		"https://server.database.windows.net/.default":                   "use all your Azure SQL databases",
		"6dae42f8-4368-4678-94ff-3960e28e3630/.default":                  "act as you in all your Kubernetes clusters (AKS)",
		"https://example.com/path/.default":                              "act as you at example.com",
		"https://management.azure.com.evil.example/.default":             "act as you at management.azure.com.evil.example",
		"api://my-app/.default":                                          "act as you at the application my-app",
		"11111111-1111-1111-1111-111111111111/.default":                  "act as you at the application 11111111-1111-1111-1111-111111111111",
		arm + " https://management.azure.com/.default " + vault:          "manage all your Azure subscriptions and use all your key vaults and read their secrets",
		vault + " https://a.example/.default https://b.example/.default": "use all your key vaults and read their secrets, act as you at a.example and act as you at b.example",
	} {
		if got := powers(strings.Fields(scopes)); got != want {
			t.Errorf("%s: %q, want %q", scopes, got, want)
		}
	}
	for _, r := range resources { // each is found by each of its names, and by no other's
		for _, h := range r.hosts {
			if h[0] == '.' {
				h = "some" + h
			}
			if got := power("https://" + h + "/.default"); got != r.may {
				t.Errorf("%s: %q", h, got)
			}
		}
		if r.id != "" && (power(r.id+"/.default") != r.may || !auth.IsGUID(r.id)) {
			t.Errorf("%s: %q", r.id, power(r.id+"/.default"))
		}
	}
}

// TestAQuestionAboutALabel: the answer is remembered for the container's name and the label's value, beside the
// settings', and wherever the container comes from.
func TestAQuestionAboutALabel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "consents.json")
	es := &Engines{o: Options{Consents: file}}
	made := func(sel Selector, name, image, scopes, tenant string) Container {
		f := newFake(inspected{}, nil)
		f.listed = []summary{{ID: "1", Names: []string{"/" + name}, Image: image, Labels: map[string]string{labelDeliver: "true", labelScopes: scopes, labelTenant: tenant}}}
		e := fakeHost(f, "/none")
		e.consents = consents{file}
		all, err := e.List(t.Context(), sel)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0]
	}
	ch := Choice{Tenant: home, Scopes: []string{usual}}
	asks := func(c Container) Question { return ch.Grant(c).Consent.Question }
	sel := Selector{}
	c := made(sel, "app", "img", arm, "other.example")
	if asks(c) != AskTenant {
		t.Errorf("first: %q", asks(c))
	}
	for _, q := range []Question{AskTenant, AskScopes} {
		if err := es.Answer(c, q, true); err != nil {
			t.Fatal(err)
		}
	}
	for why, want := range map[string]Question{
		"img|" + arm + "|other.example":               NoQuestion,
		"img|" + arm + "|OTHER.example":               NoQuestion,
		"img|" + arm + "," + vault + "|other.example": AskScopes, // another value asks anew
		"img|" + arm + "|third.example":               AskTenant,
		"another|" + arm + "|other.example":           AskTenant,
	} {
		part := strings.Split(why, "|")
		if got := asks(made(sel, "app", part[0], part[1], part[2])); got != want {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
	if got := asks(made(sel, "other", "img", arm, "other.example")); got != AskTenant {
		t.Errorf("another container: %q", got)
	}
	if err := es.Answer(c, AskScopes, false); err != nil {
		t.Fatal(err)
	}
	if g := ch.Grant(made(sel, "app", "img", arm, "other.example")); g.Consent != (Consent{AskScopes, true}) || slices.Contains(g.Scopes, arm) {
		t.Errorf("refused: %+v", g)
	}
	for why, sel := range map[string]Selector{
		"by pattern": {ScopesAllowed: []string{"https://*/.default"}, TenantsAllowed: []string{"*.example"}},
		"exactly":    {ScopesAllowed: []string{arm}, TenantsAllowed: []string{"Other.Example"}},
		"all":        {ScopesAllowed: []string{"*"}, TenantsAllowed: []string{"*"}},
	} {
		if g := ch.Grant(made(sel, "new", "img", arm, "other.example")); g.Consent.Question != NoQuestion || g.Tenant != "other.example" || !slices.Contains(g.Scopes, arm) {
			t.Errorf("%s: %+v", why, g)
		}
	}
	for _, pattern := range []string{"https://vault.azure.net/.default", "management", "https://management.core.windows.net//.defaul", "https://management.*.net/.default"} {
		if got := asks(made(Selector{ScopesAllowed: []string{pattern}, TenantsAllowed: []string{"*"}}, "new", "img", arm, "other.example")); got != AskScopes {
			t.Errorf("%s fits: %q", pattern, got)
		}
	}
}

// TestShown: the question stands on a container that has the token, and gives way to a graver one.
func TestShown(t *testing.T) {
	g := Choice{Tenant: home, Scopes: []string{usual}}.Grant(Container{Name: "app", Scopes: []string{arm}})
	s := g.Shown(Status{Name: "app", State: Fresh})
	if s.Consent != (Consent{AskScopes, false}) || !strings.Contains(s.Error, "manage all your Azure subscriptions") || !strings.HasSuffix(s.Error, "aztray service sync --allow-scopes app") || s.State != Fresh {
		t.Errorf("%+v", s)
	}
	if s := g.Shown(Status{Name: "app", State: Missing, Error: "why", Consent: Consent{AskEngine, false}}); s.Consent.Question != AskEngine || s.Error != "why" || s.Asks != "" {
		t.Errorf("beside a graver question: %+v", s)
	}
	if s := g.Shown(Status{Name: "app", State: Failed, Error: "why"}); s.Error != "why" {
		t.Errorf("beside a failure: %+v", s)
	}
}

// TestAnAnswerOfAnotherProcessIsTakenUp: what the command line remembered is told by the watcher soon.
func TestAnAnswerOfAnotherProcessIsTakenUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "consents.json")
	synctest.Test(t, func(t *testing.T) {
		f := newFake(inspected{}, nil)
		f.hangs = true
		f.listed = []summary{{ID: "1", Names: []string{"/app"}, Labels: map[string]string{labelDeliver: "true", labelScopes: arm}}}
		e := fakeHost(f, "/none")
		e.consents = consents{file}
		ctx, cancel := context.WithCancel(t.Context())
		var last Container
		listed := 0
		done := make(chan error)
		go func() {
			done <- e.Watch(ctx, Selector{}, func(ev Event) {
				if ev.Kind == Listed {
					listed, last = listed+1, ev.Containers[0]
				}
			})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		if listed != 1 || last.said.scopes != "" {
			t.Errorf("before: listed %d times, %+v", listed, last.said)
		}
		if err := e.consents.set(AskScopes, last, true, time.Now()); err != nil {
			t.Error(err)
		}
		time.Sleep(answersEvery + 1)
		synctest.Wait()
		if listed != 2 || last.said.scopes != answerAllow {
			t.Errorf("after: listed %d times, %+v", listed, last.said)
		}
		cancel()
		<-done
	})
}

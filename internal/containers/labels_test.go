package containers

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const vault = "https://vault.azure.net/.default"

// TestSift: a label counts where somebody gave it to the container, and where its value has its form.
func TestSift(t *testing.T) {
	composed := map[string]string{composeProject: "p", composeService: "codestory-service", composeHash: "h"}
	for _, c := range []struct {
		why           string
		labels, image map[string]string
		unknown       bool
		want          map[string]string
		ignored       string // names, and why: i its image's, u its image is unknown, f of no form
	}{
		{"none", nil, nil, false, nil, ""},
		{"the person's", map[string]string{labelDeliver: "true", labelScopes: vault}, nil, false, map[string]string{labelDeliver: "true", labelScopes: vault}, ""},
		{"the image's, all of them", map[string]string{labelDeliver: "true", labelScopes: vault, labelTenant: "a.example", labelPath: "/x", labelUID: "1", labelRestart: "true", labelCredential: refreshToken},
			map[string]string{labelDeliver: "true", labelScopes: vault, labelTenant: "a.example", labelPath: "/x", labelUID: "1", labelRestart: "true", labelCredential: refreshToken}, false, nil,
			"aztray.credential=i aztray.deliver=i aztray.path=i aztray.restart=i aztray.scopes=i aztray.tenant=i aztray.uid=i"},
		{"the person's beside the image's", map[string]string{labelDeliver: "true", labelScopes: vault}, map[string]string{labelScopes: vault}, false, map[string]string{labelDeliver: "true"}, "aztray.scopes=i"},
		{"the person's in the place of the image's", map[string]string{labelDeliver: "copy"}, map[string]string{labelDeliver: "true"}, false, map[string]string{labelDeliver: "copy"}, ""},
		{"an image that refuses says nothing either", map[string]string{labelDeliver: "false"}, map[string]string{labelDeliver: "false"}, false, nil, "aztray.deliver=i"},
		{"an empty value of the image's", map[string]string{labelPath: ""}, map[string]string{labelPath: ""}, false, nil, "aztray.path=i"},
		{"the image is gone", map[string]string{labelDeliver: "true", labelScopes: vault, composeService: "codestory-service", "x": "y"}, nil, true, map[string]string{"x": "y"},
			"aztray.deliver=u aztray.scopes=u com.docker.compose.service=u"},
		{"the image is gone, and the person refused", map[string]string{labelDeliver: "false", labelCredential: "access-token", labelRestart: "false"}, nil, true,
			map[string]string{labelDeliver: "false", labelCredential: "access-token"}, "aztray.restart=u"},
		{"an image that compose built", composed, map[string]string{composeProject: "p", composeService: "codestory-service"}, false, composed, ""},
		{"an image that says it is a service", map[string]string{composeProject: "p", composeService: "codestory-service"}, map[string]string{composeProject: "p", composeService: "codestory-service"}, false, nil,
			"com.docker.compose.project=i com.docker.compose.service=i"},
		{"an image made from a container of compose's", composed, composed, false, nil, "com.docker.compose.config-hash=i com.docker.compose.project=i com.docker.compose.service=i"},
		{"an image that says it is a swarm's", map[string]string{swarmService: "codestory-service"}, map[string]string{swarmService: "codestory-service"}, false, nil, "com.docker.swarm.service.name=i"},
		{"a swarm's task of an image that says so too", map[string]string{swarmService: "s", swarmTask: "2"}, map[string]string{swarmService: "s", swarmTask: "1"}, false, map[string]string{swarmService: "s", swarmTask: "2"}, ""},
		{"a value of no form", map[string]string{labelDeliver: "perhaps", labelTenant: "--debug"}, nil, false, nil, "aztray.deliver=f aztray.tenant=f"},
		{"a label that there is not", map[string]string{"aztray.scope": vault}, nil, false, nil, "aztray.scope=f"},
	} {
		before := maps.Clone(c.labels)
		g := sift(c.labels, c.image, !c.unknown)
		if !maps.Equal(g.labels, c.want) || !maps.Equal(c.labels, before) {
			t.Errorf("%s: %v, want %v", c.why, g.labels, c.want)
		}
		var ignored []string
		for _, l := range g.ignored {
			ignored = append(ignored, l.name+"="+map[whyIgnored]string{ofItsImage: "i", imageUnknown: "u", notOfItsForm: "f"}[l.why])
		}
		if got := strings.Join(ignored, " "); got != c.ignored {
			t.Errorf("%s: ignored %q, want %q", c.why, got, c.ignored)
		}
	}
}

// TestLabelForms: what a label may hold. Nothing else of it goes anywhere.
func TestLabelForms(t *testing.T) {
	for label, values := range map[string]struct{ good, bad []string }{
		labelDeliver:    {[]string{"true", "False", "copy", "Mount", "endpoint", "no", "1"}, []string{"", "maybe", "true ", "copy;id", "$(id)"}},
		labelCredential: {[]string{"access-token", "Refresh-Token"}, []string{"", "refresh", "refresh-token\n"}},
		labelRestart:    {[]string{"true", "off"}, []string{"", "always"}},
		labelTenant: {[]string{"contoso.onmicrosoft.com", "99999999-9999-9999-9999-999999999999", "a-b.example"},
			[]string{"", "--debug", "-t", "common", "contoso", "a.example;id", "a.example & calc", "a.example\n", "%PATH%.example", "a..b", ".a.b", strings.Repeat("a", 250) + ".example"}},
		labelScopes: {[]string{vault, "api://my-app/.default", "00000003-0000-0000-c000-000000000000/.default", vault + ", https://management.core.windows.net//.default", "https://a.b:8443/x/y/.default"},
			[]string{"", " ", "https://vault.azure.net", "--debug", vault + " --debug", "http://vault.azure.net/.default", "https://vault.azure.net/.default&calc", "https://a b/.default", `https://a"/.default`,
				"https://%PATH%/.default", "https://a/$(id)/.default", "https://a\n/.default", "file:///etc/.default", "openid/.default", strings.Repeat(vault+",", maxScopes+1), "https://" + strings.Repeat("a", 600) + "/.default"}},
		labelPath: {[]string{"/home/app/.azure", "/srv/my dir", "/", "~", "~/.azure", "/srv/azure/"},
			[]string{"", "relative", "../up", "/srv/../etc", "/srv//x", "/srv/./x", "/a\nb", "/a\x1b[31m", "/a\x00", "~app/.azure", "C:\\x", "/" + strings.Repeat("a", maxPath), "/a\u202eb", "/a\xffb"}},
		labelUID: {[]string{"0", "1000", "1000:1000", "app", "app:staff", "www-data", "_apt"},
			[]string{"", "-1", "+1", "1000:", ":1000", "1000:1000:1000", "4294967295", "99999999999", "a b", "app;id", "--user", "\x1b[1m", "app\n"}},
		"aztray.other": {nil, []string{"true"}},
	} {
		for _, v := range values.good {
			if want := malformed(label, v); want != "" {
				t.Errorf("%s=%q is refused: %s", label, v, want)
			}
		}
		for _, v := range values.bad {
			if malformed(label, v) == "" {
				t.Errorf("%s=%q is taken", label, v)
			}
		}
	}
}

// TestWhatAnEnvironmentAndALabelSayIsChecked: a path, a variable's name and compose's words are shown to a person and
// named in calls, and each may come from anywhere.
func TestWhatAnEnvironmentAndALabelSayIsChecked(t *testing.T) {
	for _, in := range []inspected{
		{Env: []string{"AZURE_CONFIG_DIR=/a\x1b]0;owned\x07"}}, {Env: []string{"HOME=/a\nb"}}, {Env: []string{"AZURE_CONFIG_DIR=/" + strings.Repeat("a", maxPath)}},
	} {
		f := newFake(in, withShell)
		s := fakeHost(f, t.TempDir()).Deliver(t.Context(), container("1", "n", "", "running", nil), bundle("secret", time.Now().Add(time.Hour)))
		if s.State != Failed || s.Path != "" || f.calls["extract"] > 0 || strings.ContainsAny(s.Error, "\x1b\n") {
			t.Errorf("%v: %+v, calls %v", in.Env, s, f.calls)
		}
	}
	if dirs := pathDirs([]string{"PATH=/bin:/a\x1b[1m:/usr/bin:relative"}); !slices.Equal(dirs, []string{"/bin", "/usr/bin"}) {
		t.Errorf("the directories of PATH: %q", dirs)
	}
	if why := LooksNeedy([]string{"AZURE_OPENAI_\x1b[31m=x"}, nil); why != "" {
		t.Errorf("a variable's name is shown: %q", why)
	}
	for _, name := range []string{"a\x1b[1m", "a\nb", "-a", "a b", `a"`, "a/b", strings.Repeat("a", 300)} {
		if c := container("1", "n", "", "running", map[string]string{composeProject: name, composeService: name}); c.Project+c.Service != "" {
			t.Errorf("%q is taken for a service", c.Service)
		}
	}
}

// carrying is an engine with a container of each kind: by the person's label, by its image's, and of an image that is
// not there.
func carrying() *fakeEngine {
	labels := map[string]string{labelDeliver: "true", labelScopes: vault}
	f := newFake(inspected{ID: "mine", ImageID: "plain", Name: "/mine", Labels: labels}, nil)
	f.images = map[string]map[string]string{"plain": nil, "greedy": labels}
	f.listed = []summary{
		{ID: "mine", ImageID: "plain", Names: []string{"/mine"}, State: "running", Labels: labels},
		{ID: "theirs", ImageID: "greedy", Names: []string{"/theirs"}, State: "running", Labels: labels},
		{ID: "gone", ImageID: "gone", Names: []string{"/gone"}, State: "running", Labels: labels},
		{ID: "named", ImageID: "greedy", Names: []string{"/named"}, State: "running", Labels: labels},
		{ID: "bystander", ImageID: "greedy", Names: []string{"/bystander"}, State: "running"},
	}
	return f
}

// TestWhoChoosesAContainer: an image that says of itself that it is to have the credential is not listened to, however
// its container comes to be known.
func TestWhoChoosesAContainer(t *testing.T) {
	f := carrying()
	e, sel := fakeHost(f, "/none"), Selector{Names: []string{"named"}}
	for range 2 {
		all, err := e.List(t.Context(), sel)
		if err != nil || len(all) != 2 || all[0].Name != "mine" || !slices.Equal(all[0].Scopes, []string{vault}) || all[1].Name != "named" || len(all[1].Scopes) > 0 {
			t.Fatalf("listed %+v, %v", all, err)
		}
	}
	if f.calls["image"] != 4 { // of the two that are there once; of the one that is not each time
		t.Errorf("images were looked at %d times", f.calls["image"])
	}
	callers, err := e.Callers(t.Context(), sel)
	if err != nil || len(callers) != 2 || len(callers[1].Scopes) > 0 {
		t.Errorf("who may ask the endpoint: %+v, %v", callers, err)
	}
	if got := lookedThrough(t, sel); got != "mine named" {
		t.Errorf("by events: %q", got)
	}
	for _, s := range f.listed {
		f.in = inspected{ID: s.ID, Name: s.Names[0], ImageID: s.ImageID, Labels: s.Labels}
		es := NewEngines(Options{}, "unix:///one")
		es.all[0].reached.Store(fakeHost(f, "/none"))
		c, covered, err := es.Find(t.Context(), sel, s.ID)
		if want := s.ID == "mine" || s.ID == "named"; covered != want || err != nil || want && s.ID == "named" && len(c.Scopes) > 0 {
			t.Errorf("the engine socket's look at %s: %+v, %v, %v", s.ID, c, covered, err)
		}
	}
}

// lookedThrough are the names of those that a watcher tells of when they are created.
func lookedThrough(t *testing.T, sel Selector) string {
	t.Helper()
	f := carrying()
	w := watcher{e: fakeHost(f, "/none"), sel: sel}
	var told []string
	for _, s := range f.listed {
		f.in = inspected{ID: s.ID, ImageID: s.ImageID}
		attributes := map[string]string{"name": strings.TrimPrefix(s.Names[0], "/"), "image": "i"}
		maps.Copy(attributes, s.Labels)
		ev, ok, err := w.event(t.Context(), message{Action: "create", ID: s.ID, Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			told = append(told, ev.Container.Name)
		}
	}
	return strings.Join(told, " ")
}

// TestWhatIsAskedOfAnImage: nothing where no label matters, and what was found is not asked again: an event must not
// wait.
func TestWhatIsAskedOfAnImage(t *testing.T) {
	compose := map[string]string{composeProject: "p", composeService: "s", composeHash: "h"}
	mine := map[string]string{labelDeliver: "true"}
	for _, c := range []struct {
		why    string
		labels map[string]string
		sel    Selector
		want   int // calls for the first event
	}{
		{"no label", nil, Selector{Names: []string{"n"}}, 0},
		{"compose's words, and its own name is chosen", compose, Selector{Names: []string{"n"}}, 0},
		{"compose's words, and it is not chosen", compose, Selector{Names: []string{"other"}}, 0},
		{"compose's words choose it", compose, Selector{Names: []string{"s"}}, 2},
		{"a label of ours", mine, Selector{}, 2},
	} {
		f := newFake(inspected{ID: "1", ImageID: ""}, nil)
		w := watcher{e: fakeHost(f, "/none"), sel: c.sel}
		for _, action := range []string{"create", "start", "die"} {
			attributes := map[string]string{"name": "n"}
			maps.Copy(attributes, c.labels)
			if _, _, err := w.event(t.Context(), message{Action: action, ID: "1", Attributes: attributes}); err != nil {
				t.Fatal(err)
			}
			if got := f.calls["image"] + f.calls["inspect"]; got != c.want {
				t.Errorf("%s, %s: %d calls, want %d", c.why, action, got, c.want)
			}
		}
	}
}

// TestAnEventTellsOfNoNetwork: who asks the identity endpoint can't reach it without one.
func TestAnEventTellsOfNoNetwork(t *testing.T) {
	for _, network := range []string{noNetwork, "bridge"} {
		for _, action := range []string{"create", "start"} {
			w := watcher{e: fakeHost(newFake(inspected{ID: "1", NetworkMode: network}, nil), "/none")}
			ev, _, err := w.event(t.Context(), message{Action: action, ID: "1", Attributes: map[string]string{"name": "n", labelDeliver: "endpoint"}})
			if err != nil || ev.Container.NoNetwork != (network == noNetwork) {
				t.Errorf("%s, %s: %+v, %v", network, action, ev.Container, err)
			}
		}
	}
}

// TestAnImageOfSeveralPlatforms: what one platform's image carries says nothing of another's.
func TestAnImageOfSeveralPlatforms(t *testing.T) {
	f := newFake(inspected{}, nil)
	f.arch = "amd64"
	e := fakeHost(f, "/none")
	for arch, want := range map[string]bool{"": true, "amd64": true, "arm64": false} {
		if _, known, err := e.carried(t.Context(), imageRef{"", arch}); known != want || err != nil {
			t.Errorf("%q: %v, %v", arch, known, err)
		}
	}
}

// TestAnEngineThatDoesNotAnswerAboutAnImage says nothing about who is chosen: what was given is not taken away for it.
func TestAnEngineThatDoesNotAnswerAboutAnImage(t *testing.T) {
	f := carrying()
	f.imageFails = errors.New("no connection")
	if all, err := fakeHost(f, "/none").List(t.Context(), Selector{}); err == nil {
		t.Errorf("listed %v", all)
	}
}

// TestReleaseOfWhatAnImagesLabelPlaced: what an earlier version put where an image's label said is found and taken
// back.
func TestReleaseOfWhatAnImagesLabelPlaced(t *testing.T) {
	labels := map[string]string{labelPath: "/srv/azure"}
	f := newFake(inspected{ID: "1", ImageID: "greedy", Name: "/n", Status: "running", Labels: labels}, withShell)
	f.images = map[string]map[string]string{"greedy": labels}
	e := fakeHost(f, t.TempDir())
	if s := e.Deliver(t.Context(), container("1", "n", "", "running", labels), bundle("secret", time.Now().Add(time.Hour))); s.State != Fresh || s.Path != "/srv/azure" {
		t.Fatalf("%+v", s)
	}
	s := e.Release(t.Context(), Container{ID: "1", Name: "n", Delivery: "copy"})
	if s.State != Missing || strings.Contains(string(f.texts["/srv/azure/"+cacheFile]), "secret") {
		t.Errorf("%+v: %s", s, f.texts["/srv/azure/"+cacheFile])
	}
}

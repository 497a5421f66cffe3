package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

func TestWhoControlsTheEngine(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/run", link); err != nil && filepath.Separator == '/' {
		t.Fatal(err)
	}
	bind := func(source, destination string) inspected {
		return inspected{Mounts: []mount{{Type: "bind", Source: source, Destination: destination}}}
	}
	for _, c := range []struct {
		name string
		in   inspected
		says string
	}{
		{"an ordinary one", bind("/home/ada/src", "/src"), ""},
		{"privileged", inspected{Privileged: true}, "It runs privileged"},
		{"with all capabilities", inspected{CapAdd: []string{"ALL"}}, "It may administer the machine (CAP_SYS_ADMIN)"},
		{"with the one that counts", inspected{CapAdd: []string{"NET_ADMIN", "CAP_SYS_ADMIN"}}, "It may administer the machine (CAP_SYS_ADMIN)"},
		{"with another capability", inspected{CapAdd: []string{"NET_ADMIN"}}, ""},
		{"with Docker's socket", bind("/var/run/docker.sock", "/var/run/docker.sock"), "It holds an engine's socket (/var/run/docker.sock)"},
		{"under another name inside", bind("/run/docker.sock", "/tmp/d"), "It holds an engine's socket (/tmp/d)"},
		{"a person's own engine", bind("/run/user/1000/docker.sock", "/s"), "It holds an engine's socket (/s)"},
		{"Podman's", bind("/run/user/1000/podman/podman.sock", "/s"), "It holds an engine's socket (/s)"},
		{"aztray's own engine socket", bind("/run/user/1000/aztray/docker.sock", "/s"), "It holds an engine's socket (/s)"},
		{"the engine in use, wherever it listens", bind("/srv/engine", "/s"), "It holds an engine's socket (/s)"},
		{"the directory that it lies in", bind("/var/run", "/host"), "It mounts /var/run, in which an engine's socket lies"},
		{"the whole machine", bind("/", "/host"), "It mounts /, in which an engine's socket lies"},
		{"Windows' pipe", inspected{Mounts: []mount{{Type: "npipe", Source: `\\.\pipe\docker_engine`, Destination: `\\.\pipe\docker_engine`}}}, `It holds an engine's socket (\\.\pipe\docker_engine)`},
		{"a volume that is called so", inspected{Mounts: []mount{{Type: "volume", Source: "/var/lib/docker/volumes/docker.sock", Destination: "/docker.sock"}}}, ""},
		{"a volume that is the directory of sockets", inspected{Mounts: []mount{{Type: "volume", Destination: "/host", Paths: []string{"/var/run"}}}}, "It mounts /var/run, in which an engine's socket lies"},
		{"a part of a volume", inspected{Mounts: []mount{{Type: "volume", Destination: "/host", Paths: []string{"/run/podman"}}}}, "It mounts /run/podman, in which an engine's socket lies"},
		{"a volume that is the whole machine", inspected{Mounts: []mount{{Type: "volume", Destination: "/host", Paths: []string{"/"}}}}, "It mounts /, in which an engine's socket lies"},
		{"a person's runtime directory", bind("/run/user/1000", "/host"), "It mounts /run/user/1000, in which an engine's socket lies"},
		{"Podman's directory in it", bind("/run/user/1000/podman", "/host"), "It mounts /run/user/1000/podman, in which an engine's socket lies"},
		{"another directory in it", bind("/run/user/1000/pulse", "/host"), ""},
		{"a link to the directory of sockets", bind(link, "/host"), "It mounts " + link + ", in which an engine's socket lies"},
		{"a volume that is another directory", inspected{Mounts: []mount{{Type: "volume", Destination: "/var/run/docker.sock", Paths: []string{"/srv/data"}}}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Contains(c.name, "link") && filepath.Separator != '/' {
				return // there is no such directory there
			}
			if strings.Contains(c.name, "Windows") && filepath.Separator == '/' {
				c.in.Mounts[0].Source = filepath.ToSlash("//./pipe/docker_engine")
				c.in.Mounts[0].Destination, c.says = c.in.Mounts[0].Source, "It holds an engine's socket (//./pipe/docker_engine)"
			}
			if got := controls(c.in, "unix:///srv/engine", true); got != c.says {
				t.Errorf("%q, want %q", got, c.says)
			}
		})
	}
}

func TestAContainerThatControlsTheEngineIsAskedAbout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "consents.json")
	es := &Engines{o: Options{Consents: file}}
	deliver := func(labels map[string]string, image string) Status {
		f := newFake(inspected{ID: "id", Status: "running", Privileged: true}, withShell)
		e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
		e.consents = consents{file}
		b := auth.Bundle{Username: "ada", TenantID: "t", Tokens: []auth.Token{{Scope: "s", Secret: auth.NewSecret("x"), ExpiresOn: time.Now().Add(time.Hour)}}}
		return e.Deliver(t.Context(), container("id", "proxy", image, "running", labels), b)
	}
	wants := func(what string, st Status, state State, c Consent) {
		t.Helper()
		if st.State != state || st.Consent != c {
			t.Errorf("%s: %s, %+v (%s); want %s, %+v", what, st.State, st.Consent, st.Error, state, c)
		}
	}
	box := container("id", "proxy", "img", "running", nil)
	wants("caught by a pattern", deliver(nil, "img"), Missing, Consent{AskEngine, false})
	wants("with a label", deliver(map[string]string{labelDeliver: "true"}, "img"), Missing, Consent{AskEngine, false})
	if err := es.Answer(box, AskEngine, true); err != nil {
		t.Fatal(err)
	}
	wants("allowed", deliver(nil, "img"), Fresh, Consent{})
	wants("another image under the same name", deliver(nil, "other"), Missing, Consent{AskEngine, false})
	if err := es.Answer(box, AskEngine, false); err != nil {
		t.Fatal(err)
	}
	wants("never", deliver(nil, "img"), Missing, Consent{AskEngine, true})
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("the answers: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants("answers that can't be read are none", deliver(nil, "img"), Missing, Consent{AskEngine, false})
	if err := es.Answer(box, AskEngine, true); err != nil {
		t.Error(err)
	}
	wants("what is damaged is in nobody's way", deliver(nil, "img"), Fresh, Consent{})
	one := container("a", "p-web-1", "img", "running", map[string]string{composeProject: "p", composeService: "web"})
	two := container("b", "p-web-2", "img", "running", map[string]string{composeProject: "p", composeService: "web"})
	if consentKey(AskEngine, one) != consentKey(AskEngine, two) || consentKey(AskEngine, one) == consentKey(AskRefresh, one) {
		t.Error("an answer holds for each container of a service, and for one question")
	}
}

func TestARefreshTokenIsGivenOnlyWhereThePersonSaysSo(t *testing.T) {
	withAz := map[string]string{"/bin/sh": "", "/usr/bin/az": "#!/usr/bin/python3", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}
	const cache = "/root/.azure/msal_token_cache.json"
	file := filepath.Join(t.TempDir(), "consents.json")
	es := &Engines{o: Options{Consents: file}}
	b := auth.Bundle{Username: "ada", TenantID: "t", HomeAccountID: "o.t", Tokens: []auth.Token{{Scope: "s", Secret: auth.NewSecret("x"), ExpiresOn: time.Now().Add(time.Hour)}},
		Refresh: auth.NewSecret(`{"key": {"secret": "the refresh token", "home_account_id": "o.t"}}`)}
	for _, c := range []struct {
		name    string
		setting string
		labels  map[string]string
		files   map[string]string
		answer  string // before the delivery
		holds   bool
		consent Consent
	}{
		{name: "by default", files: withAz},
		{name: "the settings say so", setting: "refresh-token", files: withAz, holds: true},
		{name: "the settings say so and the label does not want it", setting: "refresh-token", labels: map[string]string{labelCredential: "access-token"}, files: withAz},
		{name: "its label asks", labels: map[string]string{labelCredential: "refresh-token"}, files: withAz, consent: Consent{AskRefresh, false}},
		{name: "its label asks, and the person allows it", labels: map[string]string{labelCredential: "refresh-token"}, files: withAz, answer: answerAllow, holds: true},
		{name: "its label asks, and the person does not", labels: map[string]string{labelCredential: "refresh-token"}, files: withAz, answer: answerNever, consent: Consent{AskRefresh, true}},
		{name: "its az is ours", setting: "refresh-token", files: withShell},
		{name: "it asks the endpoint", setting: "refresh-token", labels: map[string]string{labelDeliver: "endpoint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(file)
			box := Selector{Credential: c.setting}.container("id", "web", "img", "running", c.labels)
			if c.answer != "" {
				if err := es.Answer(box, AskRefresh, c.answer == answerAllow); err != nil {
					t.Fatal(err)
				}
			}
			f := newFake(inspected{ID: "id", Status: "running"}, c.files)
			for _, dir := range []string{"/usr", "/usr/bin"} {
				f.files[dir] = f.files["/bin"]
			}
			e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
			e.consents = consents{file}
			if c.files == nil {
				if box.WantsRefresh() {
					t.Error("it asks for a refresh token")
				}
				return
			}
			st := e.Deliver(t.Context(), box, b)
			if st.State != Fresh || st.Refresh != c.holds || st.Consent != c.consent || strings.Contains(string(f.texts[cache]), "the refresh token") != c.holds {
				t.Fatalf("%+v, and its cache is %s", st, f.texts[cache])
			}
			if !c.holds {
				return
			}
			az := strings.Replace(string(f.texts[cache]), "the refresh token", "the refresh token, rolled by the az inside", 1)
			f.texts[cache], f.files[cache].Size = []byte(az), int64(len(az))
			if st = e.Check(t.Context(), box); st.State != Fresh || !st.Refresh {
				t.Errorf("after az has used it: %+v", st)
			}
			if e.Deliver(t.Context(), box, b); string(f.texts[cache]) != az {
				t.Error("what az wrote was written over though there is nothing new")
			}
			plain := Selector{}.container("id", "web", "img", "running", nil)
			if st = e.Deliver(t.Context(), plain, b); st.Refresh || strings.Contains(string(f.texts[cache]), "the refresh token") {
				t.Errorf("when nobody says so any more: %+v", st)
			}
			e.Deliver(t.Context(), box, b)
			if st = e.Withdraw(t.Context(), box); st.State != Missing || strings.Contains(string(f.texts[cache]), "the refresh token") {
				t.Errorf("withdrawn: %+v", st)
			}
		})
	}
}

// TestConsents_Damaged: no answer is made up from a damaged file, and none is kept from being given anew.
func TestConsents_Damaged(t *testing.T) {
	for name, text := range map[string]string{"cut off": `{"engine | ", "x`, "empty": "", "null": "null", "a list": "[]", "without end": strings.Repeat(" ", consentsSize+1)} {
		c := consents{filepath.Join(t.TempDir(), "consents.json")}
		if err := os.WriteFile(c.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		one, other := Container{Name: "a"}, Container{Name: "b"}
		if got := c.answer(AskEngine, one); got != "" {
			t.Errorf("%s: the answer is %q", name, got)
		}
		if err := c.set(AskEngine, one, true, time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, none := c.answer(AskEngine, one), c.answer(AskEngine, other); got != answerAllow || none != "" {
			t.Errorf("%s: the answers are %q and %q", name, got, none)
		}
		if kept, err := os.ReadFile(c.file + ".damaged"); name != "null" && (err != nil || string(kept) != text) {
			t.Errorf("%s: what it held is not kept: %v", name, err)
		}
	}
}

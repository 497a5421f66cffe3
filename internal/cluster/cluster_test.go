package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const tokenValue = "eyJ0.access.token"

func bundle() auth.Bundle {
	return auth.Bundle{Username: "ada@contoso.example", HomeAccountID: "oid.home", Environment: "login.microsoftonline.com", Cloud: "AzureCloud", TenantID: "home",
		Tokens: []auth.Token{{Secret: auth.NewSecret(tokenValue), ExpiresOn: noon.Add(time.Hour), Scope: "https://cognitiveservices.azure.com/.default", TenantID: "home"}}}
}

// decoder reads what client-go sends: protobuf.
var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	if err := core.AddToScheme(scheme); err != nil {
		panic(err)
	}
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}()

// api is as much of a Kubernetes API server as one Secret needs, after the API's conventions:
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
type api struct {
	mu      sync.Mutex
	secret  *core.Secret
	version int
	refuse  func(method string) (code int, reason meta.StatusReason) // 0: nothing
	calls   []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	status := func(code int, reason meta.StatusReason) {
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(meta.Status{TypeMeta: meta.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: reason, Message: "quoting " + tokenValue})
	}
	if a.refuse != nil {
		if code, reason := a.refuse(r.Method); code != 0 {
			status(code, reason)
			return
		}
	}
	if r.Method == http.MethodGet {
		if a.secret == nil || path.Base(r.URL.Path) != a.secret.Name {
			status(404, meta.StatusReasonNotFound)
			return
		}
		json.NewEncoder(w).Encode(a.secret)
		return
	}
	var sent core.Secret
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		_, _, err = decoder.Decode(body, nil, &sent)
	}
	if err != nil {
		status(400, meta.StatusReasonBadRequest)
		return
	}
	if r.Method == http.MethodPut && sent.ResourceVersion != fmt.Sprint(a.version) {
		status(409, meta.StatusReasonConflict)
		return
	}
	a.version++
	sent.ResourceVersion = fmt.Sprint(a.version)
	sent.TypeMeta = meta.TypeMeta{Kind: "Secret", APIVersion: "v1"}
	a.secret = &sent
	json.NewEncoder(w).Encode(a.secret)
}

// kubeconfig writes one that leads to a server and returns its path.
func kubeconfig(t *testing.T, server string) string {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: laptop
clusters: [{name: c, cluster: {server: %q}}]
users: [{name: u, user: {token: kube-token}}]
contexts: [{name: laptop, context: {cluster: c, user: u}}, {name: broken, context: {cluster: gone, user: u}}]
`, server)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func connect(t *testing.T, a *api) *Cluster {
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	t.Setenv("NO_PROXY", "127.0.0.1")
	c, err := Connect(Options{Kubeconfig: kubeconfig(t, server.URL), Namespace: "dev", Secret: "aztray-azure"})
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return noon }
	return c
}

func TestASecretIsMadeKeptAndTakenBack(t *testing.T) {
	a := &api{}
	c := connect(t, a)
	if s := c.Check(t.Context()); s.State != containers.Missing || s.Error != "" {
		t.Errorf("before anything was delivered: %+v", s)
	}
	s := c.Deliver(t.Context(), bundle())
	if s.State != containers.Fresh || !s.ExpiresOn.Equal(noon.Add(time.Hour)) || !s.DeliveredAt.Equal(noon) || s.Name != "dev/aztray-azure" || s.Delivery != "secret" || s.Path != "/var/run/aztray" {
		t.Errorf("delivered: %+v", s)
	}
	for name, want := range map[string]string{"msal_token_cache.json": tokenValue, "azureProfile.json": "ada@contoso.example", ".aztray.tokens": tokenValue, "az": Place} {
		if !strings.Contains(string(a.secret.Data[name]), want) {
			t.Errorf("%s does not hold %q", name, want)
		}
	}
	if strings.Contains(strings.Join(mapValues(a.secret.Annotations), " "), tokenValue) {
		t.Error("an annotation holds the token: annotations are not secret")
	}

	before := len(a.calls)
	c.now = func() time.Time { return noon.Add(time.Minute) }
	if s := c.Deliver(t.Context(), bundle()); s.State != containers.Fresh || !s.DeliveredAt.Equal(noon) {
		t.Errorf("delivered again: %+v", s)
	}
	if got := a.calls[before:]; len(got) != 1 {
		t.Errorf("what is there already is sent again: %v", got)
	}

	a.secret.Data["msal_token_cache.json"] = []byte("{}")
	c.Deliver(t.Context(), bundle())
	if !strings.Contains(string(a.secret.Data["msal_token_cache.json"]), tokenValue) {
		t.Error("what somebody changed is not put right")
	}

	c.now = func() time.Time { return noon.Add(2 * time.Hour) }
	if s := c.Check(t.Context()); s.State != containers.Stale {
		t.Errorf("after the token's end: %+v", s)
	}
	if s := c.Withdraw(t.Context()); s.State != containers.Missing {
		t.Errorf("withdrawn: %+v", s)
	}
	for name, text := range a.secret.Data {
		if strings.Contains(string(text), tokenValue) || name == "azureProfile.json" && strings.Contains(string(text), "ada@") {
			t.Errorf("%s still holds the sign-in", name)
		}
	}
}

func mapValues(m map[string]string) (out []string) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func TestASecretOfSomebodyElseIsLeftAlone(t *testing.T) {
	theirs := core.Secret{ObjectMeta: meta.ObjectMeta{Name: "aztray-azure", ResourceVersion: "1"}, Data: map[string][]byte{"password": []byte("theirs")}}
	a := &api{secret: &theirs, version: 1}
	c := connect(t, a)
	for what, s := range map[string]containers.Status{"deliver": c.Deliver(t.Context(), bundle()), "withdraw": c.Withdraw(t.Context())} {
		if s.State != containers.Unwritable || !strings.Contains(s.Error, "kubernetes.secret") {
			t.Errorf("%s: %+v", what, s)
		}
	}
	if string(a.secret.Data["password"]) != "theirs" || len(a.secret.Data) != 1 {
		t.Errorf("it was changed: %v", a.secret.Data)
	}
}

func TestWhatTheClusterRefusesIsSaidInASentence(t *testing.T) {
	on := func(method string, code int, reason meta.StatusReason) func(string) (int, meta.StatusReason) {
		return func(m string) (int, meta.StatusReason) {
			if m == method {
				return code, reason
			}
			return 0, ""
		}
	}
	for _, test := range []struct {
		name   string
		refuse func(string) (int, meta.StatusReason)
		want   string
	}{
		{"no right to read", on("GET", 403, meta.StatusReasonForbidden), "get, create and update on secrets are needed"},
		{"no right to make one", on("POST", 403, meta.StatusReasonForbidden), "get, create and update on secrets are needed"},
		{"not signed in to the cluster", on("GET", 401, meta.StatusReasonUnauthorized), "sign in to it as you do for kubectl"},
		{"no such namespace", on("POST", 404, meta.StatusReasonNotFound), "kubectl create namespace dev"},
		{"immutable", on("POST", 422, meta.StatusReasonInvalid), "immutable"},
		{"a conflict that never ends", on("POST", 409, meta.StatusReasonConflict), "The cluster refused (Conflict)"},
		{"an error of the server's", on("GET", 500, meta.StatusReasonInternalError), "The cluster refused (InternalError)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &api{refuse: test.refuse}
			s := connect(t, a).Deliver(t.Context(), bundle())
			if s.State != containers.Failed || !strings.Contains(s.Error, test.want) {
				t.Errorf("got %s: %s", s.State, s.Error)
			}
			if strings.Contains(s.Error, tokenValue) {
				t.Error("the API's text, which may quote what was sent, is repeated")
			}
			if len(a.calls) > 2*conflicts {
				t.Errorf("asked %d times", len(a.calls))
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		server := httptest.NewServer(&api{})
		c, err := Connect(Options{Kubeconfig: kubeconfig(t, server.URL), Namespace: "dev", Secret: "x"})
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Deliver(t.Context(), bundle()); s.State != containers.Failed || !strings.Contains(s.Error, "does not answer") {
			t.Errorf("got %+v", s)
		}
	})
}

func TestTwoWritersAgree(t *testing.T) {
	a := &api{}
	c := connect(t, a)
	c.Deliver(t.Context(), bundle())
	once := sync.OnceFunc(func() { a.version++; a.secret.ResourceVersion = fmt.Sprint(a.version) })
	a.refuse = func(method string) (int, meta.StatusReason) {
		if method == http.MethodPut {
			once() // somebody wrote between our reading and our writing
		}
		return 0, ""
	}
	later := bundle()
	later.Tokens[0].ExpiresOn = noon.Add(2 * time.Hour)
	if s := c.Deliver(t.Context(), later); s.State != containers.Fresh || !s.ExpiresOn.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("got %+v", s)
	}
}

func TestAKubeconfigThatWillNotDo(t *testing.T) {
	good := kubeconfig(t, "http://127.0.0.1:1")
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("contexts: 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		o    Options
		want string
	}{
		{"not there", Options{Kubeconfig: filepath.Join(t.TempDir(), "none")}, "can't be read"},
		{"not a kubeconfig", Options{Kubeconfig: bad}, "can't be read"},
		{"no such context", Options{Kubeconfig: good, Context: "prod"}, `no context "prod"`},
		{"another machine without encryption", Options{Kubeconfig: kubeconfig(t, "http://192.0.2.7:8080")}, "without encryption"},
		{"a context without its cluster", Options{Kubeconfig: good, Context: "broken"}, `"broken" of the kubeconfig can't be used`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Connect(test.o)
			p, ok := errors.AsType[*auth.Problem](err)
			if !ok || p.Kind != auth.ConfigError || !strings.Contains(p.Message, test.want) || p.Advice == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTheSecretIsOneOfThoseToLookAfter: beside engines that are away, whoever watches and lists is told of it.
func TestTheSecretIsOneOfThoseToLookAfter(t *testing.T) {
	server := httptest.NewServer(&api{})
	t.Cleanup(server.Close)
	t.Setenv("NO_PROXY", "127.0.0.1")
	away := containers.NewEngines(containers.Options{}, "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	es := With(away, Options{Kubeconfig: kubeconfig(t, server.URL), Namespace: "dev", Secret: "aztray-azure"})

	all, problems, err := es.List(t.Context(), containers.Selector{})
	if err != nil || len(all) != 1 || all[0].Name != "dev/aztray-azure" || len(problems) != 1 || es.Count() != 2 {
		t.Fatalf("listed %+v, %v, %v of %d", all, problems, err, es.Count())
	}
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan containers.Event, 8)
	var watching sync.WaitGroup
	watching.Go(func() { es.Watch(ctx, containers.Selector{}, func(e containers.Event) { told <- e }) })
	for e := range told {
		if e.Engine == all[0].Engine {
			if e.Kind != containers.Listed || len(e.Containers) != 1 || e.Containers[0].ID != all[0].ID {
				t.Errorf("told %+v", e)
			}
			break
		}
	}
	stop()
	watching.Wait()

	c := all[0]
	if s := es.Deliver(t.Context(), c, live()); s.State != containers.Fresh {
		t.Errorf("delivered: %+v", s)
	}
	if s := es.Check(t.Context(), c); s.State != containers.Fresh {
		t.Errorf("checked: %+v", s)
	}
	if err := es.WatchLogs(t.Context(), c, nil); err != nil {
		t.Errorf("a Secret has no log: %v", err)
	}
	if s := es.Withdraw(t.Context(), c); s.State != containers.Missing {
		t.Errorf("withdrawn: %+v", s)
	}
}

// live is bundle with a token that lasts by the machine's own clock.
func live() auth.Bundle {
	b := bundle()
	b.Tokens[0].ExpiresOn = time.Now().Add(time.Hour)
	return b
}

package containers

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

func TestWhoLooksAsIfItNeedsTheCredential(t *testing.T) {
	const failed = "azure.identity: DefaultAzureCredential failed to retrieve a token from the included credentials.\n"
	for _, c := range []struct {
		name string
		env  []string
		log  string
		want string
	}{
		{"a database", []string{"POSTGRES_USER=app"}, "ready\n", ""},
		{"it calls Azure OpenAI", []string{"AZURE_OPENAI_ENDPOINT=https://x"}, "", "Its environment names AZURE_OPENAI_ENDPOINT."},
		{"it calls Azure OpenAI with a key", []string{"AZURE_OPENAI_ENDPOINT=https://x", "AZURE_OPENAI_API_KEY=k"}, "", ""},
		{"it names a tenant", []string{"AZURE_TENANT_ID=t"}, "", "Its environment names AZURE_TENANT_ID."},
		{"an empty variable is none", []string{"AZURE_TENANT_ID=", "AZURE_OPENAI_ENDPOINT="}, "", ""},
		{"it is a service principal", []string{"AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s"}, "", ""},
		{"it has a managed identity", []string{"AZURE_CLIENT_ID=c", "IDENTITY_ENDPOINT=http://x"}, "", ""},
		{"it chooses its credential", []string{"AZURE_TOKEN_CREDENTIALS=dev", "AZURE_OPENAI_API_KEY=k"}, "", "Its environment names AZURE_TOKEN_CREDENTIALS."},
		{"its log says so", nil, "starting\n" + failed, "Its log says that it got no Azure credential."},
		{"its log says so whatever it has", []string{"AZURE_CLIENT_SECRET=s"}, failed, "Its log says that it got no Azure credential."},
		{"its log says that it lacks a role", nil, "PermissionDenied: The principal lacks the required data action\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := LooksNeedy(c.env, []byte(c.log)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestContainersThatAreNotCovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := listedAs("out")
		out.Labels[labelDeliver] = "false"
		off := listedAs("off")
		off.State = "exited"
		f := newRestartEngine(listedAs("web"), listedAs("p-api", ""), listedAs("covered"), out, off, listedAs("db"))
		for id, in := range f.boxes {
			in.Started = time.Now()
			if id != "id-db" && id != "id-web" {
				in.Env = []string{"AZURE_OPENAI_ENDPOINT=https://x"}
			}
		}
		e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
		look := func() string {
			t.Helper()
			all, err := e.Uncovered(t.Context(), Selector{Names: []string{"covered"}})
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, u := range all {
				text += fmt.Sprintf("%s: %s %s\n", u.Name, u.Why, u.Cover)
			}
			return text
		}
		api := "p-api: Its environment names AZURE_OPENAI_ENDPOINT. Cover it: add \"api\" to containers.names, or give the service the label aztray.deliver: \"true\".\n"
		if got := look(); got != api {
			t.Errorf("at first: %s", got)
		}
		var log bytes.Buffer
		fmt.Fprint(stdcopy.NewStdWriter(&log, stdcopy.Stderr), "2026-11-23T10:00:00.000000000Z Please run 'az login' to set up an account\n")
		f.says["id-web"] = log.Bytes()
		time.Sleep(2 * time.Minute)
		both := api + "web: Its log says that it got no Azure credential. Cover it: add \"web\" to containers.names, or make it with --label aztray.deliver=true.\n"
		if got := look(); got != both {
			t.Errorf("when its log has said so: %s", got)
		}
		f.says["id-db"] = log.Bytes()
		if got := look(); got != both {
			t.Errorf("a log is read once it has settled, and no more: %s", got)
		}
		e.looks.forget("id-db")
		if got := look(); len(got) <= len(both) {
			t.Errorf("after another start: %s", got)
		}
	})
}

// slowLook is an engine that takes its time to describe a container.
type slowLook struct {
	*fakeEngine
	asked, answer chan struct{}
}

func (s *slowLook) inspect(ctx context.Context, id string) (inspected, error) {
	s.asked <- struct{}{}
	<-s.answer
	return s.fakeEngine.inspect(ctx, id)
}

// A look at containers that are not covered is on the way of no event; what starts anew meanwhile is looked at anew.
func TestALookHoldsUpNoEvent(t *testing.T) {
	f := &slowLook{newFake(inspected{ID: "x", Started: time.Now().Add(-time.Hour)}, nil), make(chan struct{}), make(chan struct{})}
	f.listed = []summary{{ID: "x", Names: []string{"/other"}, State: "running"}}
	e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
	w := watcher{e: e, sel: Selector{Names: []string{"app"}}, seen: map[message3]bool{}}
	look := func() chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := e.Uncovered(t.Context(), w.sel); err != nil {
				t.Error(err)
			}
		}()
		return done
	}
	first := look()
	<-f.asked
	told := make(chan struct{})
	w.tell = func(Event) { close(told) }
	go w.handle(t.Context(), message{Action: "start", ID: "x", TimeNano: 1, Attributes: map[string]string{"name": "other"}})
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Fatal("an event waits for the look")
	}
	f.answer <- struct{}{}
	<-first
	again := look()
	select {
	case <-f.asked:
		f.answer <- struct{}{}
	case <-time.After(5 * time.Second):
		t.Fatal("what was started during the look is taken for looked at")
	}
	<-again
	<-look() // and then it is known
}

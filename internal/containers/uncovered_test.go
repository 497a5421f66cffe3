package containers

import (
	"bytes"
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

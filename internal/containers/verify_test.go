package containers

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

// execEngine is a container in which a command prints something.
type execEngine struct {
	*fakeEngine
	answer execResult
	fails  error
	ran    []string // each as user and command
}

func (f *execEngine) exec(_ context.Context, _, user string, cmd []string, _ []byte) (execResult, error) {
	f.ran = append(f.ran, user+" "+strings.Join(cmd, " "))
	return f.answer, f.fails
}

// broken is what az prints of an exception that it does not expect.
const broken = `ERROR: The command failed with an unexpected error. Here is the traceback:
ERROR: [Errno 13] Permission denied: '/.azure'
Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/knack/cli.py", line 233, in invoke
    cmd_result = self.invocation.execute(args)
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3.11/os.py", line 225, in makedirs
    mkdir(name, mode)
PermissionError: [Errno 13] Permission denied: '/.azure'
To open a new issue, please run ` + "`az feedback`\n" + `
`

func TestVerifying(t *testing.T) {
	const tenant, other = "11111111-aaaa-4aaa-8aaa-000000000001", "22222222-bbbb-4bbb-8bbb-000000000002"
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	want := auth.Token{Scope: "https://cognitiveservices.azure.com/.default", TenantID: tenant, Secret: auth.NewSecret("the token")}
	az := func(token, tenant string, ends time.Time) execResult {
		return execResult{stdout: fmt.Appendf(nil, `{"accessToken": %q, "expiresOn": "2001-01-01 00:00:00.000000", "expires_on": %d, "tenant": %q}`, token, ends.Unix(), tenant)}
	}
	jwt := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid": "`+tenant+`"}`)) + ".c2ln"
	env := []string{"IDENTITY_ENDPOINT=http://host/token", "IDENTITY_HEADER=secret"}
	soon := now.Add(time.Hour)
	for _, c := range []struct {
		name     string
		delivery string
		in       inspected
		noShell  bool
		answer   execResult
		fails    error
		want     Verified
	}{
		{name: "az gives what was delivered", answer: az("the token", tenant, soon),
			want: Verified{Result: Obtained, By: "az", ExpiresOn: soon, Tenant: tenant, Delivered: true}},
		{name: "az gives another one that is as good", answer: az("another", strings.ToUpper(tenant), soon),
			want: Verified{Result: Obtained, By: "az", ExpiresOn: soon, Tenant: strings.ToUpper(tenant)}},
		{name: "an az before 2.54 tells the end in local time alone",
			in:     inspected{Env: []string{"TZ=Europe/Berlin"}},
			answer: execResult{stdout: []byte(`{"accessToken": "the token", "expiresOn": "2026-11-23 14:00:00.000000", "tenant": "` + tenant + `"}`)},
			want:   Verified{Result: Obtained, By: "az", ExpiresOn: soon, Tenant: tenant, Delivered: true}},
		{name: "another tenant's", answer: az("another", other, soon),
			want: Verified{Result: Refused, By: "az", ExpiresOn: soon, Tenant: other, Error: "It gets a token of another tenant, " + other + "."}},
		{name: "one that has ended", answer: az("another", tenant, now),
			want: Verified{Result: Refused, By: "az", ExpiresOn: now, Tenant: tenant, Error: "The token that it gets has ended."}},
		{name: "az refuses", answer: execResult{code: 1, stderr: []byte("WARNING: old\nERROR: Please run 'az login' to setup account.\nhint\n")},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives no token: Please run 'az login' to setup account."}},
		{name: "az refuses with a token in its words", answer: execResult{code: 1, stderr: []byte("ERROR: bad eyJhbGciOi.eyJ.c2ln")},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives no token: bad [redacted]"}},
		{name: "az breaks off", answer: execResult{code: 1, stderr: []byte(broken)},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives no token: PermissionError: [Errno 13] Permission denied: '/.azure'"}},
		{name: "az breaks off while it breaks off", answer: execResult{code: 1, stderr: []byte(strings.Repeat("    x = y\n", 60) + broken[strings.Index(broken, "Traceback"):] +
			"\nDuring handling of the above exception, another exception occurred:\n\n" + strings.ReplaceAll(broken, "PermissionError: [Errno 13] Permission denied: '/.azure'", "KeyError: 'subscriptions'"))},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives no token: KeyError: 'subscriptions'"}},
		{name: "az breaks off in what Python has built in", answer: execResult{code: 1, stderr: []byte("Traceback (most recent call last):\n  File \"<frozen os>\", line 225, in makedirs\nFileNotFoundError: [Errno 2] No such file\n")},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives no token: FileNotFoundError: [Errno 2] No such file"}},
		{name: "az says something else", answer: execResult{stdout: []byte("<html>")},
			want: Verified{Result: Refused, By: "az", Error: "Its az gives an answer that can't be read."}},
		{name: "there is no az", answer: execResult{code: 127},
			want: Verified{Result: Untried, Error: "It can't be tried inside: there is no az that runs in it."}},
		{name: "there is no az, as newer engines put it", fails: &apiError{400, `exec: "az": executable file not found in $PATH`},
			want: Verified{Result: Untried, Error: "It can't be tried inside: there is no az that runs in it."}},
		{name: "it takes too long", fails: context.DeadlineExceeded,
			want: Verified{Result: Refused, By: "az", Error: "The engine did not answer in time."}},
		{name: "it does not run", in: inspected{Status: "exited"},
			want: Verified{Result: Untried, Error: "It is exited, so nothing could be tried in it."}},

		{name: "the endpoint gives one", delivery: "endpoint", in: inspected{Env: env},
			answer: execResult{stdout: fmt.Appendf(nil, "wget\n"+`{"access_token": %q, "expires_on": "%d"}`, jwt, soon.Unix())},
			want:   Verified{Result: Obtained, By: "wget", ExpiresOn: soon, Tenant: tenant}},
		{name: "the endpoint refuses, in its own words", delivery: "endpoint", in: inspected{Env: env},
			answer: execResult{stdout: []byte("curl\n" + `{"statusCode": 400, "message": "aztray: az is not signed in."}`)},
			want:   Verified{Result: Refused, By: "curl", Error: "The identity endpoint gives it no token: aztray: az is not signed in."}},
		{name: "the endpoint is not there", delivery: "endpoint", in: inspected{Env: env},
			answer: execResult{code: 1, stdout: []byte("wget\n"), stderr: []byte("wget: can't connect to remote host: Connection refused\n")},
			want:   Verified{Result: Refused, By: "wget", Error: "The identity endpoint gives it no token: wget: can't connect to remote host: Connection refused"}},
		{name: "it has nothing to ask with", delivery: "endpoint", in: inspected{Env: env}, answer: execResult{code: nothingToAskWith},
			want: Verified{Result: Untried, Error: "It can't be tried inside: it has neither curl, wget nor python3. Its own program can ask all the same."}},
		{name: "it has no shell", delivery: "endpoint", in: inspected{Env: env}, noShell: true,
			want: Verified{Result: Untried, Error: "It can't be tried inside: its image has no shell. Its own program can ask all the same."}},
		{name: "it was not told of the endpoint", delivery: "endpoint",
			want: Verified{Result: Refused, Error: "Its environment lacks IDENTITY_ENDPOINT; aztray endpoint env --container web prints what it needs."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.ID = "id"
			if c.in.Status == "" {
				c.in.Status = "running"
			}
			files := withShell
			if c.noShell {
				files = nil
			}
			f := &execEngine{fakeEngine: newFake(c.in, files), answer: c.answer, fails: c.fails}
			e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
			e.now = func() time.Time { return now }
			got := e.Verify(t.Context(), Container{ID: "id", Name: "web", Delivery: c.delivery}, want)
			if got != c.want {
				t.Errorf("%+v\nwant %+v", got, c.want)
			}
			if strings.Contains(fmt.Sprint(f.ran), "secret") {
				t.Errorf("a secret is on a command line of ours: %q", f.ran)
			}
		})
	}
	f := &execEngine{fakeEngine: newFake(inspected{ID: "id", Status: "running", User: "1000:7"}, withShell), fails: errors.New("none")}
	newEngine(f, endpoint{host: "unix:///fake"}, azDirs{}).Verify(t.Context(), Container{ID: "id", Delivery: "copy", path: "/elsewhere"}, want)
	if want := "1000:7 env AZURE_CONFIG_DIR=/elsewhere az account get-access-token --resource https://cognitiveservices.azure.com --output json"; f.ran[0] != want {
		t.Errorf("it runs %q, want %q", f.ran[0], want)
	}
}

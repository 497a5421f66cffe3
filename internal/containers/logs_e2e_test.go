//go:build e2e

package containers

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// reading reads c's log and gives what is found, and at the end what WatchLogs said.
func reading(t *testing.T, e *Engine, c Container) (found chan Finding, done chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	found, done = make(chan Finding, 100), make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		done <- e.WatchLogs(ctx, c, func(f Finding) { found <- f })
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return found, done
}

// expect waits for findings, in any order, and for no others.
func expect(t *testing.T, found chan Finding, want ...string) (last Finding) {
	t.Helper()
	var got []string
	for range want {
		select {
		case last = <-found:
			got = append(got, strings.TrimSpace(string(last.Cause)+" "+last.Code))
		case <-time.After(30 * time.Second):
			t.Fatalf("found %q, want %q", got, want)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	return last
}

// printing runs a container that prints what it is given, a line each, and then does as it is told.
func printing(t *testing.T, e *Engine, how, then string, lines ...string) Container {
	t.Helper()
	return made(t, e, how, append([]string{imgShell, "sh", "-c", `for l; do echo "$l" >&2; done; ` + then, "sh"}, lines...)...)
}

// TestLogsOfEachSDK: what each SDK prints when it finds no credential, from a container that was
// there before us and from one that only starts.
func TestLogsOfEachSDK(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	for _, c := range []struct {
		name, how string
		lines     []string
		want      []string
	}{
		{"python", "run -d", []string{
			"Traceback (most recent call last):",
			`  File "/app/main.py", line 12, in <module>`,
			"azure.core.exceptions.ClientAuthenticationError: DefaultAzureCredential failed to retrieve a token from the included credentials.",
			"Attempted credentials:",
			"\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not fully configured.",
			"\tAzureCliCredential: ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
			"To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/azsdk/python/identity/defaultazurecredential/troubleshoot.",
		}, []string{"no-credential", "aadsts AADSTS70043"}},
		{"python openai", "run -d", []string{
			"openai.AuthenticationError: Error code: 401 - {'statusCode': 401, 'message': 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.'}",
		}, []string{"token-refused"}},
		{"dotnet", "run -d", []string{
			"Unhandled exception. Azure.Identity.CredentialUnavailableException: DefaultAzureCredential failed to retrieve a token from the included credentials. See the troubleshooting guide for more information. https://aka.ms/azsdk/net/identity/defaultazurecredential/troubleshoot",
			"- EnvironmentCredential authentication unavailable. Environment variables are not fully configured.",
			"- Please run 'az login' to set up account",
		}, []string{"no-credential", "az-login"}},
		{"javascript on a terminal", "run -d -t", []string{
			"\x1b[31mAggregateAuthenticationError: ChainedTokenCredential authentication failed.\x1b[0m",
			"CredentialUnavailableError: Please run 'az login' from a command prompt to authenticate before using this credential.",
		}, []string{"no-credential", "az-login"}},
		{"go", "run -d", []string{
			"2026/11/23 10:00:00 DefaultAzureCredential: failed to acquire a token.",
			"Attempted credentials:",
			"\tAzureCLICredential: executable not found on path",
		}, []string{"no-credential"}},
		{"java", "run -d", []string{
			`Exception in thread "main" com.azure.identity.CredentialUnavailableException: EnvironmentCredential authentication unavailable. Environment variables are not fully configured.`,
			"AzureCliCredential authentication unavailable. Please run 'az login' to set up account.",
		}, []string{"no-credential", "az-login"}},
		{"a traceback on one line of 40 kB", "run -d", []string{
			`{"level":"error","trace":"` + strings.Repeat("frame ", 7000) + `\nClientAuthenticationError: (PermissionDenied) The principal \u00600\u0060 lacks the required data action \u0060x\u0060"}`,
		}, []string{"role-missing"}},
		{"created only", "create", []string{chain}, []string{"no-credential"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			on := printing(t, e, c.how, forever, c.lines...)
			found, done := reading(t, e, on)
			if c.how == "create" {
				docker(t, "start", on.ID)
			}
			if last := expect(t, found, c.want...); last.Name != on.Name || last.ContainerID != on.ID || time.Since(last.At).Abs() > time.Minute {
				t.Errorf("%+v", last)
			}
			docker(t, "rm", "-f", on.ID)
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("a container that is gone: %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("a container that is gone is still read")
			}
			if len(found) > 0 {
				t.Errorf("and found %+v", <-found)
			}
		})
	}
}

// TestLogsAfterARestart: a second life is read from its first line, and the first one not again.
func TestLogsAfterARestart(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	c := printing(t, e, "run -d", `if [ -e /life ]; then echo AADSTS50173; else touch /life; echo "$0: `+chain+`"; fi; exec `+forever)
	found, _ := reading(t, e, c)
	first := expect(t, found, "no-credential")
	docker(t, "restart", "-t", "0", c.ID)
	second := expect(t, found, "aadsts AADSTS50173")
	if !second.At.After(first.At) || len(found) > 0 {
		t.Errorf("%+v, then %+v, then %d more", first, second, len(found))
	}
	t.Attr("log_line_found_after_restart_within", time.Since(second.At).Round(time.Millisecond).String())
}

// TestLogsOfACrashLoop: each life is over before its log can be opened.
func TestLogsOfACrashLoop(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	c := printing(t, e, "run -d --restart always", `[ -e /life ] && echo "run 'az login'"; touch /life; exit 1`)
	found, _ := reading(t, e, c)
	if f := expect(t, found, "az-login"); len(found) > 0 {
		t.Errorf("told twice in a minute: %+v, %+v", f, <-found)
	}
}

// TestLogsOfAFlood: 50 MB as fast as they come, and what is said afterwards is found.
func TestLogsOfAFlood(t *testing.T) {
	e := connect(t, t.TempDir())
	c := printing(t, e, "run -d", `while [ ! -e /go ]; do sleep 0.1; done
		busybox yes "INFO GET /v1/ingest/1234/status 200 OK, an ordinary line of a chatty service" | busybox head -c 50000000
		sleep 2; echo "ERROR: AADSTS700082: expired" >&2; exec `+forever)
	found, _ := reading(t, e, c)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	docker(t, "exec", c.ID, "touch", "/go")
	f := expect(t, found, "aadsts AADSTS700082")
	runtime.ReadMemStats(&after)
	if f.Skips == 0 {
		t.Error("all of it was read")
	}
	t.Attr("skips_in_a_50_MB_flood", fmt.Sprint(f.Skips))
	t.Attr("allocated_in_a_flood", fmt.Sprintf("%d kB", (after.TotalAlloc-before.TotalAlloc)>>10))
	t.Attr("log_line_found_within", time.Since(f.At).Round(time.Millisecond).String())
}

// TestLogThatNobodyKeeps: the driver none has nothing to read.
func TestLogThatNobodyKeeps(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	c := printing(t, e, "run -d --log-driver none", forever, chain)
	_, done := reading(t, e, c)
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "log") {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on trying")
	}
}

//go:build unix

package auth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeAz is a script in az's place, for what real az cannot be made to do at will.
func fakeAz(t *testing.T, script string) CLI {
	t.Helper()
	path := filepath.Join(t.TempDir(), "az")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return CLI{Path: path}
}

func TestAccessTokenOfEachVersion(t *testing.T) {
	local := time.Date(2026, 11, 23, 15, 4, 5, 0, time.Local)
	for name, answer := range map[string]string{
		"before 2.54, local time": `{"accessToken": "t", "expiresOn": "` + local.Format("2006-01-02 15:04:05.000000") + `", "tenant": "` + contoso + `"}`,
		"since 2.54, epoch":       `{"accessToken": "t", "expiresOn": "1999-01-01 00:00:00.000000", "expires_on": ` + strconv.FormatInt(local.Unix(), 10) + `, "tenant": "` + contoso + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			token, err := fakeAz(t, "echo '"+answer+"'").AccessToken(t.Context(), "", scope)
			if err != nil || !token.ExpiresOn.Equal(local) || token.TenantID != contoso || token.Secret.Reveal() != "t" {
				t.Errorf("AccessToken = %+v, %v; want the end at %v", token, err, local)
			}
		})
	}
}

func TestAFailureOfAzIsAProblem(t *testing.T) {
	_, err := fakeAz(t, `echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`).AccessToken(t.Context(), "", scope)
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != SignInRequired {
		t.Errorf("AccessToken = %v, want SignInRequired", err)
	}
	_, err = CLI{Path: filepath.Join(t.TempDir(), "az")}.AccessToken(t.Context(), "", scope)
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != AZMissing {
		t.Errorf("AccessToken without az = %v, want AZMissing", err)
	}
}

// TestAQuestionHasALimit: az itself has none. Where it waits for a person, the person is needed.
func TestAQuestionHasALimit(t *testing.T) {
	for _, tt := range []struct {
		name, said, code string
		kind             Kind
	}{
		{"nothing said", "", "AZ_NO_ANSWER", Offline},
		{"az opened a browser", "echo 'A web browser has been opened at https://login.example/. Please continue the login in the web browser.' >&2",
			"SIGN_IN_REQUIRED", SignInRequired},
		{"az shows a device code", "echo 'To sign in, use a web browser to open the page https://login.example/device' >&2", "SIGN_IN_REQUIRED", SignInRequired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			az := fakeAz(t, tt.said+"\nsleep 60 & wait")
			az.Limit = 300 * time.Millisecond
			_, err := az.AccessToken(t.Context(), "", scope)
			if p, ok := errors.AsType[*Problem](err); !ok || p.Code != tt.code || p.Kind != tt.kind {
				t.Errorf("AccessToken = %v, want %s, %s", err, tt.code, tt.kind)
			}
		})
	}
}

func TestLoginCanBeCancelledAndLeavesNothingBehind(t *testing.T) {
	tests := []struct {
		name   string
		script string
		cause  error
		want   Kind
	}{
		{"cancelled by the person", "sleep 60 & echo $! > $0.child; echo ready >&2; wait", ErrCancelled, Cancelled},
		{"az ignores the request", "trap '' TERM; sleep 60 & echo $! > $0.child; echo ready >&2; while :; do wait; done", ErrCancelled, Cancelled},
		{"out of time", "sleep 60 & echo $! > $0.child; echo ready >&2; wait", context.DeadlineExceeded, TimedOut},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			az := fakeAz(t, tt.script)
			err := az.Login(ctx, LoginOptions{Progress: func(string) { cancel(tt.cause) }})
			if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != tt.want {
				t.Errorf("Login = %v, want %s", err, tt.want)
			}
			b, err := os.ReadFile(az.Path + ".child")
			if err != nil {
				t.Fatal(err)
			}
			pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
			for end := time.Now().Add(5 * time.Second); syscall.Kill(pid, 0) == nil && !zombie(pid); {
				if time.Now().After(end) {
					t.Fatalf("process %d, which az started, still runs", pid)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// zombie reports a process that ended and that nobody has waited for yet.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z")
}

func TestLoginSucceedsWhileTheBrowserHoldsThePipe(t *testing.T) {
	if err := fakeAz(t, "sleep 30 & exit 0").Login(t.Context(), LoginOptions{}); err != nil {
		t.Errorf("Login = %v, want nil: az ended well", err)
	}
}

func TestAClaimsChallengeIsPassedWhereAzTakesOne(t *testing.T) {
	for help, want := range map[string]bool{"--claims-challenge : Base64-encoded claims.": true, "--tenant -t": false} {
		az := fakeAz(t, `case "$*" in *--help*) echo "`+help+`" ;; *) echo "$*" > $0.args ;; esac`)
		if err := az.Login(t.Context(), LoginOptions{Claims: "eyJhIjoxfQ=="}); err != nil {
			t.Fatal(err)
		}
		args, err := os.ReadFile(az.Path + ".args")
		if err != nil || strings.Contains(string(args), "--claims-challenge eyJhIjoxfQ==") != want {
			t.Errorf("with help %q az was run as %q (%v)", help, args, err)
		}
	}
}

// TestWhatAzSaysIsBounded: an az, or what is in its place, that prints without end is not kept in memory.
func TestWhatAzSaysIsBounded(t *testing.T) {
	out, err := fakeAz(t, "head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2").run(t.Context(), "version")
	if err != nil || len(out) != maxOutput {
		t.Errorf("%d bytes of 20000000 are kept: %v", len(out), err)
	}
}

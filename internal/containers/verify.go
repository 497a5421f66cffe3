package containers

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aztray/internal/auth"
)

// VerifyResult is what came of asking for a token inside a container.
type VerifyResult string

const (
	Obtained VerifyResult = "obtained" // a live one of the right tenant
	Refused  VerifyResult = "failed"
	Untried  VerifyResult = "untried" // nothing in it could ask; that says nothing about its own program
)

// Verified is what a container got when it was asked to obtain a token as its program would. It holds
// no token.
type Verified struct {
	Result    VerifyResult `json:"result"`
	By        string       `json:"by"` // az, or curl, wget or python3 where it asks the identity endpoint
	ExpiresOn time.Time    `json:"expires_on"`
	Tenant    string       `json:"tenant"`
	Delivered bool         `json:"delivered"` // it is the very token that we hold
	Error     string       `json:"error"`     // one sentence for a person
}

const verifyLimit = time.Minute // az alone may take twenty seconds on a slow machine

// patient marks the context of an exec that may take as long as its context lets it.
type patient struct{}

//go:embed ask.sh
var askScript string

// Verify has the container obtain a token for the scope of want, as the user that its program runs as:
// by the az that is there, or from the identity endpoint by its own environment. What it prints is read
// in memory, compared with want, and dropped.
func (e *Engine) Verify(ctx context.Context, c Container, want auth.Token) Verified {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, patient{}, true), verifyLimit)
	defer cancel()
	in, err := e.api.inspect(ctx, c.ID)
	if err != nil {
		return Verified{Result: Refused, Error: e.failed(ctx, statusOf(c), err).Error}
	}
	if in.Status != "running" {
		return Verified{Result: Untried, Error: "It is " + in.Status + ", so nothing could be tried in it."}
	}
	img, err := e.image(ctx, in)
	var t target
	if err == nil {
		t, err = outline(c, in, img)
	}
	if err != nil {
		return Verified{Result: Refused, Error: e.failed(ctx, statusOf(c), err).Error}
	}
	resource := auth.Resource(want.Scope)
	var got obtained
	if c.Delivery == "endpoint" {
		got = e.askEndpoint(ctx, c, t, in.Env, resource)
	} else {
		got = e.askAz(ctx, c, t, resource)
	}
	return got.judge(want, e.now())
}

// obtained is what came back from a container, before it is judged.
type obtained struct {
	by      string
	token   auth.Secret
	expires time.Time
	tenant  string // as far as was told
	untried string // a sentence
	failed  string // a sentence
}

func (e *Engine) askAz(ctx context.Context, c Container, t target, resource string) obtained {
	cmd := []string{"az", "account", "get-access-token", "--resource", resource, "--output", "json"}
	if c.path != "" { // its program is told by other means where its az directory is
		cmd = append([]string{"env", "AZURE_CONFIG_DIR=" + c.path}, cmd...)
	}
	r, err := e.ask(ctx, c, t, cmd, nil)
	switch {
	case err != nil:
		return obtained{by: "az", failed: err.Error()}
	case r.code == 126 || r.code == 127:
		return obtained{untried: "It can't be tried inside: there is no az that runs in it."}
	case r.code != 0:
		return obtained{by: "az", failed: "Its az gives no token: " + lastSaid(r.stderr)}
	}
	var a struct {
		AccessToken string
		Epoch       int64 `json:"expires_on"`
		ExpiresOn   string
		Tenant      string
	}
	if json.Unmarshal(r.stdout, &a) != nil || a.AccessToken == "" {
		return obtained{by: "az", failed: "Its az gives an answer that can't be read."}
	}
	o := obtained{by: "az", token: auth.NewSecret(a.AccessToken), tenant: a.Tenant}
	if o.expires, err = time.ParseInLocation("2006-01-02 15:04:05.999999", a.ExpiresOn, cmp.Or(t.zone, time.UTC)); a.Epoch != 0 || err != nil {
		o.expires = time.Unix(a.Epoch, 0)
	}
	return o
}

// askEndpoint asks as an SDK does, by the container's own variables.
func (e *Engine) askEndpoint(ctx context.Context, c Container, t target, env []string, resource string) obtained {
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER"} {
		if getenv(env, name) == "" {
			return obtained{failed: "Its environment lacks " + name + "; aztray endpoint env --container " + c.Name + " prints what it needs."}
		}
	}
	if !t.shell {
		return obtained{untried: "It can't be tried inside: its image has no shell. Its own program can ask all the same."}
	}
	r, err := e.ask(ctx, c, t, []string{"/bin/sh", "-c", askScript, "aztray", url.QueryEscape(resource)}, nil)
	by, answer, _ := bytes.Cut(r.stdout, []byte("\n"))
	o := obtained{by: string(by)}
	switch {
	case err != nil:
		o.failed = err.Error()
		return o
	case r.code == nothingToAskWith:
		return obtained{untried: "It can't be tried inside: it has neither curl, wget nor python3. Its own program can ask all the same."}
	}
	var a struct {
		AccessToken string `json:"access_token"`
		ExpiresOn   string `json:"expires_on"`
		Message     string
	}
	if json.Unmarshal(answer, &a) != nil || a.AccessToken == "" {
		why := a.Message
		if why == "" {
			why = lastSaid(r.stderr)
		}
		o.failed = "The identity endpoint gives it no token: " + lastSaid([]byte(why))
		return o
	}
	epoch, _ := strconv.ParseInt(a.ExpiresOn, 10, 64) // none: it has ended
	o.token, o.expires, o.tenant = auth.NewSecret(a.AccessToken), time.Unix(epoch, 0), tenantIn(a.AccessToken)
	return o
}

// nothingToAskWith is the script's exit code where it finds no program to ask with.
const nothingToAskWith = 91

// ask runs a command as the container's user. The error is a sentence.
func (e *Engine) ask(ctx context.Context, c Container, t target, cmd []string, stdin []byte) (execResult, error) {
	r, err := e.api.exec(ctx, c.ID, fmt.Sprintf("%d:%d", t.owner.uid, t.owner.gid), cmd, stdin)
	if a, refused := err.(*apiError); refused && strings.Contains(a.message, "executable file not found") {
		return execResult{code: 127}, nil // newer engines refuse to start it
	}
	if err != nil {
		return r, &localError{e.failed(ctx, statusOf(c), err).Error}
	}
	return r, nil
}

// judge compares what came back with what should have.
func (o obtained) judge(want auth.Token, now time.Time) Verified {
	v := Verified{Result: Obtained, By: o.by, Tenant: o.tenant}
	switch {
	case o.untried != "":
		return Verified{Result: Untried, Error: o.untried}
	case o.failed != "":
		return Verified{Result: Refused, By: o.by, Error: o.failed}
	}
	v.ExpiresOn = o.expires.UTC()
	v.Delivered = !want.Secret.IsZero() && o.token.Reveal() == want.Secret.Reveal()
	switch {
	case !o.expires.After(now):
		v.Result, v.Error = Refused, "The token that it gets has ended."
	case o.tenant != "" && want.TenantID != "" && !strings.EqualFold(o.tenant, want.TenantID):
		v.Result, v.Error = Refused, "It gets a token of another tenant, "+o.tenant+"."
	}
	return v
}

// lastSaid is the line that matters of what a program printed, fit for a person.
func lastSaid(text []byte) string {
	lines := readable(string(text))
	if why := raised(lines); why != "" {
		return why
	}
	for _, line := range lines {
		if why, ok := strings.CutPrefix(line, "ERROR: "); ok {
			return why
		}
	}
	if len(lines) == 0 {
		return "it does not say why."
	}
	return lines[len(lines)-1]
}

// exception is how Python names what it raised, after the frames of its traceback.
var exception = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*(: \S.*)?$`)

// raised is what a Python program such as az raised in the end; "" where it printed no traceback. What follows a
// traceback, such as az's request to write az feedback, is no cause.
func raised(lines []string) string {
	for i := len(lines) - 1; i > 0; i-- {
		if strings.HasPrefix(lines[i-1], "  ") && exception.MatchString(lines[i]) && slices.ContainsFunc(lines[:i], isFrame) {
			return lines[i]
		}
	}
	return ""
}

func isFrame(line string) bool { return strings.HasPrefix(line, `  File "`) }

// tenantIn is the tenant that an access token names; "" where it can't be told. It is not checked who
// signed it: this is to be shown, not trusted.
func tenantIn(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct{ TID string }
	if err != nil || json.Unmarshal(claims, &c) != nil {
		return ""
	}
	return c.TID
}

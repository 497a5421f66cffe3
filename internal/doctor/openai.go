package doctor

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"aztray/internal/auth"
	"aztray/internal/openai"
)

func openAIChecks(o Options, f *facts) []check {
	return []check{{groupOpenAI, "openai", func(ctx context.Context) ([]Line, []check) {
		set := o.Settings.OpenAI
		if set.Endpoint == "" {
			return in(groupOpenAI, "", notApplicable("openai.address", "address", "openai.endpoint is not set, so none is asked.")), nil
		}
		s, ok := f.signIn.get(ctx)
		if !ok {
			return nil, nil
		}
		if !s.usable() {
			return judgeReach(set.Endpoint, reachOpenAI(ctx, o.Client.Silent.HTTP, set.Endpoint)), nil
		}
		result := openai.Client{HTTP: o.Client.Silent.HTTP, Timeout: 10 * time.Second}.Probe(ctx, openai.Settings{Endpoint: set.Endpoint,
			APIVersion: set.APIVersion, ChatModel: set.ChatModel, EmbeddingModel: set.EmbeddingModel}, s.Token).Named(s.Known, s.Tenant)
		if ctx.Err() != nil {
			return nil, nil
		}
		return judgeOpenAI(result), nil
	}}}
}

// step is one thing that a call to the endpoint must get past, in their order.
type step struct {
	check, title, good string
	codes              []string // of the faults that end here
}

var steps = []step{
	{"openai.address", "address", "", []string{"OPENAI_NOT_HTTPS", "OPENAI_BAD_ENDPOINT", "OPENAI_REGIONAL_ENDPOINT"}},
	{"openai.dns", "name (DNS)", "It is known", []string{"OPENAI_DNS", "OPENAI_OFFLINE"}},
	{"openai.tls", "connection (TLS)", "It answers, with a certificate that is trusted",
		[]string{"OPENAI_CERTIFICATE", "OPENAI_PROXY", "OPENAI_TIMEOUT", "OPENAI_UNREACHABLE", "OPENAI_UNAVAILABLE", "OPENAI_THROTTLED", "OPENAI_FIREWALL", "OPENAI_PRIVATE_ONLY"}},
	{"openai.tenant", "tenant", "It is the sign-in's", []string{"OPENAI_WRONG_TENANT", "OPENAI_WRONG_SCOPE", "OPENAI_TOKEN_REFUSED"}},
	{"openai.role", "role", "The account may call it", []string{"OPENAI_ROLE_MISSING", "OPENAI_FORBIDDEN"}},
}

// judgeOpenAI spreads what one probe found over the steps that a call takes.
func judgeOpenAI(r openai.Result) []Line {
	stopped := stoppedAt(r)
	var lines []Line
	for i, s := range steps {
		if i == stopped {
			lines = append(lines, openAIProblem(s.check, s.title, r.Status, r), notApplicable("openai.deployment", "the rest", "It shows when that is right."))
			return in(groupOpenAI, "", lines...)
		}
		lines = append(lines, good(s.check, s.title, cmp.Or(s.good, r.Endpoint)))
	}
	return in(groupOpenAI, "", append(lines, judgeDeployments(r)...)...)
}

// judgeReach is what can be told without a token: whether the endpoint is there.
func judgeReach(endpoint string, err error) []Line {
	lines := []Line{good("openai.address", "address", endpoint)}
	if err != nil {
		p := auth.Classify(err.Error(), err)
		lines = append(lines, bad("openai.tls", "connection", Wrong, "OPENAI_UNREACHABLE", "It cannot be reached: "+reason(err)+".", p.Advice))
	} else {
		lines = append(lines, good("openai.tls", "connection", "It answers, with a certificate that is trusted"))
	}
	return in(groupOpenAI, "", append(lines, notApplicable("openai.deployment", "the rest", "It is asked when the sign-in works."))...)
}

// reachOpenAI asks for nothing, with no token. Any answer will do.
func reachOpenAI(ctx context.Context, client *http.Client, endpoint string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, endpoint, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// stoppedAt is the step at which the endpoint as a whole refuses; -1 where none does.
func stoppedAt(r openai.Result) int {
	if r.Problem == nil {
		return -1
	}
	at := slices.IndexFunc(steps, func(s step) bool { return slices.Contains(s.codes, r.Problem.Code) })
	own := slices.ContainsFunc(r.Deployments, func(d openai.Deployment) bool { return d.Problem != nil })
	switch {
	case own && at != len(steps)-1: // a deployment's own; only a role is everybody's
		return -1
	case at >= 0:
		return at
	}
	return 3 // such as a claims challenge: what stands in the way is the token
}

func openAIProblem(check, title string, s openai.Status, r openai.Result) Line {
	v := Wrong
	if s == openai.Degraded || s == openai.Unknown && r.Problem.Code == "OPENAI_TIMEOUT" {
		v = Warning
	}
	return problem(check, title, v, r.Problem)
}

func judgeDeployments(r openai.Result) []Line {
	var lines []Line
	for _, d := range r.Deployments {
		check, title := "openai.deployment", string(d.Kind)+" "+d.Name
		switch {
		case d.Problem == nil && d.Status == openai.Healthy:
			lines = append(lines, good(check, title, "It takes calls"))
		case d.Problem == nil:
			lines = append(lines, notApplicable(check, title, "It was not asked."))
		case d.Status == openai.Degraded:
			lines = append(lines, problem(check, title, Warning, d.Problem))
		default:
			lines = append(lines, problem(check, title, Wrong, d.Problem))
		}
	}
	return lines
}

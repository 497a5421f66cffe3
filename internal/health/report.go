package health

import (
	"net/http"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/report"
)

// Status is how a part stands, as other services' health checks have it.
type Status string

const (
	Healthy   Status = "healthy"
	Degraded  Status = "degraded" // it works, and somebody should look
	Unhealthy Status = "unhealthy"
)

func (s Status) code() int {
	if s == Unhealthy {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// worse is the worse of two.
func (s Status) worse(t Status) Status {
	order := []Status{Healthy, Degraded, Unhealthy}
	return order[max(slices.Index(order, s), slices.Index(order, t))]
}

// Report is what GET /health answers, in the shape that Code Story's own health has. Times are RFC 3339
// in UTC, null where there is none; it never holds a token.
type Report struct {
	Status     Status     `json:"status"`
	Timestamp  time.Time  `json:"timestamp"`
	Version    string     `json:"version"`
	Uptime     int        `json:"uptime"` // seconds
	Components Components `json:"components"`
}

// Components are the parts; OpenAI is nil where no endpoint is set.
type Components struct {
	AzureAuth  Component[AuthDetails]       `json:"azure_auth"`
	OpenAI     *Component[openai.Result]    `json:"openai,omitempty"`
	Docker     Component[DockerDetails]     `json:"docker"`
	Containers Component[ContainersDetails] `json:"containers"`
}

// Component is one part.
type Component[D any] struct {
	Status  Status `json:"status"`
	Details D      `json:"details"`
}

// AuthDetails are the sign-in's.
type AuthDetails struct {
	Message        string              `json:"message"` // how it stands, in a sentence
	Level          auth.Level          `json:"level"`
	Deadline       *time.Time          `json:"deadline"` // by when a person must act
	DeadlineSource auth.DeadlineSource `json:"deadline_source"`
	Account        string              `json:"account"`
	Tenant         auth.Tenant         `json:"tenant"`
	Subscription   auth.Subscription   `json:"subscription"`
	Credential     string              `json:"credential"`
	Scope          string              `json:"scope"`
	AccessToken    *TokenDetails       `json:"access_token"`
	OfflineSince   *time.Time          `json:"offline_since"`
	Problem        *auth.Problem       `json:"problem"`
	Renewal        *Renewal            `json:"renewal"` // under way, or the last one
}

// TokenDetails is when the access token ends, and whether it is renewed without a person.
type TokenDetails = report.Token

// DockerDetails say which engines do not answer.
type DockerDetails struct {
	Problems []*auth.Problem `json:"problems"`
}

// ContainersDetails count the covered containers and list them.
type ContainersDetails struct {
	Total      int               `json:"total"`
	Fresh      int               `json:"fresh"`
	Containers []ContainerReport `json:"containers"`
}

// ContainerReport is one container; null where nothing is known.
type ContainerReport struct {
	Name        string           `json:"name"`
	ID          string           `json:"id"`
	Project     string           `json:"project"`
	Engine      string           `json:"engine"`
	Delivery    string           `json:"delivery"`
	State       containers.State `json:"state"`
	Running     bool             `json:"running"`
	ExpiresOn   *time.Time       `json:"expires_on"`
	DeliveredAt *time.Time       `json:"delivered_at"`
	Error       *string          `json:"error"`
}

// newReport puts a snapshot in that shape. Containers and engines degrade the whole at most: whoever
// asks us for our health wants to know of the sign-in.
func newReport(s agent.Snapshot, now time.Time) Report {
	r := Report{Timestamp: now}
	r.Components.AzureAuth = Component[AuthDetails]{authStatus(s), authDetails(s, now)}
	r.Components.Docker = docker(s)
	r.Components.Containers = covered(s)
	r.Status = r.Components.AzureAuth.Status.worse(r.Components.Docker.Status).worse(r.Components.Containers.Status)
	if s.OpenAI != nil {
		r.Components.OpenAI = &Component[openai.Result]{openAIStatus(s.OpenAI.Status), *s.OpenAI}
		r.Status = r.Status.worse(r.Components.OpenAI.Status)
	}
	return r
}

func authStatus(s agent.Snapshot) Status {
	level := s.Level
	if level == auth.Renewing {
		level = s.Before
	}
	switch level {
	case auth.OK:
		return Healthy
	case auth.Expired, auth.SignedOut:
		return Unhealthy
	}
	return Degraded
}

func authDetails(s agent.Snapshot, now time.Time) AuthDetails {
	r := report.Of(s, now).Report
	d := AuthDetails{
		Message: headline(s, clock{}, now), Level: s.Level, Deadline: r.Deadline, DeadlineSource: r.DeadlineSource, Account: r.Account,
		Tenant: r.Tenant, Subscription: r.Subscription, Credential: r.Credential, Scope: r.Scope, AccessToken: r.AccessToken,
		OfflineSince: when(s.OfflineSince), Problem: s.Problem,
	}
	if d.Problem == nil && s.Level == auth.SignedOut {
		d.Problem = r.Problem.Full("")
	}
	return d
}

func docker(s agent.Snapshot) Component[DockerDetails] {
	c := Component[DockerDetails]{Healthy, DockerDetails{Problems: []*auth.Problem{}}}
	for _, p := range s.Missing {
		if p.Kind == auth.EngineMissing {
			c.Status, c.Details.Problems = Degraded, append(c.Details.Problems, p)
		}
	}
	return c
}

func covered(s agent.Snapshot) Component[ContainersDetails] {
	all := Component[ContainersDetails]{Healthy, ContainersDetails{Total: len(s.Containers), Containers: []ContainerReport{}}}
	if s.Held { // whichever there are, none is looked after
		all.Status = Degraded
	}
	for _, b := range s.Containers {
		c := report.ContainerOf(b)
		r := ContainerReport{c.Name, c.ID, c.Project, c.Engine, c.Delivery, c.State, b.Running, c.ExpiresOn, c.DeliveredAt, c.Error}
		if b.State == containers.Fresh {
			all.Details.Fresh++
		} else {
			all.Status = Degraded
		}
		all.Details.Containers = append(all.Details.Containers, r)
	}
	return all
}

func openAIStatus(s openai.Status) Status {
	switch s {
	case openai.Healthy:
		return Healthy
	case openai.Unhealthy:
		return Unhealthy
	}
	return Degraded
}

// when is a time for JSON; nil where it is not known.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

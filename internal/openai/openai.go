package openai

import (
	"context"
	"net/http"
	"time"

	"aztray/internal/auth"
)

// Status is what a container that calls the endpoint now would meet.
type Status string

const (
	Healthy   Status = "healthy"   // its calls are taken
	Degraded  Status = "degraded"  // the token works, but not every call does: throttled, or one deployment of two
	Unhealthy Status = "unhealthy" // its calls are refused
	Unknown   Status = "unknown"   // nothing could be learnt; what was known stays known
)

// Kind is what a deployment is called for.
type Kind string

const (
	Chat      Kind = "chat"
	Embedding Kind = "embedding"
)

// Settings say whom to ask for what.
type Settings struct {
	Endpoint       string // https://example.openai.azure.com
	APIVersion     string // "" means 2024-10-21
	ChatModel      string // the deployment's name; "" means none
	EmbeddingModel string // the same
}

// Client probes. Its methods may be called from any goroutine.
type Client struct {
	HTTP    *http.Client                                 // with proxy and certificates, as auth.HTTPClient gives; nil means http.DefaultClient
	Timeout time.Duration                                // for each of at most four requests; 0 means 15 seconds
	Resolve func(ctx context.Context, host string) error // tells a wrong name from no network; nil means the system's resolver
}

// Result is what one probe found. Nothing in it is secret.
type Result struct {
	Endpoint    string        `json:"endpoint"`
	Status      Status        `json:"status"`
	Deployments []Deployment  `json:"deployments"` // never nil
	Problem     *auth.Problem `json:"problem"`     // the one to show; it may be one deployment's
	TenantID    string        `json:"tenant_id"`   // of the endpoint, where it was learnt, else ""
	RetryAfter  time.Duration `json:"-"`           // asked for by the endpoint; 0 means it did not
	At          time.Time     `json:"at"`          // UTC
}

// Deployment is how one deployment stands. Where the endpoint as a whole refused, it was not asked:
// it has the endpoint's status and no problem of its own.
type Deployment struct {
	Name    string        `json:"name"`
	Kind    Kind          `json:"kind"`
	Status  Status        `json:"status"`
	Problem *auth.Problem `json:"problem"`
}

// deployments lists what the settings name, not asked yet.
func (s Settings) deployments() []Deployment {
	list := []Deployment{}
	if s.ChatModel != "" {
		list = append(list, Deployment{Name: s.ChatModel, Kind: Chat, Status: Unknown})
	}
	if s.EmbeddingModel != "" {
		list = append(list, Deployment{Name: s.EmbeddingModel, Kind: Embedding, Status: Unknown})
	}
	return list
}

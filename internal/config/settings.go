// Package config reads the settings: the file, the environment, defaults. It knows what a setting
// is called and what values it may have, not what it does. Use Load; StateDir is where the program
// keeps what it learnt. Of ours it imports only filewatch.
package config

import "time"

// Settings are all settings, checked. They are passed by value; nobody changes them.
type Settings struct {
	Azure      Azure
	OpenAI     OpenAI
	Notify     Notify
	Containers Containers
	Health     Health
	Endpoint   Endpoint
	Engine     Engine
	Kubernetes Kubernetes
	Tray       Tray
}

// Azure is the sign-in to watch.
type Azure struct {
	TenantID       string        // "": az's current tenant; an id or a domain
	SubscriptionID string        // "": az's current subscription
	Scope          string        // judged, and delivered
	SignInLifetime time.Duration // 0: learned
	LoginTimeout   time.Duration // how long a browser sign-in may take
	ProbeInterval  time.Duration // silent renewals are never tried more often than this
	Follow         bool          // bare az acts in the tenant that is switched to
}

// OpenAI is the endpoint that the containers call.
type OpenAI struct {
	Endpoint       string // "": never asked
	APIVersion     string
	EmbeddingModel string
	ChatModel      string
}

// Notify is when a person is told.
type Notify struct {
	Warn   []time.Duration // before the deadline, longest first; the longest turns the icon amber
	Snooze time.Duration
}

// Containers is who gets the credential and how.
type Containers struct {
	Names      []string // patterns of container or compose service names, as path.Match has them
	Delivery   string   // copy or mount
	Credential string   // access-token
	Scopes     []string // delivered besides Azure.Scope

	ScopesAllowed, TenantsAllowed []string // patterns: what a label may ask for without a question

	Logs bool // their logs are read for failures of the credential
}

// ListenAuto leaves health.listen to aztray: 127.0.0.1:8000, or the next port that is free and no container's.
const ListenAuto = "auto"

// Health is the local health API and what is watched besides.
type Health struct {
	Listen string   // a loopback address with its port, or ListenAuto; "" is off
	Watch  []string // other services' health URLs
	// AutoFix is what a request to renew may do: "browser" opens one where it must, "silent" never.
	AutoFix string
}

// Endpoint is the identity endpoint for containers.
type Endpoint struct {
	Enabled bool
	Port    int // on loopback and on the bridge networks' gateways
}

// Engine is where the containers run.
type Engine struct {
	Hosts     []string // none: the engine that the docker command would use
	Plaintext []string // on other machines, and spoken to without encryption all the same
	Socket    bool     // our own socket, before the first of them
}

// Kubernetes is the Secret that pods mount.
type Kubernetes struct {
	Namespace string // "": none is kept
	Context   string // of the kubeconfig; "": its current one
	Secret    string
}

// Tray is how the icon looks.
type Tray struct {
	Icon string // auto, light or dark: the panel's ground
}

// Package cluster keeps the containers' credential as a Secret in one namespace of a Kubernetes cluster,
// where pods mount it. It knows the cluster's API and what a Secret may hold, and never how a token is
// obtained. It reads and writes that one Secret and needs no right besides.
package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

const (
	// Place is where the Secret is to be mounted in a pod: its small az looks there.
	Place = "/var/run/aztray"
	// Delivery is the way's name in a Status.
	Delivery = "secret"

	managedBy = "app.kubernetes.io/managed-by" // https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
	us        = "aztray"

	// What the Secret says of itself; none of it is secret.
	noteHash      = "aztray/hash"
	noteExpires   = "aztray/expires-on"
	noteDelivered = "aztray/delivered-at"
	noteWithdrawn = "aztray/withdrawn"

	callLimit = 15 * time.Second
	conflicts = 3 // somebody else wrote in between: so many times it is read again
)

// Options say which Secret of which cluster.
type Options struct {
	Kubeconfig string // "": as kubectl finds it, by KUBECONFIG and ~/.kube/config
	Context    string // "": the kubeconfig's current one
	Namespace  string
	Secret     string // its name
	// Plaintext are the addresses on other machines to which the Secret may go without encryption.
	Plaintext []string
}

// Cluster is one Secret in one cluster. Its methods may be called from several goroutines.
type Cluster struct {
	o       Options
	context string // the one in use
	api     *rest.RESTClient
	now     func() time.Time
}

// Connect reads the kubeconfig; nothing is asked of the cluster yet. Its error is an *auth.Problem.
func Connect(o Options) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	rules.WarnIfAllMissing = false
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.Context})
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, kubeconfigProblem("The kubeconfig can't be read.", "Repair it, or name another by KUBECONFIG.", err)
	}
	name := cmp.Or(o.Context, raw.CurrentContext)
	if raw.Contexts[name] == nil {
		return nil, kubeconfigProblem(fmt.Sprintf("The kubeconfig has no context %q.", name), "List them: kubectl config get-contexts; then set kubernetes.context.", nil)
	}
	cfg, err := loader.ClientConfig()
	if err != nil {
		return nil, kubeconfigProblem(fmt.Sprintf("The context %q of the kubeconfig can't be used.", name), "Try it: kubectl --context "+name+" version", err)
	}
	cfg.Timeout, cfg.UserAgent, cfg.WarningHandler = callLimit, us, rest.NoWarnings{}
	if cfg.ExecProvider != nil { // nobody is there to answer a plugin's questions
		cfg.ExecProvider.InteractiveMode = clientapi.NeverExecInteractiveMode
	}
	if server, _, err := rest.DefaultServerUrlFor(cfg); err == nil && containers.Overheard(server.String(), o.Plaintext) {
		return nil, kubeconfigProblem(fmt.Sprintf("The context %q of the kubeconfig leads to another machine without encryption: your tokens could be read on the way.", name),
			`Use an https:// server; on a network that you trust, set engine.plaintext = ["`+server.String()+`"].`, nil)
	}
	client, err := secretsOnly(cfg)
	if err != nil {
		return nil, kubeconfigProblem(fmt.Sprintf("The context %q of the kubeconfig can't be used.", name), "Try it: kubectl --context "+name+" version", err)
	}
	return &Cluster{o: o, context: name, api: client, now: time.Now}, nil
}

func kubeconfigProblem(message, advice string, err error) error {
	return &auth.Problem{Code: "KUBECONFIG", Kind: auth.ConfigError, Message: message, Advice: advice, Err: err}
}

// Target is the Secret as one of those to look after.
func (c *Cluster) Target() containers.Container {
	return containers.Container{ID: c.context + "/" + c.o.Namespace + "/" + c.o.Secret, Name: c.o.Namespace + "/" + c.o.Secret,
		Project: c.context, Engine: engineName, Running: true, Delivery: Delivery}
}

// Deliver makes the Secret hold b, cut down to what may leave the host, unless it does already. Without
// tokens it does nothing.
func (c *Cluster) Deliver(ctx context.Context, b auth.Bundle) containers.Status {
	if len(b.Tokens) == 0 {
		return c.status(containers.Missing, "There is no access token to deliver yet.")
	}
	return c.put(ctx, b)
}

// Withdraw empties the Secret, if it is there and ours.
func (c *Cluster) Withdraw(ctx context.Context) containers.Status {
	if s := c.Check(ctx); s.State == containers.Missing || s.State == containers.Failed {
		return s
	}
	return c.put(ctx, auth.Bundle{})
}

// Check says what the Secret holds and changes nothing.
func (c *Cluster) Check(ctx context.Context) containers.Status {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	found, err := c.get(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return c.status(containers.Missing, "")
	case err != nil:
		return c.failed(err)
	}
	return c.holds(found)
}

// put brings the Secret to what it should hold, again where somebody else wrote in between.
func (c *Cluster) put(ctx context.Context, b auth.Bundle) containers.Status {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	now := c.now()
	plain := containers.PlainFiles(b, Place, now)
	var err error
	for range conflicts {
		var found *core.Secret
		if found, err = c.get(ctx); apierrors.IsNotFound(err) {
			found, err = c.send(ctx, c.api.Post(), c.filled(&core.Secret{ObjectMeta: meta.ObjectMeta{Name: c.o.Secret}}, plain, now))
		} else if err == nil && !c.ours(found) {
			return c.holds(found)
		} else if err == nil && !c.same(found, plain) {
			found, err = c.send(ctx, c.api.Put().Name(c.o.Secret), c.filled(found, plain, now))
		}
		if err == nil {
			return c.holds(found)
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	return c.failed(err)
}

// filled is s with what is to be in it.
func (c *Cluster) filled(s *core.Secret, p containers.Plain, now time.Time) *core.Secret {
	s.Data, s.StringData = p.Files, nil
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Labels[managedBy] = us
	s.Annotations[noteHash] = p.Hash
	s.Annotations[noteDelivered] = now.UTC().Format(time.RFC3339)
	delete(s.Annotations, noteWithdrawn)
	if p.ExpiresOn.IsZero() {
		s.Annotations[noteWithdrawn] = "true"
	}
	s.Annotations[noteExpires] = p.ExpiresOn.Format(time.RFC3339)
	return s
}

func (c *Cluster) ours(s *core.Secret) bool { return s.Labels[managedBy] == us }

// same reports whether s holds p, all but the mark, which says when it was delivered.
func (c *Cluster) same(s *core.Secret, p containers.Plain) bool {
	return s.Annotations[noteHash] == p.Hash && maps.EqualFunc(plainFiles(s.Data), plainFiles(p.Files), bytes.Equal)
}

func plainFiles(all map[string][]byte) map[string][]byte {
	all = maps.Clone(all)
	delete(all, containers.MarkFile)
	return all
}

// holds says what s means.
func (c *Cluster) holds(s *core.Secret) containers.Status {
	if !c.ours(s) {
		return c.status(containers.Unwritable, "A Secret of this name is there and is not aztray's; set another name as kubernetes.secret.")
	}
	if s.Annotations[noteWithdrawn] != "" {
		return c.status(containers.Missing, "")
	}
	out := c.status(containers.Fresh, "")
	out.ExpiresOn, _ = time.Parse(time.RFC3339, s.Annotations[noteExpires])
	out.DeliveredAt, _ = time.Parse(time.RFC3339, s.Annotations[noteDelivered])
	if !out.ExpiresOn.After(c.now()) {
		out.State = containers.Stale
	}
	return out
}

func (c *Cluster) status(state containers.State, sentence string) containers.Status {
	t := c.Target()
	return containers.Status{Name: t.Name, ID: t.ID, Project: t.Project, Engine: t.Engine, Delivery: Delivery, State: state, Path: Place, Running: true, Error: sentence}
}

// failed turns the API's refusal into a sentence. The API's own text is not repeated: a refused update
// may quote what was sent.
func (c *Cluster) failed(err error) containers.Status {
	var sentence string
	var network net.Error
	where := fmt.Sprintf("the namespace %s (context %s)", c.o.Namespace, c.context)
	switch {
	case errors.Is(err, context.Canceled):
		sentence = "The work on it was cancelled."
	case apierrors.IsUnauthorized(err):
		sentence = fmt.Sprintf("The cluster does not know you any more (context %s); sign in to it as you do for kubectl.", c.context)
	case apierrors.IsForbidden(err):
		sentence = "You may not write it: get, create and update on secrets are needed in " + where + "."
	case apierrors.IsNotFound(err):
		sentence = "There is no " + where[len("the "):] + "; make it: kubectl create namespace " + c.o.Namespace
	case apierrors.IsInvalid(err):
		sentence = "The Secret can't be changed, perhaps because it is immutable; delete it, or set another name as kubernetes.secret."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		sentence = fmt.Sprintf("The cluster does not answer (context %s).", c.context)
	default:
		sentence = fmt.Sprintf("The cluster refused (%s): try kubectl --context %s -n %s get secret %s.", cmp.Or(string(apierrors.ReasonForError(err)), "no reason given"), c.context, c.o.Namespace, c.o.Secret)
	}
	return c.status(containers.Failed, sentence)
}

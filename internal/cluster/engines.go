package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Engines are the container engines together with the cluster that settings name, if any: whoever
// delivers need not know which is which.
type Engines struct {
	*containers.Engines
	o       Options // without a namespace: there is no cluster
	mu      sync.Mutex
	reached *Cluster // once the kubeconfig could be read
}

// With puts the cluster that o names beside the engines; without a namespace there is none.
func With(engines *containers.Engines, o Options) *Engines { return &Engines{Engines: engines, o: o} }

// engineName is where a Status says that the Secret is.
const engineName = "kubernetes"

// How often the Secret is looked at again: somebody may have changed or deleted it.
const (
	verifyEvery = 10 * time.Minute
	retryEvery  = time.Minute // while the kubeconfig can't be read
)

func (es *Engines) named() bool { return es.o.Namespace != "" }

func (es *Engines) cluster() (*Cluster, error) {
	es.mu.Lock()
	defer es.mu.Unlock()
	if es.reached == nil {
		c, err := Connect(es.o)
		if err != nil {
			return nil, err
		}
		es.reached = c
	}
	return es.reached, nil
}

// Count is how many there are, reached or not.
func (es *Engines) Count() int {
	if es.named() {
		return es.Engines.Count() + 1
	}
	return es.Engines.Count()
}

// Names are what an event calls them.
func (es *Engines) Names() []string {
	if es.named() {
		return append(es.Engines.Names(), engineName)
	}
	return es.Engines.Names()
}

// Watch is containers.Engines.Watch, and tells of the Secret now and then.
func (es *Engines) Watch(ctx context.Context, sel containers.Selector, tell func(containers.Event)) error {
	if !es.named() {
		return es.Engines.Watch(ctx, sel, tell)
	}
	var beside sync.WaitGroup
	beside.Go(func() { es.watchCluster(ctx, tell) })
	err := es.Engines.Watch(ctx, sel, tell)
	beside.Wait()
	return err
}

func (es *Engines) watchCluster(ctx context.Context, tell func(containers.Event)) {
	for {
		pause := verifyEvery
		event := containers.Event{Kind: containers.Listed, Engine: engineName}
		c, err := es.cluster()
		if err == nil {
			event.Containers = []containers.Container{c.Target()}
		} else if p, ok := errors.AsType[*auth.Problem](err); ok {
			event.Kind, event.Problem, pause = containers.Lost, p, retryEvery
		}
		tell(event)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause - rand.N(pause/10)):
		}
	}
}

// List is containers.Engines.List, and the Secret.
func (es *Engines) List(ctx context.Context, sel containers.Selector) ([]containers.Container, []*auth.Problem, error) {
	all, problems, err := es.Engines.List(ctx, sel)
	if err != nil || !es.named() {
		return all, problems, err
	}
	c, err := es.cluster()
	if err == nil {
		return append(all, c.Target()), problems, nil
	}
	p, ok := errors.AsType[*auth.Problem](err)
	if !ok {
		return nil, nil, err
	}
	return all, append(problems, p), nil
}

// Deliver is containers.Engines.Deliver, or puts b into the Secret.
func (es *Engines) Deliver(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Deliver(ctx, b) },
		func() containers.Status { return es.Engines.Deliver(ctx, c, b) })
}

// Renew is containers.Engines.Renew, or puts b into the Secret.
func (es *Engines) Renew(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Deliver(ctx, b) },
		func() containers.Status { return es.Engines.Renew(ctx, c, b) })
}

// DeliverAnew is containers.Engines.DeliverAnew; a Secret has no owner that could have changed.
func (es *Engines) DeliverAnew(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Deliver(ctx, b) },
		func() containers.Status { return es.Engines.DeliverAnew(ctx, c, b) })
}

// Check is containers.Engines.Check, or looks into the Secret.
func (es *Engines) Check(ctx context.Context, c containers.Container) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Check(ctx) },
		func() containers.Status { return es.Engines.Check(ctx, c) })
}

// Withdraw is containers.Engines.Withdraw, or empties the Secret.
func (es *Engines) Withdraw(ctx context.Context, c containers.Container) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Withdraw(ctx) },
		func() containers.Status { return es.Engines.Withdraw(ctx, c) })
}

// Release is containers.Engines.Release, or empties the Secret.
func (es *Engines) Release(ctx context.Context, c containers.Container) containers.Status {
	return es.secret(c, func(k *Cluster) containers.Status { return k.Withdraw(ctx) },
		func() containers.Status { return es.Engines.Release(ctx, c) })
}

func (es *Engines) secret(c containers.Container, with func(*Cluster) containers.Status, otherwise func() containers.Status) containers.Status {
	if c.Delivery != Delivery {
		return otherwise()
	}
	k, err := es.cluster()
	if err != nil {
		return containers.Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: Delivery, State: containers.Failed, Error: "The kubeconfig can't be read any more."}
	}
	return with(k)
}

// Restart is containers.Engines.Restart. A Secret has no process: who mounts it sees the new files.
func (es *Engines) Restart(ctx context.Context, chosen []containers.Container, o containers.RestartOptions) []containers.Restart {
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(c containers.Container) bool { return c.Delivery == Delivery })
	return es.Engines.Restart(ctx, chosen, o)
}

// WatchLogs is containers.Engines.WatchLogs; a Secret has no log.
func (es *Engines) WatchLogs(ctx context.Context, c containers.Container, tell func(containers.Finding)) error {
	if c.Delivery == Delivery {
		return nil
	}
	return es.Engines.WatchLogs(ctx, c, tell)
}

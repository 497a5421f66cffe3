package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/doctor"
	"aztray/internal/report"
)

// verifyAtOnce is fewer than deliveries: a real az takes seconds of a processor's time.
const verifyAtOnce = 4

// verifyAndPrint is sync --verify.
func (c *command) verifyAndPrint(ctx context.Context, s signIn, f found) error {
	boxes := c.deliver(ctx, s, f)
	tried := c.verify(ctx, s, f, boxes)
	r := c.report(ctx, s, f, boxes)
	for i, b := range r.Report.Containers {
		if v, ok := tried[b.ID]; ok {
			r.Report.Containers[i].Verified = report.VerifiedOf(v)
		}
	}
	return c.print(r)
}

// verify has each container that has a credential obtain a token. One that takes its tokens from the
// identity endpoint has one when it got one just now.
func (c *command) verify(ctx context.Context, s signIn, f found, boxes []containers.Status) map[string]containers.Verified {
	get := c.tokens(ctx, s)
	tried := map[string]containers.Verified{}
	var mu sync.Mutex
	var work sync.WaitGroup
	free := make(chan struct{}, verifyAtOnce)
	for i, box := range f.all {
		st := &boxes[i]
		if !triable(*st) {
			continue
		}
		free <- struct{}{}
		work.Go(func() {
			defer func() { <-free }()
			tenant, _ := c.view(s, nil).Wants(box)
			want, err := get(tenant, s.scope)
			if err != nil {
				return // its delivery has said so
			}
			mu.Lock()
			fmt.Fprintf(c.Err, "%s: obtaining a token inside\n", box.Name)
			mu.Unlock()
			v := f.engines.Verify(ctx, box, want)
			mu.Lock()
			defer mu.Unlock()
			tried[box.ID] = v
			if v.Result == containers.Obtained && box.Delivery == "endpoint" {
				st.State, st.ExpiresOn, st.DeliveredAt, st.Error = containers.Fresh, v.ExpiresOn, c.Now(), ""
			}
		})
	}
	work.Wait()
	return tried
}

func triable(st containers.Status) bool {
	switch st.State {
	case containers.Fresh, containers.Shared, containers.OwnSignIn:
		return true
	}
	return st.Delivery == "endpoint" && st.State == containers.Missing
}

// endpointProblem says what keeps containers from asking the identity endpoint; it is looked for where
// one of them is to.
func (c *command) endpointProblem(ctx context.Context, boxes []containers.Status) *auth.Problem {
	if !slices.ContainsFunc(boxes, func(b containers.Status) bool { return b.Delivery == "endpoint" }) {
		return nil
	}
	return doctor.EndpointPort(ctx, c.settings)
}

// insideColumn gives the column that says what came of the try, none where nothing was tried; its head
// for nil.
func insideColumn(all []ContainerReport, now time.Time) func(*ContainerReport) string {
	tried := false
	for _, b := range all {
		tried = tried || b.Verified != nil
	}
	return func(b *ContainerReport) string {
		switch {
		case !tried:
			return ""
		case b == nil:
			return "\tTRIED INSIDE"
		case b.Verified == nil:
			return "\t"
		}
		v := *b.Verified
		switch v.Result {
		case containers.Refused:
			return "\tfailed"
		case containers.Untried:
			return "\tcan't be tried"
		}
		return fmt.Sprintf("\t%s got one until %s", cmp.Or(*v.By, "it"), clock(*v.ExpiresOn, now))
	}
}

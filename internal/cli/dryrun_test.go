package cli

import (
	"testing"
	"time"

	"aztray/internal/containers"
)

func TestWould(t *testing.T) {
	ends, asked := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), "asked"
	for _, c := range []struct {
		name string
		b    ContainerReport
		want string
	}{
		{"none yet", ContainerReport{State: containers.Missing}, "give it the credential"},
		{"an old one", ContainerReport{State: containers.Stale}, "give it a new one"},
		{"a good one: sync renews first", ContainerReport{State: containers.Fresh, ExpiresOn: &ends}, "give it the newest"},
		{"a sign-in of its own", ContainerReport{State: containers.OwnSignIn}, "leave it alone"},
		{"your own az directory", ContainerReport{State: containers.Shared}, "leave it alone"},
		{"the endpoint's", ContainerReport{State: containers.Missing, Delivery: "endpoint"}, "leave it: it asks the endpoint itself"},
		{"no consent", ContainerReport{State: containers.Missing, Consent: &asked}, "leave it: it lacks your consent"},
	} {
		if got := would(c.b, ends); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := would(ContainerReport{State: containers.Missing}, time.Time{}); got != "leave it: there is no token to give" {
		t.Errorf("signed out: %q", got)
	}
}

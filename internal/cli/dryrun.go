package cli

import (
	"fmt"
	"time"

	"aztray/internal/containers"
)

// would says what sync would do to a container that holds what b says, with a token until ends; zero
// where there is none to give. sync renews first, so that there is always a newer one.
func would(b ContainerReport, ends time.Time) string {
	switch {
	case b.Delivery == "endpoint":
		return "leave it: it asks the endpoint itself"
	case b.Consent != nil:
		return "leave it: it lacks your consent"
	case ends.IsZero():
		return "leave it: there is no token to give"
	}
	switch b.State {
	case containers.Missing:
		return "give it the credential"
	case containers.Stale, containers.Failed:
		return "give it a new one"
	case containers.Fresh:
		return "give it the newest"
	}
	return "leave it alone"
}

// dryRun adds to a report what sync would do.
func dryRun(r *Report, now time.Time) {
	var ends time.Time
	if r.AccessToken != nil && r.AccessToken.ExpiresOn.After(now) {
		ends = r.AccessToken.ExpiresOn
	}
	for i, b := range r.Containers {
		r.Containers[i].Would = would(b, ends)
	}
}

// wouldColumn gives the column of a dry run, none elsewhere; its head for nil.
func wouldColumn(all []ContainerReport) func(*ContainerReport) string {
	dry := len(all) > 0 && all[0].Would != ""
	return func(b *ContainerReport) string {
		switch {
		case !dry:
			return ""
		case b == nil:
			return "\tSYNC WOULD"
		}
		return fmt.Sprint("\t", b.Would)
	}
}

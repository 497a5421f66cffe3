package openai

import "time"

const (
	calm        = 15 * time.Minute // between probes while all is well
	soon        = time.Minute      // after a first failure: a VPN, a role or a deployment may come at any time
	mostPatient = 2 * time.Hour    // the longest that throttling alone makes us wait
)

// Next says how long after r the next probe is due. failures counts the probes since the last
// [Healthy] one, r among them; each doubles the pause, up to the calm pace, or beyond it where the
// endpoint throttles. jitter, from 0 to 1, adds up to a tenth, so that many machines spread. The
// pause is never shorter than the endpoint asked for.
func Next(r Result, failures int, jitter float64) time.Duration {
	pause, most := soon, calm
	switch {
	case r.Status == Healthy, r.Problem == nil:
		pause = calm
	case r.Problem.Code == string(throttled):
		pause, most = calm, mostPatient
	}
	for ; failures > 1 && pause < most; failures-- {
		pause *= 2
	}
	pause = max(min(pause, most), r.RetryAfter)
	return pause + time.Duration(min(max(jitter, 0), 1)*float64(pause)/10)
}

package doctor

import (
	"context"

	"aztray/internal/auth"
	"aztray/internal/config"
)

// EndpointPort says what keeps containers from asking the identity endpoint on this machine, as far as its
// port on loopback tells; nil where all is well, or it is off. It is what the doctor's own line says.
func EndpointPort(ctx context.Context, set config.Settings) *auth.Problem {
	facts := lookAtPort(Options{Settings: set}, trayRuns(ctx))
	if facts.Wanted && !facts.Running && !facts.Taken {
		return &auth.Problem{Code: "ENDPOINT_NOT_SERVED", Kind: auth.ConfigError,
			Message: "aztray does not run, so that nobody answers containers at the identity endpoint.", Advice: "Start it: aztray, or aztray serve."}
	}
	for _, line := range judgePort(facts) {
		if line.Code != "" {
			return &auth.Problem{Code: line.Code, Kind: auth.ConfigError, Message: line.Message, Advice: line.Advice}
		}
	}
	return nil
}

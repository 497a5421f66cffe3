package enginesocket

import (
	"fmt"

	"aztray/internal/auth"
)

// NotOpen is the problem of a socket that is to be in dir and is not, for the reason err. What docker finds
// there is nothing, or the link to the engine's own that an earlier run left.
func NotOpen(dir string, err error) *auth.Problem {
	return &auth.Problem{Code: "ENGINE_SOCKET_NOT_OPEN", Kind: auth.ConfigError, Err: err,
		Message: fmt.Sprintf("The engine socket can't be opened at %s, so what docker starts by it fails or does not wait for its credential.", Address(dir)),
		Advice:  "See the log, free its place and start aztray again; until then: docker context use default"}
}

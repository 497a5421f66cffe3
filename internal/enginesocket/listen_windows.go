package enginesocket

import (
	"net"
	"os"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Address is where the person's engine socket is, as DOCKER_HOST has it: a named pipe, which is what the
// docker command speaks to here. Pipes have names in one place for all, hence the person's own.
func Address(string) string {
	user := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, os.Getenv("USERNAME"))
	return "npipe:////./pipe/aztray_engine_" + user
}

// listen opens the pipe, for its owner alone. It is one of messages, as the engine's is: only such a one
// can end its halves one by one.
func listen(dir string) (net.Listener, error) {
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return winio.ListenPipe(pipePath(dir), &winio.PipeConfig{SecurityDescriptor: "D:P(A;;GA;;;" + me.User.Sid.String() + ")",
		MessageMode: true, InputBufferSize: pieceSize, OutputBufferSize: pieceSize})
}

func pipePath(dir string) string {
	return strings.ReplaceAll(strings.TrimPrefix(Address(dir), "npipe://"), "/", `\`)
}

// Look says, in whatever process, why nobody is served by the person's pipe; nil: somebody is.
func Look(dir string) error {
	within := lookWithin
	conn, err := winio.DialPipe(pipePath(dir), &within)
	if err == nil {
		conn.Close()
	}
	return err
}

// Left is false: a pipe leaves nothing.
func Left(string) bool { return false }

// replace has nothing to do: a pipe is gone with who listens.
func replace(string, string) error { return nil }

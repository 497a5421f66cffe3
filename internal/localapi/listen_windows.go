package localapi

import (
	"context"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// pipe is the person's own: pipes have names in one place for all, hence their security identifier in it.
func pipe() (path, sid string, err error) {
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", "", err
	}
	sid = me.User.Sid.String()
	return `\\.\pipe\aztray-` + sid, sid, nil
}

// listen opens the pipe, which nobody but this person may open.
func listen(string) (net.Listener, error) {
	path, sid, err := pipe()
	if err != nil {
		return nil, err
	}
	return winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: "D:P(A;;GA;;;" + sid + ")"})
}

// dial opens the pipe. Another user may have made one of that name first, to be asked in our stead: what it gets of us
// are names and a fingerprint, and who listens is checked before anything is believed.
func dial(ctx context.Context, _ string) (net.Conn, error) {
	path, sid, err := pipe()
	if err != nil {
		return nil, err
	}
	conn, err := winio.DialPipeContext(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := ownedBy(conn, sid); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

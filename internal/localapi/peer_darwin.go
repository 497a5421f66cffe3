package localapi

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// peer is the user at the other end: unix(4), LOCAL_PEERCRED.
func peer(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Xucred
	var asked error
	if err := raw.Control(func(fd uintptr) { cred, asked = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED) }); err != nil || asked != nil {
		return 0, errors.Join(err, asked)
	}
	return int(cred.Uid), nil
}

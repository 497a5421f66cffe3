package localapi

import (
	"errors"
	"net"
	"syscall"
)

// peer is the user at the other end: unix(7), SO_PEERCRED.
func peer(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) {
		cred, asked = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil || asked != nil {
		return 0, errors.Join(err, asked)
	}
	return int(cred.Uid), nil
}

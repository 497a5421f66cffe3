package localapi

import (
	"errors"
	"net"

	"golang.org/x/sys/windows"
)

// ownedBy checks whose pipe conn is: its owner is who made it.
func ownedBy(conn net.Conn, sid string) error {
	f, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return errors.New("the pipe does not tell whose it is")
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return err
	}
	administrators, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid) // an elevated process's default owner
	if err != nil {
		return err
	}
	if owner.String() != sid && !owner.Equals(administrators) {
		return errors.New("the pipe belongs to somebody else")
	}
	return nil
}

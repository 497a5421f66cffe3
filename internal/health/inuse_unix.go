//go:build unix

package health

import "syscall"

const errInUse = syscall.EADDRINUSE

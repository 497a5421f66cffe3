package containers

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// defaultHost is where the docker command looks first when nothing is set.
const defaultHost = "npipe:////./pipe/docker_engine"

// startCommand is what starts the engine.
const startCommand = "start Docker Desktop from the Start menu"

// pipeConn is a named pipe. Opened for overlapped use, its deadlines work.
type pipeConn struct{ *os.File }

type pipeAddr string

func (pipeAddr) Network() string  { return "npipe" }
func (a pipeAddr) String() string { return string(a) }

func (c pipeConn) LocalAddr() net.Addr  { return pipeAddr(c.Name()) }
func (c pipeConn) RemoteAddr() net.Addr { return pipeAddr(c.Name()) }

// dialPipe opens a named pipe, waiting while all its instances are taken.
func dialPipe(ctx context.Context, path string) (net.Conn, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	for {
		// SECURITY_ANONYMOUS: the server of the pipe can't act as the person who dials it.
		const flags = windows.FILE_FLAG_OVERLAPPED | windows.SECURITY_SQOS_PRESENT | windows.SECURITY_ANONYMOUS
		h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, flags, 0)
		if err == nil {
			return pipeConn{os.NewFile(uintptr(h), path)}, nil
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

package containers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/bounded"
)

// sshHost is an engine at the other end of SSH: ssh://[user@]host[:port][/path of its socket].
type sshHost struct{ user, host, port, socket string }

// parseSSH takes an address apart. What ssh could take for an option, or a password, is refused.
func parseSSH(address string) (sshHost, error) {
	u, err := url.Parse(address)
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return sshHost{}, bad.Err // without the address, in which there may be a password
	}
	h := sshHost{u.User.Username(), u.Hostname(), u.Port(), strings.TrimSuffix(u.Path, "/")}
	_, password := u.User.Password()
	switch {
	case h.host == "" || strings.HasPrefix(h.host, "-") || strings.HasPrefix(h.user, "-"):
		return sshHost{}, errors.New("it names no host")
	case password:
		return sshHost{}, errors.New("it has a password in it, which others could see; use a key")
	case u.RawQuery != "" || u.Fragment != "":
		return sshHost{}, errors.New("it has more behind the path")
	}
	return h, nil
}

// String is the host as one types it behind ssh.
func (h sshHost) String() string {
	if h.user != "" {
		return h.user + "@" + h.host
	}
	return h.host
}

// args are ssh's, as the docker command gives them. The person's own ~/.ssh/config holds for the rest:
// names of hosts, keys, jumps. Nobody is there to answer a question, and a link that died is noticed.
// https://github.com/docker/cli/tree/master/cli/connhelper
func (h sshHost) args() []string {
	all := []string{"-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3",
		"-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none"}
	if h.user != "" {
		all = append(all, "-l", h.user)
	}
	if h.port != "" {
		all = append(all, "-p", h.port)
	}
	all = append(all, "--", h.host, "docker")
	if h.socket != "" { // a shell over there reads it
		all = append(all, "--host", "'unix://"+strings.ReplaceAll(h.socket, "'", `'\''`)+"'")
	}
	return append(all, "system", "dial-stdio")
}

const (
	sshStarting = 4                      // connections being made at once: sshd drops some of ten that have not signed in
	sshPatience = 4                      // how many times longer a call may take: it may wait for connections to be made
	sshLogs     = 16                     // logs read at once, each of which is a connection, and a process here and there
	sshLastWord = 2 * time.Second        // for ssh to say why it ends
	sshStderr   = 4 << 10                // bytes kept of what it says
	sshLinger   = 500 * time.Millisecond // for what ssh left behind and holds its standard error, as a shared connection does
)

// sshDialer makes connections to one engine, each by an ssh of its own.
type sshDialer struct {
	host     sshHost
	starting chan struct{} // held until the first byte comes
}

func newSSHDialer(h sshHost) *sshDialer {
	return &sshDialer{h, make(chan struct{}, sshStarting)}
}

// dial starts ssh. Whether it gets through shows at the first read.
func (d *sshDialer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case d.starting <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	c, err := startSSH(d.host, sync.OnceFunc(func() { <-d.starting }))
	if err != nil {
		<-d.starting
		return nil, err
	}
	return c, nil
}

// sshConn is a connection through ssh and the docker command at the other end.
type sshConn struct {
	cmd     *exec.Cmd
	host    sshHost
	in, out *os.File // its standard input and output
	said    *bounded.Tail
	through func()        // what is to be done when the first byte comes, or none will
	done    chan struct{} // closed when ssh has ended
	err     error         // how it ended
	close   sync.Once
}

func startSSH(h sshHost, through func()) (*sshConn, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	c := &sshConn{cmd: exec.Command("ssh", h.args()...), host: h, in: in, out: out, through: through, done: make(chan struct{}), said: &bounded.Tail{Max: sshStderr}}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = theirIn, theirOut, c.said
	c.cmd.WaitDelay = sshLinger
	ownGroup(c.cmd)
	err = c.cmd.Start()
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

func (c *sshConn) Read(p []byte) (int, error) {
	n, err := c.out.Read(p)
	c.through()
	if n == 0 && err != nil {
		err = c.why(err)
	}
	return n, err
}

func (c *sshConn) Write(p []byte) (int, error) {
	n, err := c.in.Write(p)
	if err != nil {
		err = c.why(err)
	}
	return n, err
}

// why is what ssh says at its end, in place of err.
func (c *sshConn) why(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	select {
	case <-c.done:
	case <-time.After(sshLastWord):
		return err
	}
	if exit, ok := errors.AsType[*exec.ExitError](c.err); ok {
		return &sshError{host: c.host, code: exit.ExitCode(), said: strings.TrimSpace(c.said.String())}
	}
	return err
}

// CloseWrite tells the other end that no more comes.
func (c *sshConn) CloseWrite() error { return c.in.Close() }

// Close ends ssh and what it started here; at the other end the docker command ends with its input.
func (c *sshConn) Close() error {
	c.close.Do(func() {
		c.through()
		c.in.Close()
		select {
		case <-c.done:
		default:
			killGroup(c.cmd)
			<-c.done
		}
		c.out.Close()
	})
	return nil
}

func (c *sshConn) LocalAddr() net.Addr                { return sshAddr{c.host} }
func (c *sshConn) RemoteAddr() net.Addr               { return sshAddr{c.host} }
func (c *sshConn) SetReadDeadline(t time.Time) error  { return c.out.SetReadDeadline(t) }
func (c *sshConn) SetWriteDeadline(t time.Time) error { return c.in.SetWriteDeadline(t) }
func (c *sshConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

type sshAddr struct{ host sshHost }

func (sshAddr) Network() string  { return "ssh" }
func (a sshAddr) String() string { return a.host.String() }

// sshError is how an ssh ended that did not get through to the engine.
type sshError struct {
	host sshHost
	code int
	said string
}

// Error has nothing of what was said: the library looks for words in it, and would take the error away.
func (e *sshError) Error() string {
	return fmt.Sprintf("ssh %s ended with code %d", e.host, e.code)
}

// problem says in a sentence why, by what OpenSSH and the docker command at the other end say.
func (e *sshError) problem() *auth.Problem {
	host := e.host.String()
	p := &auth.Problem{Code: "ENGINE_SSH", Kind: auth.EngineMissing, Err: fmt.Errorf("%w: %s", e, e.said),
		Message: "The Docker engine on " + host + " can't be reached by SSH.", Advice: "See what this says: ssh " + host + " docker version"}
	says := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(e.said, part) {
				return true
			}
		}
		return false
	}
	switch {
	case says("raw stream connection") && says("permission denied"):
		p.Message, p.Advice = "You may not use the Docker engine on "+host+".", "Add yourself to its group there: ssh "+host+" 'sudo usermod -aG docker $USER'"
	case says("raw stream connection"):
		p.Message, p.Advice = "The Docker engine on "+host+" is not running.", "Start it there, and see what this says: ssh "+host+" docker version"
	case e.code == 127 || says("command not found"):
		p.Message, p.Advice = "There is no docker command on "+host+", which is needed to reach its engine.", "Install it there, where ssh finds it: ssh "+host+" docker version"
	case says("Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"):
		p.Message, p.Advice = "The machine that answers as "+host+" is not known to ssh, or is not the one it knows.", "Connect by hand and compare its key: ssh "+host
	case says("Permission denied ("):
		p.Message, p.Advice = "ssh can't sign in to "+host+" without asking you.", "Load your key (ssh-add), until this works: ssh -o BatchMode=yes "+host+" true"
	case says("Could not resolve hostname"):
		p.Message = "ssh knows no machine called " + e.host.host + "."
	case says("Connection refused"):
		p.Message = "No SSH server answers on " + host + "."
	case says("timed out", "No route to host", "Network is unreachable"):
		p.Message, p.Advice = "The machine "+host+" can't be reached.", "Is it on, and are you on its network? See: ssh "+host+" docker version"
	}
	return p
}

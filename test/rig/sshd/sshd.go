//go:build linux

// Package sshd is a machine to be reached by SSH: OpenSSH's real server on loopback, with keys of its
// own, and the ssh command for it. It knows nothing of container engines, and touches nothing of the
// person's: not their keys, nor the hosts that they know.
package sshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Host is what the machine is called in the settings of the ssh that Bin has.
const Host = "rig-build"

// Server is the machine, up. Its methods are for one goroutine.
type Server struct {
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start starts the server with files of its own in dir.
func Start(ctx context.Context, dir string) (*Server, error) {
	s := &Server{dir: dir, done: make(chan struct{})}
	close(s.done)
	for _, key := range []string{"host", "person", "stranger"} {
		if out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.file(key)).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	if err := errors.Join(free.Close(), s.settings(), s.Up(ctx)); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

// Bin is a directory with an ssh that goes by settings like a person's own ~/.ssh/config, in which the
// server has a name; for the front of PATH.
func (s *Server) Bin() string { return s.file("bin") }

func (s *Server) settings() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return err
	}
	public, err := os.ReadFile(s.file("host.pub"))
	if err != nil {
		return err
	}
	path := os.Getenv("PATH")
	write := func(name, text string, mode os.FileMode) {
		err = errors.Join(err, os.WriteFile(s.file(name), []byte(text), mode))
	}
	write("known", fmt.Sprintf("[127.0.0.1]:%d %s", s.port, public), 0o600)
	write("server", fmt.Sprintf("ListenAddress 127.0.0.1\nPort %d\nHostKey %s\nPidFile none\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\n"+
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nSetEnv PATH=%s\n",
		s.port, s.file("host"), s.file("person.pub"), path), 0o600)
	host := "Host %s\nHostName 127.0.0.1\nPort %d\nUser %s\nIdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\nGlobalKnownHostsFile none\n"
	write("client", fmt.Sprintf(host, Host, s.port, me.Username, s.file("person"), s.file("known"))+
		fmt.Sprintf(host, Host+"-denied", s.port, me.Username, s.file("stranger"), s.file("known"))+
		fmt.Sprintf(host, Host+"-unknown", s.port, me.Username, s.file("person"), s.file("none")), 0o600)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Bin(), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.Bin(), "ssh"), fmt.Appendf(nil, "#!/bin/sh\nexec %s -F %s \"$@\"\n", ssh, s.file("client")), 0o700)
}

// Up starts the server again on its port after Down.
func (s *Server) Up(ctx context.Context) error {
	program, err := exec.LookPath("sshd")
	if err != nil {
		program = "/usr/sbin/sshd" // which is not on everybody's PATH; it must be started by its whole path
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // it insists, as root
			return err
		}
	}
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(program, "-D", "-e", "-f", s.file("server"))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		cmd.Wait()
		close(done)
	}(s.cmd, s.done)
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.done:
			text, _ := os.ReadFile(s.file("log"))
			return fmt.Errorf("sshd has ended: %s", text)
		case <-ctx.Done():
			return errors.Join(err, s.Down())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Down ends the server and every connection.
func (s *Server) Down() error {
	select {
	case <-s.done:
		return nil
	default:
	}
	for _, pid := range descendants(s.cmd.Process.Pid) { // each connection has a session of its own
		syscall.Kill(pid, syscall.SIGKILL)
	}
	err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.done
	return err
}

// Freeze makes the server stand still, connections and all, as behind a network that has gone.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(what syscall.Signal) error {
	var errs []error
	for _, pid := range append(descendants(s.cmd.Process.Pid), s.cmd.Process.Pid) {
		if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Connections counts the connections that are open.
func (s *Server) Connections() int {
	n := 0
	for _, pid := range descendants(s.cmd.Process.Pid) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // gone since: none
		if strings.Contains(string(line), "dial-stdio") && strings.HasPrefix(string(line), "docker") {
			n++
		}
	}
	return n
}

// Clients counts the ssh commands of Bin that run.
func (s *Server) Clients() int {
	n := 0
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		line, _ := os.ReadFile(file) // gone since: none
		if strings.Contains(string(line), "\x00-F\x00"+s.file("client")+"\x00") {
			n++
		}
	}
	return n
}

// descendants are the processes below pid.
func descendants(pid int) []int {
	var all []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // gone since: none
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			child := 0
			if _, err := fmt.Sscan(field, &child); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

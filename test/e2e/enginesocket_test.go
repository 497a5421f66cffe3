//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// socketed is a story with the engine socket, on which docker's own programs work.
type socketed struct {
	*story
	socket string
}

// beginSocket signs in and serves the engine socket, without a desktop.
func beginSocket(t testing.TB, settings string) *socketed {
	x := &socketed{story: begin(t, stage.Options{NoDesktop: true, Settings: "[engine]\nsocket = true\n" + settings})}
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.socket = filepath.Join(x.Dir, "run", "aztray", "docker.sock")
	x.serve()
	return x
}

// serve starts the program and waits for its socket and its token.
func (x *socketed) serve() {
	x.t.Helper()
	var err error
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "the engine socket is there", func() bool {
		conn, err := net.Dial("unix", x.socket)
		if err == nil {
			conn.Close()
		}
		return err == nil && strings.Contains(x.tray.Log(), "the engine socket listens")
	})
	x.must(x.RunContainer(x.ctx, "warm", images.Sh))
	x.holdsNew(20*time.Second, "warm", "")
	x.must(x.RemoveContainer(x.ctx, "warm"))
}

// by is a program of docker's with the engine at an address.
func (x *socketed) by(address, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(x.ctx, name, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+address, "DOCKER_BUILDKIT=0", "COMPOSE_DOCKER_CLI_BUILD=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// says runs docker by the socket with an input, and gives what it prints and its exit code.
func (x *socketed) says(input string, args ...string) (string, int) {
	x.t.Helper()
	cmd := x.by("unix://"+x.socket, "docker", args...)
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		x.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// docker runs docker by the socket, which must succeed and print what is wanted; "" is anything.
func (x *socketed) docker(want string, args ...string) string {
	x.t.Helper()
	out, code := x.says("", args...)
	if code != 0 || want != "" && strings.TrimSpace(out) != want {
		x.t.Errorf("docker %s: exit code %d, %q; want %q", strings.Join(args, " "), code, out, want)
	}
	return out
}

// The docker command's day of work goes through the socket as it does without it.
func TestDockersDayOfWorkByTheEngineSocket(t *testing.T) {
	x := beginSocket(t, "")
	t.Run("runs", x.runs)
	t.Run("a terminal", x.terminal)
	t.Run("execs and logs", x.execsAndLogs)
	t.Run("copies and builds", x.copiesAndBuilds)
	t.Run("errors", x.errors)
	t.Run("events", x.events)
	t.Run("BuildKit's connection", x.buildKit)
	t.Run("twenty at once", x.twenty)
	t.Run("compose", x.compose)
	t.Run("our own command line", x.ourOwn)
}

func (x *socketed) runs(t *testing.T) {
	if out, code := x.says("to be or not\n", "run", "-i", "--rm", images.Sh, "cat"); out != "to be or not\n" || code != 0 {
		t.Errorf("what goes in comes out: %q, %d", out, code)
	}
	if out, code := x.says("3\n1\n2\n", "run", "-i", "--rm", images.Sh, "sort"); out != "1\n2\n3\n" || code != 0 { // needs the end of its input
		t.Errorf("a filter: %q, %d", out, code)
	}
	if out, code := x.says("", "run", "--rm", images.Sh, "sh", "-c", "echo out; echo err >&2; exit 7"); !strings.Contains(out, "out\n") || !strings.Contains(out, "err\n") || code != 7 {
		t.Errorf("an exit code: %q, %d", out, code)
	}
	x.Cleanup(x.Name("day"))
	x.docker("", "create", "--name", x.Name("day"), images.Sh, "sh", "-c", "echo began; exec sleep 1000")
	x.docker(x.Name("day"), "start", x.Name("day"))
	x.docker(x.Name("day"), "restart", "-t", "0", x.Name("day"))
	x.docker(x.Name("day"), "pause", x.Name("day"))
	x.docker(x.Name("day"), "unpause", x.Name("day"))
	x.docker(x.Name("day"), "kill", x.Name("day"))
	x.docker("137", "wait", x.Name("day"))
	x.docker(x.Name("day"), "start", x.Name("day"))
	x.docker("", "stats", "--no-stream", x.Name("day"))
	x.docker("", "top", x.Name("day"))
}

// terminal has docker on a pseudo terminal: what is typed, its size, and the end.
// busybox's stty prints nothing, and exits with 0, until docker has told the terminal its size.
func (x *socketed) terminal(t *testing.T) {
	line := fmt.Sprintf("stty rows 33 cols 77; exec docker run -it --rm --name %s %s sh -c 'read a; echo got $a; until size=$(busybox stty size) && [ -n \"$size\" ]; do sleep 0.1; done; echo $size; exit 5'", x.Name("tty"), images.Sh)
	cmd := x.by("unix://"+x.socket, "script", "-qec", line, "/dev/null")
	in, err := cmd.StdinPipe()
	x.must(err)
	var out syncBuffer
	cmd.Stdout = &out
	x.must(cmd.Start())
	x.eventually(20*time.Second, "it runs", func() bool {
		state, _ := x.says("", "inspect", "-f", "{{.State.Running}}", x.Name("tty"))
		return strings.TrimSpace(state) == "true"
	})
	io.WriteString(in, "typed\n")
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 5 || !strings.Contains(out.String(), "got typed\r\n33 77") {
		t.Errorf("%v, %q", err, out.String())
	}
}

// syncBuffer may be read while it is written to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (x *socketed) execsAndLogs(t *testing.T) {
	day := x.Name("day")
	if out, code := x.says("by exec\n", "exec", "-i", day, "sh", "-c", "cat >/tmp/said; cat /tmp/said; exit 3"); out != "by exec\n" || code != 3 {
		t.Errorf("exec: %q, %d", out, code)
	}
	x.docker("", "exec", "-d", day, "touch", "/tmp/behind")
	x.eventually(5*time.Second, "an exec in the background", func() bool {
		_, code := x.says("", "exec", day, "ls", "/tmp/behind")
		return code == 0
	})
	cmd := x.by("unix://"+x.socket, "docker", "logs", "-f", day)
	var out syncBuffer
	cmd.Stdout = &out
	x.must(cmd.Start())
	x.eventually(10*time.Second, "its log so far", func() bool { return strings.Count(out.String(), "began") == 3 })
	x.docker(day, "stop", "-t", "0", day)
	if err := cmd.Wait(); err != nil { // ends with the container
		t.Errorf("logs -f: %v", err)
	}
	x.docker(day, "start", day)

	follow := x.by("unix://"+x.socket, "docker", "logs", "-f", day) // and with whoever reads it
	x.must(follow.Start())
	syscall.Kill(-follow.Process.Pid, syscall.SIGKILL)
	follow.Wait()
	x.docker("", "ps")
}

func (x *socketed) copiesAndBuilds(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	x.must(exec.Command("sh", "-c", "head -c 30000000 /dev/urandom >"+big).Run())
	x.docker("", "cp", big, x.Name("day")+":/tmp/big")
	back := filepath.Join(t.TempDir(), "back")
	x.docker("", "cp", x.Name("day")+":/tmp/big", back)
	x.must(exec.Command("cmp", big, back).Run())

	image := x.Name("built")
	x.must(os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+images.Sh+"\nCOPY big /big\nRUN sha256sum /big >/sum\nRUN rm /big\n"), 0o644))
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", image).Run() })
	x.docker("", "build", "-q", "-t", image, dir)
	sum, err := exec.Command("sha256sum", big).Output()
	x.must(err)
	x.docker(strings.Fields(string(sum))[0]+"  /big", "run", "--rm", image, "cat", "/sum")

	saved := x.by("unix://"+x.socket, "sh", "-c", "docker save "+image+" | docker load")
	if out, err := saved.CombinedOutput(); err != nil || !strings.Contains(string(out), "Loaded image") {
		t.Errorf("save and load: %v\n%s", err, out)
	}
}

// errors are the engine's own, word for word.
func (x *socketed) errors(t *testing.T) {
	for _, args := range []string{"start no-such-container", "pull 127.0.0.1:1/none", "run --rm no-such-image:none", "exec " + x.Name("day") + " no-such-program",
		"attach no-such-container", "run --rm " + images.Sh + " no-such-program", "inspect none", "network rm bridge"} {
		out, code := x.says("", strings.Fields(args)...)
		direct := exec.Command("docker", strings.Fields(args)...)
		want, _ := direct.CombinedOutput()
		if string(want) != out || code != direct.ProcessState.ExitCode() {
			t.Errorf("docker %s: %d, %q; by itself %d, %q", args, code, out, direct.ProcessState.ExitCode(), want)
		}
	}
}

func (x *socketed) events(t *testing.T) {
	cmd := x.by("unix://"+x.socket, "docker", "events", "--filter", "container="+x.Name("day"), "--format", "{{.Action}}")
	var out syncBuffer
	cmd.Stdout = &out
	x.must(cmd.Start())
	x.eventually(10*time.Second, "an event", func() bool {
		x.docker(x.Name("day"), "pause", x.Name("day"))
		x.docker(x.Name("day"), "unpause", x.Name("day"))
		return strings.Contains(out.String(), "unpause")
	})
	syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	cmd.Wait()
}

// buildKit takes a connection over as BuildKit's clients do, and speaks HTTP/2 on it.
func (x *socketed) buildKit(t *testing.T) {
	conn, err := net.Dial("unix", x.socket)
	x.must(err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(conn, "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	r := bufio.NewReader(conn)
	if answer, err := http.ReadResponse(r, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", answer, err)
	}
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00" // an empty frame of that kind
	fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings)
	frame := make([]byte, 9)
	if _, err := io.ReadFull(r, frame); err != nil || frame[3] != 4 {
		t.Errorf("%v: % x, want a frame of settings", err, frame)
	}
}

func (x *socketed) twenty(t *testing.T) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			want := fmt.Sprintf("number %d\n", i)
			if out, code := x.says(want, "run", "-i", "--rm", images.Sh, "cat"); out != want || code != 0 {
				t.Errorf("%q, %d; want %q", out, code, want)
			}
		})
	}
	all.Wait()
}

// compose brings a project up and down; its service has its token at its first instruction.
func (x *socketed) compose(t *testing.T) {
	dir := t.TempDir()
	project := strings.Trim(x.Name("shop"), "-")
	file := fmt.Sprintf("version: '3'\nservices:\n  web:\n    image: %s\n    container_name: %s\n    command: /probe firstread /root/.azure/msal_token_cache.json\n  job:\n    image: %s\n    command: echo done\n    depends_on: [web]\n", images.Sh, x.Name("web"), images.Sh)
	x.must(os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(file), 0o644))
	compose := func(args ...string) string {
		cmd := x.by("unix://"+x.socket, "docker-compose", append([]string{"-p", project}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("docker-compose %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	t.Cleanup(func() { compose("down", "-t", "1") })
	compose("up", "-d")
	if !x.firstSight("web").Exists {
		t.Error("the token was not there at the first instruction")
	}
	if out := compose("exec", "-T", "web", "cat", "/root/.azure/msal_token_cache.json"); !strings.Contains(out, "AccessToken") {
		t.Errorf("compose exec: %.200q", out)
	}
	if out := compose("logs", "job"); !strings.Contains(out, "done") {
		t.Errorf("compose logs: %q", out)
	}
	if out := compose("up", "job"); !strings.Contains(out, "done") { // attached, to its end
		t.Errorf("compose up: %q", out)
	}
	compose("restart", "-t", "1", "web")
	compose("down", "-t", "1")
	compose("up", "-d")
	if !x.firstSight("web").Exists {
		t.Error("the token was not there at the first instruction of the one made anew")
	}
}

// ourOwn makes the docker context and goes on to find the engine when docker uses it; and docker finds
// the engine when the program has ended.
func (x *socketed) ourOwn(t *testing.T) {
	context := func() string {
		out, msg, code, err := x.Aztray(x.ctx, "engine", "context")
		x.must(err)
		if code != 0 || !strings.Contains(out, "unix://"+x.socket) {
			t.Errorf("engine context: exit code %d\n%s%s", code, out, msg)
		}
		return out
	}
	t.Log(context())
	use := func(args ...string) string {
		out, msg, err := x.Run(x.ctx, "docker", args...)
		if err != nil {
			t.Errorf("docker %s: %v\n%s%s", strings.Join(args, " "), err, out, msg)
		}
		return strings.TrimSpace(out)
	}
	use("context", "update", "aztray", "--docker", "host=unix:///elsewhere.sock")
	if out := context(); !strings.Contains(out, "led elsewhere, to unix:///elsewhere.sock") {
		t.Errorf("engine context over another: %s", out)
	}
	use("context", "use", "aztray")
	t.Log(context())
	ps := []string{"ps", "-q", "--no-trunc", "--filter", "name=" + x.Name("day")}
	running := use(ps...)
	engineOf := func(when string) {
		t.Helper()
		out, msg, _, err := x.Aztray(x.ctx, "service", "status", "--verbose")
		x.must(err)
		if !strings.Contains(out, x.Name("day")) {
			t.Errorf("%s, the containers are not seen:\n%s%s", when, out, msg)
		}
	}
	engineOf("with its own context in use")

	x.must(x.tray.Stop())
	if got := use(ps...); got != running {
		t.Errorf("when the program has ended docker sees %q, and before %q", got, running)
	}
	engineOf("with the socket led back to the engine")
	x.must(os.Remove(x.socket)) // as after a reboot
	engineOf("with no socket")
	x.serve() // by docker's settings it would come out at itself
	if got := use(ps...); got != running {
		t.Errorf("started again, docker sees %q, and before %q", got, running)
	}
	for _, on := range []bool{false, true} { // by the settings, while it runs
		x.must(x.WriteSettings(fmt.Sprintf("[engine]\nsocket = %v\n", on)))
		x.eventually(20*time.Second, fmt.Sprintf("the socket is switched, on: %v", on), func() bool {
			info, err := os.Lstat(x.socket)
			return err == nil && (info.Mode().Type() == os.ModeSocket) == on
		})
		if got := use(ps...); got != running {
			t.Errorf("switched, on: %v, docker sees %q, and before %q", on, got, running)
		}
	}
	x.must(syscall.Kill(x.tray.PID(), syscall.SIGKILL))
	<-x.tray.Done()
	x.serve() // over a dead socket
}

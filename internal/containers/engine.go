package containers

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs/pkg/errhttp"
	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	networks "github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"aztray/internal/bounded"
)

// defaultHost is where the docker command looks first when nothing is set.
const defaultHost = client.DefaultDockerHost

// dockerEngine speaks to an engine by Docker's own library, which is frozen at v28; what
// github.com/moby/moby/client does differently is this file's affair alone.
type dockerEngine struct {
	client   *client.Client
	patience time.Duration // how many times longer than usual a call may take; 0 means once
}

func (e *dockerEngine) patient(limit time.Duration) time.Duration { return limit * max(1, e.patience) }

func (e *dockerEngine) within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.patient(limit))
}

// dialEngine connects to the engine at ep and learns its version, so that no later call has to: a
// delivery to a new container is a race for milliseconds.
func dialEngine(ctx context.Context, ep endpoint) (*dockerEngine, error) {
	host, err := ep.address()
	if err != nil {
		return nil, err
	}
	secure, err := ep.tlsConfig()
	if err != nil {
		return nil, err
	}
	tr := &http.Transport{MaxIdleConns: 32, MaxIdleConnsPerHost: 16, IdleConnTimeout: 5 * time.Minute}
	h := &http.Client{Transport: tr, CheckRedirect: client.CheckRedirect}
	c, err := client.NewClientWithOpts(client.WithHTTPClient(h), client.WithHost(host))
	if err != nil {
		return nil, err
	}
	h.Transport = tr            // and not the library's tracer around it, which takes a fifth of a call's time
	d := dialer(tr.DialContext) // the library's, for unix sockets, named pipes and TCP
	if secure != nil {
		d = (&tls.Dialer{Config: secure}).DialContext
	}
	e := &dockerEngine{client: c}
	if far, err := ep.ssh(); err != nil {
		return nil, err
	} else if far != nil {
		d, e.patience = newSSHDialer(*far).dial, sshPatience
		tr.IdleConnTimeout = time.Minute // each is a process, here and there
	}
	tr.DialContext, tr.Proxy, tr.DisableCompression = d.dial, nil, true
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	pong, err := c.Ping(ctx)
	if err != nil {
		c.Close()
		return nil, plain(err)
	}
	pong.APIVersion = cmp.Or(pong.APIVersion, minAPI)
	c.NegotiateAPIVersionPing(pong)
	return e, nil
}

// dialer is http.Transport's. TLS is made in it and not by the transport, because for the streams
// of an exec the library would dial TLS on its own, deaf to the context.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// dialError keeps the library from putting its own sentence, which has no cause, in the place of err:
// it does so where the text speaks of a refused connection.
type dialError struct{ err error }

func (e *dialError) Error() string { return "no connection" }
func (e *dialError) Unwrap() error { return e.err }

// forStreams marks the context of a call that takes its connection over.
type forStreams struct{}

func (d dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d(ctx, network, addr)
	if err != nil {
		return nil, &dialError{err}
	}
	if ctx.Value(forStreams{}) != nil { // nothing else ends the library's wait for an answer, nor ours after it
		context.AfterFunc(ctx, func() { conn.Close() })
	}
	return conn, nil
}

// plain makes an *apiError of what the engine refused, and takes from other errors what says nothing
// to a person.
func plain(err error) error {
	if d, ok := errors.AsType[*dialError](err); ok {
		return d.err
	}
	if s, ok := errors.AsType[*sshError](err); ok {
		return s
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	for status := http.StatusBadRequest; err != nil && status < 600; status++ { // the library hides the number
		if errors.Is(err, errhttp.ToNative(status)) {
			message, said := strings.CutPrefix(err.Error(), "Error response from daemon: ")
			if !said { // an answer without a body
				message = http.StatusText(status)
			}
			return &apiError{status, message}
		}
	}
	return err
}

func (e *dockerEngine) list(ctx context.Context) ([]summary, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	found, err := e.client.ContainerList(ctx, api.ListOptions{All: true})
	var all []summary
	for _, c := range found {
		all = append(all, summary{ID: c.ID, Image: c.Image, ImageID: c.ImageID, State: c.State, Names: c.Names, Labels: c.Labels, Attached: attached(c), NetworkMode: c.HostConfig.NetworkMode})
		if d := c.ImageManifestDescriptor; d != nil && d.Platform != nil {
			all[len(all)-1].Arch = d.Platform.Architecture
		}
	}
	return all, plain(err)
}

// attached is where a container is on a network; one that does not run has no address there.
func attached(c api.Summary) (all []attachment) {
	if c.NetworkSettings == nil {
		return nil
	}
	for _, n := range c.NetworkSettings.Networks {
		if n == nil || n.IPAddress == "" && n.GlobalIPv6Address == "" {
			continue
		}
		a := attachment{}
		a.Gateway, _ = netip.ParseAddr(cmp.Or(n.Gateway, n.IPv6Gateway)) // none: the zero Addr
		for _, text := range []string{n.IPAddress, n.GlobalIPv6Address} {
			if ip, err := netip.ParseAddr(text); err == nil {
				a.Addresses = append(a.Addresses, ip)
			}
		}
		all = append(all, a)
	}
	return all
}

func (e *dockerEngine) networks(ctx context.Context) ([]network, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	found, err := e.client.NetworkList(ctx, networks.ListOptions{Filters: filters.NewArgs(filters.Arg("driver", "bridge"))})
	var all []network
	for _, f := range found {
		n := network{Name: f.Name, Driver: f.Driver, Bridge: cmp.Or(f.Options["com.docker.network.bridge.name"], "br-"+f.ID[:min(12, len(f.ID))])}
		for _, c := range f.IPAM.Config {
			gateway, _, _ := strings.Cut(c.Gateway, "/") // some drivers add the prefix's length
			if ip, err := netip.ParseAddr(gateway); err == nil {
				n.Gateways = append(n.Gateways, ip)
			}
		}
		all = append(all, n)
	}
	return all, plain(err)
}

func (e *dockerEngine) inspect(ctx context.Context, id string) (inspected, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	c, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return inspected{}, plain(err)
	}
	if c.ContainerJSONBase == nil || c.State == nil || c.HostConfig == nil || c.Config == nil {
		return inspected{}, errors.New("the engine's description of a container is not whole")
	}
	started, _ := time.Parse(time.RFC3339Nano, c.State.StartedAt) // none: zero, as for one that never started
	in := inspected{ID: c.ID, Name: c.Name, Labels: c.Config.Labels, Image: c.Config.Image, ImageID: c.Image, User: c.Config.User, Status: c.State.Status, Env: c.Config.Env,
		Mounts: mountsOf(c), ReadonlyRootfs: c.HostConfig.ReadonlyRootfs, Tty: c.Config.Tty, Started: started,
		Privileged: c.HostConfig.Privileged, CapAdd: c.HostConfig.CapAdd, CapDrop: c.HostConfig.CapDrop, UsernsMode: string(c.HostConfig.UsernsMode), NetworkMode: string(c.HostConfig.NetworkMode),
		HostNet: c.HostConfig.NetworkMode.IsHost(), Grace: defaultGrace, ExitCode: c.State.ExitCode, Restarts: c.RestartCount, Publishes: publishes(c)}
	if d := c.ImageManifestDescriptor; d != nil && d.Platform != nil {
		in.Arch = d.Platform.Architecture
	}
	if s := c.Config.StopTimeout; s != nil {
		in.Grace = time.Duration(*s) * time.Second
	}
	if h := c.State.Health; h != nil && h.Status != api.NoHealthcheck {
		in.Health = h.Status
	}
	if h := c.Config.Healthcheck; h != nil {
		in.Check = healthCheck{h.Interval, h.Timeout, h.StartPeriod, h.Retries}
	}
	return in, nil
}

func (e *dockerEngine) imageLabels(ctx context.Context, id string) (imageLabels, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	i, err := e.client.ImageInspect(ctx, id)
	if err != nil {
		return imageLabels{}, plain(err)
	}
	if i.Config == nil {
		return imageLabels{}, &apiError{http.StatusNotFound, "the image has no description"}
	}
	return imageLabels{i.Config.Labels, i.Architecture}, nil
}

// defaultGrace is the engine's own.
const defaultGrace = 10 * time.Second

func (e *dockerEngine) dial(ctx context.Context) (net.Conn, error) {
	conn, err := e.client.Dialer()(ctx)
	return conn, plain(err)
}

// splitBind takes source:destination[:options] apart; a source may begin with a drive letter.
func splitBind(b string) (source, destination string, ok bool) {
	drive := ""
	if len(b) > 2 && b[1] == ':' && (b[2] == '\\' || b[2] == '/') {
		drive, b = b[:2], b[2:]
	}
	source, rest, ok := strings.Cut(b, ":")
	destination, _, _ = strings.Cut(rest, ":")
	return drive + source, destination, ok
}

func (e *dockerEngine) stat(ctx context.Context, id, p string) (fileInfo, error) {
	ctx, cancel := e.within(ctx, fileCall)
	defer cancel()
	s, err := e.client.ContainerStatPath(ctx, id, p)
	info := fileInfo{Size: s.Size, Mode: s.Mode, Mtime: s.Mtime}
	if s.Mode&fs.ModeSymlink != 0 { // Podman names the target of everything
		info.LinkTarget = s.LinkTarget
	}
	return info, plain(err)
}

func (e *dockerEngine) read(ctx context.Context, id, p string) (*tar.Header, []byte, error) {
	ctx, cancel := e.within(ctx, fileCall)
	defer cancel()
	archive, _, err := e.client.CopyFromContainer(ctx, id, p)
	if err != nil {
		return nil, nil, plain(err)
	}
	defer archive.Close() // of a directory the rest is not wanted
	tr := tar.NewReader(archive)
	h, err := tr.Next()
	if err == io.EOF {
		return nil, nil, errEmptyArchive
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the engine's archive: %w", err)
	}
	if h.Typeflag != tar.TypeReg {
		return h, nil, nil
	}
	if h.Size > maxFile {
		return nil, nil, fmt.Errorf("%s has %d bytes, too many to be what it should be", p, h.Size)
	}
	content, err := io.ReadAll(tr)
	return h, content, err
}

// extract unpacks archive at dir. It is sent whole, because a reader that blocks would hold the
// container's lock and not heed ctx, and as it is: engines up to 28.5.2 run a decompressor that
// they find in the container (CVE-2026-41567).
func (e *dockerEngine) extract(ctx context.Context, id, dir string, archive []byte) error {
	ctx, cancel := e.within(ctx, fileCall)
	defer cancel()
	return plain(e.client.CopyToContainer(ctx, id, dir, bytes.NewReader(archive), api.CopyToContainerOptions{}))
}

func (e *dockerEngine) exec(ctx context.Context, id, user string, cmd []string, stdin []byte) (execResult, error) {
	if ctx.Value(patient{}) == nil {
		var cancel context.CancelFunc
		ctx, cancel = e.within(ctx, execCall)
		defer cancel()
	}
	made, err := e.client.ContainerExecCreate(ctx, id,
		api.ExecOptions{User: user, Cmd: cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return execResult{}, plain(err)
	}
	result, err := e.attach(ctx, made.ID, stdin)
	if ctx.Err() != nil {
		return execResult{}, context.Cause(ctx)
	}
	if err != nil {
		return execResult{}, err
	}
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	done, err := e.client.ContainerExecInspect(ctx, made.ID)
	result.code = done.ExitCode
	return result, plain(err)
}

// attach starts an exec, writes its standard input and reads until it ends.
func (e *dockerEngine) attach(ctx context.Context, execID string, stdin []byte) (execResult, error) {
	streams, err := e.client.ContainerExecAttach(context.WithValue(ctx, forStreams{}, true), execID, api.ExecAttachOptions{})
	if err != nil {
		var status int // which is all that the library keeps of a refusal here
		if _, no := fmt.Sscanf(err.Error(), "unable to upgrade to tcp, received %d", &status); no == nil {
			return execResult{}, &apiError{status, "it does not start the command"}
		}
		return execResult{}, plain(err)
	}
	defer streams.Close()
	wrote := make(chan error, 1)
	go func() {
		var err error
		if len(stdin) > 0 { // even no bytes can't be written once the command has ended
			_, err = streams.Conn.Write(stdin)
		}
		wrote <- err
	}()
	result, err := demultiplex(streams.Reader)
	streams.Close()
	if werr := <-wrote; err == nil && len(result.stderr) == 0 {
		err = werr
	}
	return result, err
}

// demultiplex reads an exec's output. The library takes a stream that is cut off for one that has
// ended, so the bytes are counted.
func demultiplex(r io.Reader) (execResult, error) {
	in := counter{r: r}
	out, errs := capped{Head: bounded.Head{Max: maxFile}}, capped{Head: bounded.Head{Max: maxFile}}
	written, err := stdcopy.StdCopy(&out, &errs, &in)
	const head = 8 // bytes before each frame
	if err == nil && in.n != written+head*(out.frames+errs.frames) {
		err = io.ErrUnexpectedEOF
	}
	return execResult{stdout: out.Bytes(), stderr: errs.Bytes()}, err
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// capped takes up to maxFile bytes. Each frame is one write.
type capped struct {
	bounded.Head
	frames int64
}

func (c *capped) Write(p []byte) (int, error) {
	c.frames++
	if n, err := c.Head.Write(p); !c.Cut() {
		return n, err
	}
	return 0, errors.New("the output of an exec is not what it should be")
}

func (e *dockerEngine) security(ctx context.Context) ([]string, error) {
	ctx, cancel := e.within(ctx, fileCall) // an engine with many containers counts them for this
	defer cancel()
	var info struct {
		SecurityOptions []string
		Rootless        bool // Podman's, which the library drops; 4.3 has no option for it
	}
	err := e.get(ctx, "/v"+e.client.ClientVersion()+"/info", &info)
	if info.Rootless {
		info.SecurityOptions = append(info.SecurityOptions, "name=rootless")
	}
	return info.SecurityOptions, err
}

// get asks for what the library has no call for.
func (e *dockerEngine) get(ctx context.Context, p string, into any) error {
	at, err := client.ParseHostURL(e.client.DaemonHost())
	if err != nil {
		return err
	}
	address := "engine"
	if at.Scheme == "tcp" {
		address = at.Host + at.Path
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+p, nil)
	if err != nil {
		return err
	}
	answer, err := e.client.HTTPClient().Do(ask)
	if err != nil {
		return plain(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return &apiError{answer.StatusCode, "it does not describe itself"}
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxFile)).Decode(into)
}

// opening gives a call that opens a stream a limit to begin; the stream itself has no end but
// that of the context, or cancel's. begun reports whether it was in time.
func opening(ctx context.Context, limit time.Duration) (_ context.Context, cancel context.CancelFunc, begun func() bool) {
	ctx, cancel = context.WithCancel(ctx)
	return ctx, cancel, time.AfterFunc(limit, cancel).Stop
}

func (e *dockerEngine) logs(ctx context.Context, id string, since time.Time, last int) (io.ReadCloser, error) {
	ctx, cancel, begun := opening(ctx, e.patient(quickCall))
	body, err := e.client.ContainerLogs(ctx, id, api.LogsOptions{ShowStdout: true, ShowStderr: true,
		Follow: true, Timestamps: true, Since: moment(since), Tail: strconv.Itoa(last)})
	if late := !begun(); late || err != nil {
		cancel() // and with it the body, if there is one
		if late {
			err = context.DeadlineExceeded
		}
		return nil, plain(err)
	}
	return logBody{body, cancel}, nil
}

func (e *dockerEngine) tail(ctx context.Context, id string, since time.Time, last int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, quickCall)
	defer cancel()
	body, err := e.client.ContainerLogs(ctx, id, api.LogsOptions{ShowStdout: true, ShowStderr: true, Since: moment(since), Tail: strconv.Itoa(last)})
	if err != nil {
		return nil, plain(err)
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxFile))
}

func (e *dockerEngine) restart(ctx context.Context, id string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return plain(e.client.ContainerRestart(ctx, id, api.StopOptions{}))
}

// logBody is an open log.
type logBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b logBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// moment is a time as the engine takes it; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond())
}

// watched are the events that change who is covered, who needs a delivery and what a volume is. Health checks and
// our own deliveries make many others.
var watched = []string{"create", "start", "die", "destroy", "remove", "rename", "prune"}

// queued is how many events wait for a next that is late. The engine itself holds more, but drops
// what is not taken from it in time.
const queued = 256

// events gives a refusal by the engine as the stream's first error: the library can't tell earlier.
func (e *dockerEngine) events(ctx context.Context, since time.Time) (*eventStream, error) {
	wanted := filters.NewArgs(filters.Arg("type", typeContainer), filters.Arg("type", typeVolume))
	for _, action := range watched {
		wanted.Add("event", action)
	}
	ctx, cancel, begun := opening(ctx, e.patient(quickCall))
	messages, end := e.client.Events(ctx, events.ListOptions{Since: moment(since), Filters: wanted}) // back when the answer begins
	if !begun() {
		cancel()
		<-end
		return nil, context.DeadlineExceeded
	}
	queue := make(chan message, queued)
	var why error
	go func() {
		defer close(queue)
		why = pump(ctx, queue, messages, end)
	}()
	next := func() (message, error) {
		if m, ok := <-queue; ok {
			return m, nil
		}
		return message{}, plain(why)
	}
	stop := func() {
		cancel()
		for range queue { // closed when both goroutines are done
		}
	}
	return &eventStream{next, stop}, nil
}

// pump takes events from the library, which holds none itself, until it says why it ends.
func pump(ctx context.Context, to chan<- message, from <-chan events.Message, end <-chan error) error {
	for {
		select {
		case m := <-from:
			select {
			case to <- message{string(m.Type), string(m.Action), m.Actor.ID, m.TimeNano, m.Actor.Attributes}:
			case <-ctx.Done():
			}
		case why := <-end:
			return why
		}
	}
}

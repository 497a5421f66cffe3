package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// engineAPI is every call this package makes to a container engine. Each call has its own time-out.
// It is an interface so that tests can stand in for an engine and so that another client library
// is a change of this file alone.
type engineAPI interface {
	list(ctx context.Context) ([]summary, error)
	inspect(ctx context.Context, id string) (inspected, error)
	events(ctx context.Context, since time.Time) (*eventStream, error)
	// stat does not follow a link in the last element of p.
	stat(ctx context.Context, id, p string) (fileInfo, error)
	// read gives the file at p and its header; for a directory or a link, the header alone.
	read(ctx context.Context, id, p string) (*tar.Header, []byte, error)
	extract(ctx context.Context, id, dir string, archive []byte) error
	exec(ctx context.Context, id, user string, cmd []string, stdin []byte) (execResult, error)
	// logs opens what a container wrote from since on, at most its last lines, each with its time,
	// and follows it until the container stops. What it wrote to a terminal is not in frames.
	logs(ctx context.Context, id string, since time.Time, last int) (io.ReadCloser, error)
	// volumeDevice is the host path that a volume stands for, "" for an ordinary one.
	volumeDevice(ctx context.Context, name string) (string, error)
}

// The engine's answers, cut down to what is used here.
type (
	summary struct {
		ID, Image, ImageID, State string
		Names                     []string
		Labels                    map[string]string
	}
	mount struct {
		Type, Name, Source, Destination string // Type is bind, volume, tmpfs or another
		Asked                           string // the source as it was asked for; an engine in a VM tells another
		RW                              bool
	}
	inspected struct {
		ID, ImageID, User, Status string
		Env                       []string
		Mounts                    []mount // with those that --tmpfs made
		ReadonlyRootfs            bool
		Tty                       bool
		Started                   time.Time // last; zero: never
	}
	message struct {
		Action, ID string
		TimeNano   int64
		Attributes map[string]string // all labels, and image and name
	}
	fileInfo struct {
		Size       int64
		Mode       fs.FileMode
		Mtime      time.Time
		LinkTarget string // resolved within the container, for a link
	}
	execResult struct {
		stdout, stderr []byte
		code           int
	}
)

const (
	quickCall   = 5 * time.Second  // what the engine answers from memory
	fileCall    = 15 * time.Second // what touches a container's files
	execCall    = 20 * time.Second
	maxDocument = 32 << 20 // of an engine's answer
	maxFile     = 4 << 20  // of a file or an output we read out of a container

	// minAPI is used where the engine doesn't name its version: the oldest that has all we call.
	minAPI = "1.40"
)

// apiError is an answer of the engine that is not a success.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("the engine answered %d: %s", e.status, e.message)
}

// notFound reports whether the container, or the path in it, does not exist.
func notFound(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.status == http.StatusNotFound
}

// httpEngine speaks the Docker Engine API (https://docs.docker.com/reference/api/engine/), which
// Podman and Docker Desktop speak too. The few calls made here have not changed since 1.40; the
// version in the path is the engine's own, so that none finds us too old or too new.
type httpEngine struct {
	http *http.Client
	base string // scheme, host and version: http://engine/v1.41
}

// dialEngine connects to the engine at ep and learns its version.
func dialEngine(ctx context.Context, ep endpoint) (*httpEngine, error) {
	dial, scheme, host, err := ep.dialer()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := ep.tlsConfig()
	if err != nil {
		return nil, err
	}
	if tlsConfig != nil {
		scheme = "https"
	}
	e := &httpEngine{base: scheme + "://" + host, http: &http.Client{Transport: &http.Transport{
		DialContext:         dial,
		TLSClientConfig:     tlsConfig,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     5 * time.Minute,
	}}}
	ctx, cancel := context.WithTimeout(ctx, quickCall)
	defer cancel()
	resp, err := e.call(ctx, http.MethodGet, "/_ping", nil, nil)
	if err != nil {
		e.http.CloseIdleConnections()
		return nil, err
	}
	version := resp.Header.Get("Api-Version")
	drain(resp)
	if version == "" {
		version = minAPI
	}
	e.base += "/v" + version
	return e, nil
}

// call sends one request and turns an answer above 299 into an *apiError.
func (e *httpEngine) call(ctx context.Context, method, at string, query url.Values, body any) (*http.Response, error) {
	var content io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte: // an archive, whole: a reader that blocks would hold the container's lock
		content, kind = bytes.NewReader(b), "application/x-tar"
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(j)
	}
	target := e.base + at
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, err
	}
	if content != nil {
		req.Header.Set("Content-Type", kind)
	}
	if strings.HasSuffix(at, "/start") && strings.HasPrefix(at, "/exec/") {
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "tcp")
	}
	resp, err := e.http.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the address says nothing to a person
		}
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer drain(resp)
	var m struct{ Message string }
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if json.Unmarshal(text, &m) != nil {
		m.Message = strings.TrimSpace(string(text))
	}
	return nil, &apiError{resp.StatusCode, m.Message}
}

// drain lets the connection be used again.
func drain(resp *http.Response) {
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	resp.Body.Close()
}

// get reads one JSON document into v.
func (e *httpEngine) get(ctx context.Context, at string, query url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, quickCall)
	defer cancel()
	resp, err := e.call(ctx, http.MethodGet, at, query, nil)
	if err != nil {
		return err
	}
	defer drain(resp)
	return json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(v)
}

func (e *httpEngine) list(ctx context.Context) ([]summary, error) {
	var all []summary
	return all, e.get(ctx, "/containers/json", url.Values{"all": {"1"}}, &all)
}

func (e *httpEngine) inspect(ctx context.Context, id string) (inspected, error) {
	var d struct {
		ID    string `json:"Id"`
		Image string
		State struct {
			Status    string
			StartedAt time.Time
		}
		Config struct {
			User string
			Env  []string
			Tty  bool
		}
		HostConfig struct {
			ReadonlyRootfs bool
			Tmpfs          map[string]string
			Binds          []string // source:destination[:options]
			Mounts         []struct{ Source, Target string }
		}
		Mounts []mount
	}
	if err := e.get(ctx, "/containers/"+id+"/json", nil, &d); err != nil {
		return inspected{}, err
	}
	for destination := range d.HostConfig.Tmpfs { // the engine does not list these among Mounts
		d.Mounts = append(d.Mounts, mount{Type: "tmpfs", Destination: destination, RW: true})
	}
	asked := map[string]string{}
	for _, b := range d.HostConfig.Binds {
		if source, destination, ok := splitBind(b); ok {
			asked[path.Clean(destination)] = source
		}
	}
	for _, m := range d.HostConfig.Mounts {
		asked[path.Clean(m.Target)] = m.Source
	}
	for i, m := range d.Mounts {
		if m.Type == "bind" {
			d.Mounts[i].Asked = asked[path.Clean(m.Destination)]
		}
	}
	return inspected{ID: d.ID, ImageID: d.Image, User: d.Config.User, Status: d.State.Status, Env: d.Config.Env,
		Mounts: d.Mounts, ReadonlyRootfs: d.HostConfig.ReadonlyRootfs, Tty: d.Config.Tty, Started: d.State.StartedAt}, nil
}

func (e *httpEngine) stat(ctx context.Context, id, p string) (fileInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, fileCall)
	defer cancel()
	resp, err := e.call(ctx, http.MethodHead, "/containers/"+id+"/archive", url.Values{"path": {p}}, nil)
	if err != nil {
		return fileInfo{}, err
	}
	defer drain(resp)
	var info fileInfo
	text, err := base64.StdEncoding.DecodeString(resp.Header.Get("X-Docker-Container-Path-Stat"))
	if err == nil {
		err = json.Unmarshal(text, &info)
	}
	if err != nil {
		return fileInfo{}, fmt.Errorf("the engine's description of a file: %w", err)
	}
	return info, nil
}

func (e *httpEngine) read(ctx context.Context, id, p string) (*tar.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fileCall)
	defer cancel()
	resp, err := e.call(ctx, http.MethodGet, "/containers/"+id+"/archive", url.Values{"path": {p}}, nil)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() // of a directory the rest is not wanted
	tr := tar.NewReader(resp.Body)
	h, err := tr.Next()
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

// extract unpacks archive at dir. It is sent as it is: engines up to 28.5.2 run a decompressor
// that they find in the container (CVE-2026-41567).
func (e *httpEngine) extract(ctx context.Context, id, dir string, archive []byte) error {
	ctx, cancel := context.WithTimeout(ctx, fileCall)
	defer cancel()
	query := url.Values{"path": {dir}, "noOverwriteDirNonDir": {"true"}}
	resp, err := e.call(ctx, http.MethodPut, "/containers/"+id+"/archive", query, archive)
	if err != nil {
		return err
	}
	drain(resp)
	return nil
}

func (e *httpEngine) exec(ctx context.Context, id, user string, cmd []string, stdin []byte) (execResult, error) {
	ctx, cancel := context.WithTimeout(ctx, execCall)
	defer cancel()
	resp, err := e.call(ctx, http.MethodPost, "/containers/"+id+"/exec", nil, map[string]any{
		"User": user, "Cmd": cmd, "AttachStdin": true, "AttachStdout": true, "AttachStderr": true})
	if err != nil {
		return execResult{}, err
	}
	var made struct {
		ID string `json:"Id"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxDocument)).Decode(&made)
	drain(resp)
	if err != nil {
		return execResult{}, err
	}
	result, err := e.attach(ctx, made.ID, stdin)
	if err != nil {
		return execResult{}, err
	}
	var done struct{ ExitCode int }
	if err := e.get(ctx, "/exec/"+made.ID+"/json", nil, &done); err != nil {
		return execResult{}, err
	}
	result.code = done.ExitCode
	return result, nil
}

// attach starts an exec, writes its standard input and reads until it ends.
func (e *httpEngine) attach(ctx context.Context, execID string, stdin []byte) (execResult, error) {
	resp, err := e.call(ctx, http.MethodPost, "/exec/"+execID+"/start", nil, map[string]bool{"Detach": false, "Tty": false})
	if err != nil {
		return execResult{}, err
	}
	defer resp.Body.Close()
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		return execResult{}, errors.New("the engine does not give an exec's streams")
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })() // nothing else ends the reads and writes below
	wrote := make(chan error, 1)
	go func() { _, err := conn.Write(stdin); wrote <- err }()
	result, err := demultiplex(conn)
	conn.Close()
	werr := <-wrote
	if ctx.Err() != nil {
		return execResult{}, context.Cause(ctx)
	}
	if err == nil && werr != nil && len(result.stderr) == 0 {
		err = werr
	}
	return result, err
}

func (e *httpEngine) volumeDevice(ctx context.Context, name string) (string, error) {
	var v struct{ Options map[string]string }
	err := e.get(ctx, "/volumes/"+url.PathEscape(name), nil, &v)
	return v.Options["device"], err
}

func (e *httpEngine) logs(ctx context.Context, id string, since time.Time, last int) (io.ReadCloser, error) {
	query := url.Values{"stdout": {"1"}, "stderr": {"1"}, "follow": {"1"}, "timestamps": {"1"}, "tail": {strconv.Itoa(last)}}
	if !since.IsZero() {
		query.Set("since", moment(since))
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(quickCall, cancel) // for the first answer; the stream itself has no end
	resp, err := e.call(ctx, http.MethodGet, "/containers/"+id+"/logs", query, nil)
	if err == nil && !late.Stop() {
		resp.Body.Close()
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return logBody{resp.Body, cancel}, nil
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

// moment is a time as the engine takes it.
func moment(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

// eventStream is an open subscription. Next blocks; ending the context of events ends it.
type eventStream struct {
	decoder *json.Decoder
	body    io.Closer
	cancel  context.CancelFunc
}

// watched are the events that change who is covered and who needs a delivery. Health checks and
// our own deliveries make many others.
var watched = []string{"create", "start", "die", "destroy", "remove", "rename"}

func (e *httpEngine) events(ctx context.Context, since time.Time) (*eventStream, error) {
	filters, err := json.Marshal(map[string][]string{"type": {"container"}, "event": watched})
	if err != nil {
		return nil, err
	}
	query := url.Values{"filters": {string(filters)}}
	if !since.IsZero() {
		query.Set("since", moment(since))
	}
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(quickCall, cancel) // for the first answer; the stream itself has no end
	resp, err := e.call(ctx, http.MethodGet, "/events", query, nil)
	if err == nil && !late.Stop() {
		resp.Body.Close()
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &eventStream{json.NewDecoder(resp.Body), resp.Body, cancel}, nil
}

func (s *eventStream) next() (message, error) {
	var m struct {
		Action   string
		TimeNano int64 `json:"timeNano"`
		Actor    struct {
			ID         string
			Attributes map[string]string
		}
	}
	err := s.decoder.Decode(&m)
	return message{m.Action, m.Actor.ID, m.TimeNano, m.Actor.Attributes}, err
}

func (s *eventStream) close() {
	s.cancel()
	s.body.Close()
}

// dialFunc is http.Transport's.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

package containers

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// engineAPI is every call this package makes to a container engine. Each call has its own time-out.
// It is an interface so that tests can stand in for an engine and so that another client library
// is a change of engine.go alone.
type engineAPI interface {
	list(ctx context.Context) ([]summary, error)
	inspect(ctx context.Context, id string) (inspected, error)
	imageLabels(ctx context.Context, id string) (imageLabels, error)
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
	// tail gives the last lines of what a container wrote from since on, as it is framed, cut at maxFile bytes.
	tail(ctx context.Context, id string, since time.Time, last int) ([]byte, error)
	// restart stops a container by its own signal, waits for its own grace, at most limit in all, and starts it.
	// What has begun the engine ends even where ctx does not last.
	restart(ctx context.Context, id string, limit time.Duration) error
	volume(ctx context.Context, name string) (volume, error)
	volumes(ctx context.Context) ([]volume, error)
	// subpaths are the parts of volumes that a container mounts, by destination, where the engine tells them in
	// its own protocol alone: Podman's.
	subpaths(ctx context.Context, id string) (map[string]string, error)
	networks(ctx context.Context) ([]network, error)
	// dial opens a connection of its own on which the engine's protocol is spoken.
	dial(ctx context.Context) (net.Conn, error)
	// security gives the engine's security options, such as name=rootless.
	security(ctx context.Context) ([]string, error)
}

// The engine's answers, cut down to what is used here.
type (
	summary struct {
		ID, Image, ImageID, State string
		Arch                      string // of the image's platform, as far as it tells
		Names                     []string
		Labels                    map[string]string
		Attached                  []attachment // while it runs
		NetworkMode               string       // none, host, a network's name; container:ID where it lives in another one's network
	}
	attachment struct { // a container on a network
		Gateway   netip.Addr // the zero Addr where the network has none
		Addresses []netip.Addr
	}
	network struct {
		Name, Driver string
		Bridge       string       // the interface on the engine's machine
		Gateways     []netip.Addr // as far as the engine tells: of docker0 it need not (20.10)
	}
	mount struct {
		Type, Name, Source, Destination string   // Type is bind, volume, tmpfs, image or another
		Asked                           string   // the source as it was asked for; an engine in a VM tells another
		Driver, Subpath                 string   // of a volume: what keeps it, and which part of it this is
		Plain                           bool     // a volume that was made for this container, and with no options
		Paths                           []string // of the engine's host, where a volume stands for them; see sourced
		RW                              bool
	}
	inspected struct {
		ID, Name, Image       string
		Labels                map[string]string
		ImageID, User, Status string
		Arch                  string // of the image's platform, as far as it tells
		Env                   []string
		Mounts                []mount // with those that --tmpfs made
		ReadonlyRootfs        bool
		Tty                   bool
		Privileged            bool
		CapAdd, CapDrop       []string
		Publishes             []uint16      // TCP ports of this machine, whether it runs or not
		HostNet               bool          // on the network of the engine's machine
		NetworkMode           string        // as in summary
		UsernsMode            string        // host: not mapped, though the engine does
		Started               time.Time     // last; zero: never
		Grace                 time.Duration // from the stop signal to the end by force; below zero: for ever
		ExitCode              int           // of one that has ended
		Restarts              int           // by its restart policy, since it was last started by hand
		Health                string        // starting, healthy or unhealthy; "": it has no health check
		Check                 healthCheck
	}
	imageLabels struct {
		labels map[string]string
		arch   string
	}
	healthCheck struct {
		Interval, Timeout, StartPeriod time.Duration // zero: the engine's own
		Retries                        int
	}
	message struct {
		Type       string // container or volume
		Action, ID string // of a volume, Podman gives its name as an attribute alone
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
	quickCall = 5 * time.Second  // what the engine answers from memory
	fileCall  = 15 * time.Second // what touches a container's files
	execCall  = 20 * time.Second
	maxFile   = 4 << 20 // of a file or an output we read out of a container

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

// eventStream is an open subscription. Ending the context of events, or close, ends a next that waits.
type eventStream struct {
	next  func() (message, error) // blocks
	close func()                  // may be called more than once
}

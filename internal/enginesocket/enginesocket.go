// Package enginesocket is a socket that stands before the container engine's own. It passes every byte
// on, both ways, and holds back one thing: a request that starts a container, until Ready has returned
// or two seconds have passed. So whatever starts a container by it finds the credential inside at its
// first instruction, which no reaction to the engine's events can promise.
//
// It looks at the requests and rewrites nothing, one connection to the engine for each of a client's.
// A reverse proxy that takes requests apart and makes them anew has to know every way in which the
// engine's clients take a connection over (attach, exec, BuildKit's session) and who closes which half
// when; this one need not, and what it does not understand it passes on as it is.
//
// It may not know what a container holds, whether one is covered, nor how a credential gets there.
package enginesocket

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options are what a socket needs.
type Options struct {
	Dir      string                                      // closed to others; the socket is made in it, see Address
	Dial     func(context.Context) (net.Conn, error)     // to the engine; its error is told to who asks
	Ready    func(ctx context.Context, ref string) error // returns when the container named or numbered so may start
	Leave    func() string                               // the engine's own socket, which ours leads to when we have ended; nil or "": ours is removed
	Patience time.Duration                               // how long a start is held back at most; 0 means 2 s
	Log      *slog.Logger                                // nil means slog.Default()
}

const (
	maxConns    = 1024 // at once; more wait in the system's queue
	dialWithin  = 10 * time.Second
	patience    = 2 * time.Second
	lookWithin  = time.Second
	headWithin  = 5 * time.Second
	firstPause  = 5 * time.Millisecond // after an accept that failed
	longPause   = time.Second
	pieceSize   = 32 << 10
	grace       = 500 * time.Millisecond // for what is under way when we end
	afterTheEnd = time.Minute            // for what a client still says when the engine has said all
)

// Run listens and serves until ctx ends. Then nothing is held any longer, what is under way has half a
// second to get through, and Run returns nil.
func Run(ctx context.Context, o Options) error {
	o.Patience = cmp.Or(o.Patience, patience)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	l, err := listen(o.Dir)
	if err != nil {
		return fmt.Errorf("opening the engine socket: %w", err)
	}
	o.Log.Info("the engine socket listens", "address", Address(o.Dir))
	cut, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var conns, last sync.WaitGroup
	last.Go(func() {
		<-ctx.Done()
		o.leave() // first, so that there is always something to connect to
		l.Close()
	})
	o.accept(ctx, l, func(conn net.Conn, done func()) {
		conns.Go(func() {
			defer done()
			o.serve(ctx, cut, conn)
		})
	})
	last.Wait()
	defer time.AfterFunc(grace, end).Stop()
	conns.Wait()
	return nil
}

// leave makes the socket lead to the engine itself, so that docker goes on to work without us.
func (o Options) leave() {
	target := ""
	if o.Leave != nil {
		target = o.Leave()
	}
	if err := replace(o.Dir, target); err != nil {
		o.Log.Warn("the engine socket is left behind", "address", Address(o.Dir), "err", err)
	}
}

// accept has each connection served until ctx ends. Nothing else ends it: docker depends on it.
func (o Options) accept(ctx context.Context, l net.Listener, serve func(conn net.Conn, done func())) {
	places := make(chan struct{}, maxConns)
	for pause := firstPause; ; {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		conn, err := l.Accept()
		if err == nil {
			pause = firstPause
			serve(conn, func() { <-places })
			continue
		}
		<-places
		if ctx.Err() != nil {
			return
		}
		o.Log.Warn("the engine socket cannot take a connection", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause + rand.N(pause/2)):
		}
		pause = min(2*pause, longPause)
	}
}

// serve joins a client with the engine until cut ends; starts are held until ctx does.
func (o Options) serve(ctx, cut context.Context, client net.Conn) {
	defer client.Close()
	defer context.AfterFunc(cut, func() { client.Close() })()
	engine, err := o.dial(cut)
	if err != nil {
		refuse(client, err)
		return
	}
	defer engine.Close()
	defer context.AfterFunc(cut, func() { engine.Close() })()
	j := join{client: client, engine: engine, hold: func(ref string) { o.hold(ctx, ref) }}
	j.run()
}

func (o Options) dial(ctx context.Context) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, dialWithin)
	defer stop()
	return o.Dial(ctx)
}

// hold returns when a container may start: whatever the reason that its credential is not in, it may
// after a while.
func (o Options) hold(ctx context.Context, ref string) {
	ctx, stop := context.WithTimeout(ctx, o.Patience)
	defer stop()
	began := time.Now()
	err := o.Ready(ctx, ref)
	held := time.Since(began).Round(100 * time.Microsecond)
	if err != nil {
		o.Log.Info("a container starts without waiting for its credential any longer", "container", ref, "held", held, "err", err)
		return
	}
	o.Log.Debug("a container may start", "container", ref, "held", held)
}

// refuse says why there is no engine, in the engine's own form, which docker prints.
func refuse(client net.Conn, why error) {
	client.SetDeadline(time.Now().Add(headWithin))
	heads, piece := &requests{}, make([]byte, pieceSize)
	for asked := false; !asked; { // an answer that comes before the request is none
		n, err := client.Read(piece)
		if err != nil {
			return
		}
		for rest := piece[:n]; len(rest) > 0 && !asked; {
			taken, head := heads.next(rest)
			rest, asked = rest[taken:], head != nil || heads.blind()
		}
	}
	body, _ := json.Marshal(map[string]string{"message": "aztray's engine socket: " + why.Error()}) // a string: it can't fail
	fmt.Fprintf(client, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		http.StatusServiceUnavailable, http.StatusText(http.StatusServiceUnavailable), len(body), body)
}

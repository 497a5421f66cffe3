package enginesocket

import (
	"io"
	"net"
	"sync"
	"time"
)

// join is one client and its connection to the engine.
type join struct {
	client, engine net.Conn
	hold           func(ref string) // returns when the container may start
	answer         answer
}

// half is a connection whose two directions end one by one, as those of docker's clients do.
type half interface{ CloseWrite() error }

// run passes on until both directions have ended, or one has failed.
func (j *join) run() {
	var both sync.WaitGroup
	both.Go(j.up)
	both.Go(j.down)
	both.Wait()
}

// up passes on what the client sends, and waits before the end of a request that starts a container.
func (j *join) up() {
	heads, piece := &requests{goesOn: j.answer.goesOn}, make([]byte, pieceSize)
	for {
		n, err := j.client.Read(piece)
		for rest := piece[:n]; len(rest) > 0; {
			taken, head := heads.next(rest)
			if head != nil && head.starts != "" {
				j.hold(head.starts)
			}
			if head != nil && head.takesOver {
				j.answer.expect()
			}
			if _, err := j.engine.Write(rest[:taken]); err != nil {
				return // what it has to say yet is still heard
			}
			rest = rest[taken:]
		}
		if err == io.EOF {
			end(j.engine)
			return
		}
		if err != nil {
			j.engine.Close()
			return
		}
	}
}

// down passes on what the engine says.
func (j *join) down() {
	piece := make([]byte, pieceSize)
	for {
		n, err := j.engine.Read(piece)
		j.answer.look(piece[:n]) // before the client can act on it
		if n > 0 {
			if _, err := j.client.Write(piece[:n]); err != nil {
				j.engine.Close()
				j.client.Close()
				return
			}
		}
		if err == io.EOF {
			end(j.client)
			j.client.SetReadDeadline(time.Now().Add(afterTheEnd))
			return
		}
		if err != nil {
			j.client.Close()
			return
		}
	}
}

// end says that nothing more comes, and leaves the other direction open where that can be done.
func end(c net.Conn) {
	if h, ok := c.(half); ok {
		h.CloseWrite()
		return
	}
	c.Close()
}

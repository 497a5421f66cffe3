package main

import (
	"context"
	"net"
	"sync"

	"aztray/internal/agent"
	"aztray/internal/enginesocket"
	"aztray/internal/instance"
)

// engineSocket serves our own engine socket, which leads to the first engine and asks the agent when a
// container may start.
func (p *program) engineSocket(ctx context.Context) error {
	dir, err := instance.Dir()
	if err != nil {
		return err
	}
	p.agent.Lacks(ctx, agent.PartSocket, nil) // what was in its way may be gone
	var keep sync.Once
	err = enginesocket.Run(ctx, enginesocket.Options{Dir: dir, Ready: p.agent.Ready, Leave: p.engines.Socket, Log: p.log,
		Dial: func(ctx context.Context) (net.Conn, error) {
			conn, err := p.engines.Dial(ctx)
			if err == nil {
				keep.Do(func() { // who dials here may soon be led here by the docker command's settings, and then we would be too
					if err := p.engines.Keep(ctx); err != nil {
						p.log.Warn("which engine the engine socket leads to is not kept", "err", err)
					}
				})
			}
			return conn, err
		}})
	if err != nil {
		p.agent.Lacks(ctx, agent.PartSocket, enginesocket.NotOpen(dir, err))
	}
	return err
}

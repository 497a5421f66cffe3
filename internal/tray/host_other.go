//go:build windows || (darwin && cgo)

package tray

import "context"

// host is the desktop's place for icons, which is always there on these systems.
type host struct{}

func openHost(context.Context) (*host, error) { return &host{}, nil }
func (*host) there(context.Context) bool      { return true }
func (*host) awaitItem(context.Context) error { return nil }
func (*host) changes() <-chan struct{}        { return nil }
func panelLost(struct{}) bool                 { return false }
func (*host) lost() <-chan struct{}           { return nil }
func (*host) close()                          {}

// Available reports whether a desktop is there that Run could show an icon on: here it always is.
func Available() error { return nil }

// Package agent owns the state: events come in, one immutable Snapshot goes out. What to do next is
// decided by pure functions; the work runs in goroutines whose results come back as events. It
// knows nothing of menus, notifications, HTTP or the command line.
package agent

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is the clock by which systemd tells an old message from a new one.
func monotonic() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

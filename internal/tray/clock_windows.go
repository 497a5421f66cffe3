package tray

import (
	"strings"

	"golang.org/x/sys/windows/registry"
)

// SystemClock is how this person's system writes times: the regional setting for short times has
// an h for twelve hours and an H for twenty-four.
func SystemClock() Clock {
	k, err := registry.OpenKey(registry.CURRENT_USER, `Control Panel\International`, registry.QUERY_VALUE)
	if err != nil {
		return Clock{}
	}
	defer k.Close()
	format, _, err := k.GetStringValue("sShortTime")
	return Clock{Hour12: err == nil && strings.Contains(format, "h")}
}

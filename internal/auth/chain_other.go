//go:build !linux && !windows

package auth

// Azure has no machines of these systems.
func firmware() []byte { return nil }

func arcAgent() string { return "" }

func powerShellAbsent() string { return notOnPath("pwsh") }

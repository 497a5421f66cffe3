package containers

// noNetwork is the engine's word for it.
const noNetwork = "none"

// handicap says why a real az, where there is one in the container, can't answer although it has the credential, as far as the
// description of the container tells; "" where it can. Our small az needs neither.
func handicap(in inspected, az bool) string {
	switch {
	case !az:
		return ""
	case in.NetworkMode == noNetwork:
		return "It has no network, and its az asks Microsoft's sign-in service before it answers, whatever it has; give it a network."
	case in.ReadonlyRootfs && !temporary(in):
		return "Its az needs a directory for temporary files, and its file system is read-only; give it a tmpfs at /tmp."
	}
	return ""
}

// temporary reports whether there is a writable mount where Python looks for such a directory.
func temporary(in inspected) bool {
	for _, dir := range []string{getenv(in.Env, "TMPDIR"), getenv(in.Env, "TEMP"), getenv(in.Env, "TMP"), "/tmp", "/var/tmp", "/usr/tmp"} {
		if m := governing(in.Mounts, dir); dir != "" && m != nil && m.RW {
			return true
		}
	}
	return false
}

// handicapped adds to a container that has the credential why it has little of it.
func (s Status) handicapped(t target) Status {
	if s.State == Fresh && t.handicap != "" {
		s.Handicapped, s.Error = true, t.handicap
	}
	return s
}

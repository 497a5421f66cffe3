package containers

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// accounts are an image's users and groups.
type accounts struct {
	users  []account
	groups map[string]int // name to gid
}

type account struct {
	name, home string
	uid, gid   int
}

// owner is whom a container's process runs as, and its home.
type owner struct {
	uid, gid int
	home     string
}

// parseAccounts reads /etc/passwd and /etc/group; either may be empty. Lines that are not entries
// are passed over, as the engine does.
func parseAccounts(passwd, group []byte) accounts {
	a := accounts{groups: map[string]int{}}
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 6 || strings.HasPrefix(f[0], "#") {
			continue
		}
		uid, err1 := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err1 == nil && err2 == nil {
			a.users = append(a.users, account{f[0], f[5], uid, gid})
		}
	}
	for line := range strings.Lines(string(group)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) < 3 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if gid, err := strconv.Atoi(f[2]); err == nil {
			a.groups[f[0]] = gid
		}
	}
	return a
}

// owner resolves every form of Config.User as the engine does: empty, name, uid, each with :group
// or :gid. A number without an entry is itself, with group 0 and home /.
// https://github.com/moby/sys/blob/main/user/user.go (GetExecUser)
func (a accounts) owner(spec string) (owner, error) {
	user, group, grouped := strings.Cut(spec, ":")
	o, err := a.user(user)
	if err != nil || !grouped || group == "" {
		return o, err
	}
	if gid, ok := a.groups[group]; ok {
		o.gid = gid
		return o, nil
	}
	if o.gid, err = strconv.Atoi(group); err != nil {
		return owner{}, fmt.Errorf("its group %q is not in its /etc/group", group)
	}
	return o, nil
}

func (a accounts) user(user string) (owner, error) {
	if user == "" {
		user = "0"
	}
	uid, err := strconv.Atoi(user)
	numeric := err == nil
	for _, u := range a.users {
		if u.name == user || numeric && u.uid == uid {
			home := u.home
			if home == "" {
				home = "/"
			}
			return owner{u.uid, u.gid, home}, nil
		}
	}
	if !numeric {
		return owner{}, fmt.Errorf("its user %q is not in its /etc/passwd", user)
	}
	return owner{uid, 0, "/"}, nil
}

// place is the az directory of a container: the label, else AZURE_CONFIG_DIR, else HOME, else the
// home of its user. A user named by label is one whom an entrypoint changes to, and what changes
// users (gosu, su-exec) sets HOME to that user's own: HOME in the environment is not theirs.
func place(label string, env []string, byLabel bool, o owner) string {
	dir := label
	if dir == "" {
		dir = getenv(env, "AZURE_CONFIG_DIR")
	}
	home := getenv(env, "HOME")
	if home == "" || byLabel && o.home != "/" {
		home = o.home
	}
	switch {
	case dir == "":
		dir = path.Join(home, ".azure")
	case dir == "~" || strings.HasPrefix(dir, "~/"):
		dir = path.Join(home, dir[1:])
	}
	return path.Clean("/" + dir)
}

// getenv is the last value of name, the one that counts.
func getenv(env []string, name string) string {
	value := ""
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			value = v
		}
	}
	return value
}

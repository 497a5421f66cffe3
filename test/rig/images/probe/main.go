//go:build linux

// Command probe is the program inside the rig's containers: static, needs no shell, and tells what
// a process in that container sees. It knows nothing of Azure or of what was delivered to it.
//
//	probe sleep            until SIGTERM or SIGINT
//	probe cat PATH         the file, to standard output
//	probe stat PATH...     one JSON line for each: mode, owner, size, hash
//	probe id               one JSON line: uid, gid, HOME, working directory
//	probe firstread PATH   what PATH was when this process began, as one JSON line; then as sleep
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// report is what a path looked like at one moment.
type report struct {
	At     time.Time `json:"at"`
	Path   string    `json:"path"`
	Exists bool      `json:"exists"`
	Dir    bool      `json:"dir"`
	Mode   string    `json:"mode"` // permission bits, octal
	UID    uint32    `json:"uid"`
	GID    uint32    `json:"gid"`
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256"` // of a file that could be read
	Error  string    `json:"error"`
}

// first is taken while the package initialises, before main: nothing of ours runs earlier.
var first = firstLook(os.Args)

func firstLook(args []string) *report {
	if len(args) != 3 || args[1] != "firstread" {
		return nil
	}
	r := look(args[2])
	return &r
}

func look(path string) report {
	r := report{At: time.Now().UTC(), Path: path}
	content, readErr := os.ReadFile(path)
	info, err := os.Stat(path)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	r.Exists, r.Dir, r.Size = true, info.IsDir(), info.Size()
	r.Mode = fmt.Sprintf("%04o", info.Mode().Perm())
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		r.UID, r.GID = s.Uid, s.Gid
	}
	switch {
	case r.Dir:
	case readErr != nil:
		r.Error = readErr.Error()
	default:
		sum := sha256.Sum256(content)
		r.SHA256 = hex.EncodeToString(sum[:])
	}
	return r
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	lines := json.NewEncoder(out)
	switch {
	case len(args) == 1 && args[0] == "sleep":
		sleep()
		return nil
	case len(args) == 2 && args[0] == "firstread":
		if err := lines.Encode(first); err != nil {
			return err
		}
		sleep()
		return nil
	case len(args) == 2 && args[0] == "cat":
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(out, f)
		return err
	case len(args) >= 2 && args[0] == "stat":
		for _, path := range args[1:] {
			if err := lines.Encode(look(path)); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 1 && args[0] == "id":
		wd, _ := os.Getwd() // "" where it was removed
		return lines.Encode(map[string]any{"uid": os.Getuid(), "gid": os.Getgid(), "home": os.Getenv("HOME"), "dir": wd})
	}
	return fmt.Errorf("usage: probe sleep | cat PATH | stat PATH... | id | firstread PATH")
}

// sleep ends at a signal: as PID 1 there is no default action, so `docker stop` would wait its
// whole grace period.
func sleep() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
}

//go:build unix

package filewatch

import (
	"io/fs"
	"syscall"
)

// number tells a file from one that was renamed over it.
func number(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}

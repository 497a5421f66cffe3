//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "The demo needs Linux: its desktop is an X server. In a Linux container or virtual machine, run: make demo")
	os.Exit(1)
}

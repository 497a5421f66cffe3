// Package e2e tries the whole program on the rig: real az, a real Docker engine, a real desktop, and a
// stand-in for the cloud. Each test is a story from issue 3, told from the person's side.
// All of it has the build tag e2e but this file, so that the package is there without it, too.
package e2e

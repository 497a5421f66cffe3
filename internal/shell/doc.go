// Package shell has the commands that a person is advised to type, in the words of the shell that is usual on their
// system: that of POSIX, or PowerShell on Windows. It runs none and knows nothing of what they are for.
package shell

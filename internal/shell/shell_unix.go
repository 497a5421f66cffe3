//go:build !windows

package shell

import "strings"

// Background starts aztray and gives the prompt back.
const Background = "aztray &"

// Unset takes variables out of the environment of the shell.
func Unset(names ...string) string { return "unset " + strings.Join(names, " ") }

// Set puts a variable into the environment of what the shell starts.
func Set(name, value string) string { return "export " + name + "=" + value }

// Writable lets the person write in a directory of theirs.
func Writable(dir string) string { return "chmod u+rwx " + dir }

// Proxy are the variables that name the proxy.
var Proxy = []string{"HTTPS_PROXY", "https_proxy"}

// Rights shows whose a file or a directory is, and who may do what with it.
func Rights(path string) string { return "ls -ld " + path }

// Words begin the commands above.
var Words = []string{"unset", "export", "ls", "chmod"}

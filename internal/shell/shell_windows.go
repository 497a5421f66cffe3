package shell

import "strings"

// Background starts aztray and gives the prompt back.
const Background = "Start-Process aztray"

// Unset takes variables out of the environment of the shell.
func Unset(names ...string) string {
	return "Remove-Item -ErrorAction Ignore Env:" + strings.Join(names, ", Env:")
}

// Set puts a variable into the environment of what the shell starts.
func Set(name, value string) string { return "$env:" + name + " = \"" + value + "\"" }

// Writable lets the person write in a directory of theirs.
func Writable(dir string) string {
	return "icacls \"" + dir + "\" /grant \"${env:USERNAME}:(OI)(CI)F\""
}

// Proxy are the variables that name the proxy; case is nothing to them here.
var Proxy = []string{"HTTPS_PROXY"}

// Rights shows whose a file or a directory is, and who may do what with it.
func Rights(path string) string { return "icacls \"" + path + "\"" }

// Words begin the commands above.
var Words = []string{"Start-Process", "Remove-Item", "$env:REQUESTS_CA_BUNDLE", "icacls"}

// Package browser opens an address in the person's browser, also one that holds a secret. It knows no page. What a
// program is started with can be read by everybody on the machine, and so can the fragment of an address there: so on
// Linux and macOS the browser is led on by a file that is the person's alone and holds the address.
package browser

import (
	"os"
	"os/exec"
	"time"
)

// Life is how long a file that leads a browser on is kept: a browser that starts cold reads it after many seconds.
const Life = time.Minute

// Open opens an address, and does not wait: some openers last as long as the browser, which is the person's. dir is
// the person's own runtime directory, where the file is put that leads on; Sweep takes it away after Life. leave is
// the compositor's leave to come to the front; "": none.
func Open(dir, address, leave string) error {
	argument, err := led(dir, address)
	if err != nil {
		return err
	}
	name, args := opener(argument)
	cmd := exec.Command(name, args...)
	if leave != "" { // the startup notification's, and that of Wayland's xdg-activation
		cmd.Env = append(os.Environ(), "XDG_ACTIVATION_TOKEN="+leave, "DESKTOP_STARTUP_ID="+leave)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

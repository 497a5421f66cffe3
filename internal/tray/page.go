//go:build linux || windows || (darwin && cgo)

package tray

import (
	"os"
	"os/exec"
	"strings"
)

// showDetails opens the status page, with the compositor's leave to come to the front where there is one. Where
// there is no page, the details go to the clipboard instead, and that is said.
func (b *panel) showDetails(leave string) {
	url := ""
	if b.o.Page != nil {
		url = b.o.Page()
	}
	if url == "" {
		b.o.Notice(problemNoPage())
		b.copyDetails()
		return
	}
	plain, _, _ := strings.Cut(url, "?") // what follows is for the browser alone
	b.log.Debug("opening the status page", "url", plain)
	if err := open(url, leave); err != nil {
		b.o.Notice(problemNotOpened(plain, err))
	}
}

// open starts what the system opens an address with, and does not wait: some of these last as long as the
// browser, which is the person's.
func open(url, leave string) error {
	name, args := opener(url)
	cmd := exec.Command(name, args...)
	if leave != "" { // https://specifications.freedesktop.org/startup-notification-spec/, and Wayland's xdg-activation
		cmd.Env = append(os.Environ(), "XDG_ACTIVATION_TOKEN="+leave, "DESKTOP_STARTUP_ID="+leave)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

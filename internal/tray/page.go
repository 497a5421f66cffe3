//go:build linux || windows || (darwin && cgo)

package tray

import (
	"os/exec"
	"strings"
)

// showDetails opens the status page. Where there is none, the details go to the clipboard instead, and
// that is said.
func (b *panel) showDetails() {
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
	if err := open(url); err != nil {
		b.o.Notice(problemNotOpened(plain, err))
	}
}

// open starts what the system opens an address with, and does not wait: some of these last as long as the
// browser, which is the person's.
func open(url string) error {
	name, args := opener(url)
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

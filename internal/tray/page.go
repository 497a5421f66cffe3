//go:build linux || windows || (darwin && cgo)

package tray

import "strings"

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
	plain, _, _ := strings.Cut(url, "#") // what follows is for the browser alone
	b.log.Debug("opening the status page", "url", plain)
	if err := b.o.Open(url, leave); err != nil {
		b.o.Notice(problemNotOpened(plain, err))
	}
}

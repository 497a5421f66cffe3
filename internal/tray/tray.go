// Package tray shows the state on the panel: an icon with a shape and a colour for each level, and a
// menu that says in words what is known, until when, and what can be done. It draws and words
// Snapshots of the agent and hands what a person clicks back as Commands. It decides nothing, keeps
// nothing but what is on the screen, and knows neither az, Docker nor the files.
package tray

import (
	"log/slog"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Options is what Run needs. Updates and Do are required.
type Options struct {
	Updates <-chan agent.Snapshot // the newest wins; the icon is grey until the first
	Do      func(agent.Command)   // takes a click; it must not block for long
	Ground  Ground                // the panel's brightness
	Grounds <-chan Ground         // another from now on; nil: never
	Clock   *Clock                // how times are written; nil means as the system says
	Page    func() string         // the status page's address, whose fragment is a secret; "", or nil: there is none
	// Open opens an address in the person's browser, with the compositor's leave where there is one. It must not
	// wait for the browser.
	Open    func(address, leave string) error
	Show    <-chan struct{} // a second start asks where this one is; nil: never
	Details <-chan string   // a click on a notification: shows the details, with the compositor's leave; nil: never
	// Notice is told what the tray cannot show itself: that no panel has a place for it, that the
	// clipboard cannot be reached, the answer to Show. It must not block for long. nil: only logged.
	Notice    func(*auth.Problem)
	HostGrace time.Duration // how long a panel may take to appear before that is a Problem; 0 means 10 s
	Log       *slog.Logger  // nil means slog.Default()
}

// What Notice and Run report about the desktop itself.
const (
	// TrayMissing: there is nowhere to put the icon. All else works without it.
	TrayMissing auth.Kind = "tray-missing"
	// Shown: nothing is wrong, somebody asked where the tray is.
	Shown auth.Kind = "tray-shown"
	// ClipboardMissing: the details could not be copied.
	ClipboardMissing auth.Kind = "clipboard-missing"
	// PageMissing: the status page is not served, or could not be opened.
	PageMissing auth.Kind = "page-missing"
)

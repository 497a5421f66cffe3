// Command trayapp is a small tray program for the tests of package desktop: an icon, a menu with a
// submenu, and a notification with two buttons. What is done to it, it says on standard output.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"fyne.io/systray"
	"github.com/godbus/dbus/v5"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		systray.Quit()
	}()
	systray.SetTitle("trayapp")
	systray.Run(func() { go serve() }, func() {})
}

// serve builds the menu and answers clicks; it ends with the process.
func serve() {
	systray.SetIcon(disc(color.NRGBA{0x00, 0x9e, 0x73, 0xff}))
	systray.SetTooltip("All is well")
	status := systray.AddMenuItem("Signed in to Contoso", "")
	status.Disable()
	systray.AddSeparator()
	red := systray.AddMenuItem("Turn red", "")
	warn := systray.AddMenuItem("Warn me", "")
	tenants := systray.AddMenuItem("Tenant", "")
	one := tenants.AddSubMenuItemCheckbox("contoso_one", "", true)
	two := tenants.AddSubMenuItemCheckbox("contoso__two", "", false)
	hidden := systray.AddMenuItem("Hidden", "")
	hidden.Hide()
	quit := systray.AddMenuItem("Quit", "")
	answers := notifications()
	fmt.Println("ready")
	for {
		select {
		case <-red.ClickedCh:
			systray.SetIcon(disc(color.NRGBA{0xd5, 0x5e, 0x00, 0xff}))
			systray.SetTitle("Expired")
			fmt.Println("red")
		case <-two.ClickedCh:
			one.Uncheck()
			two.Check()
			fmt.Println("two")
		case <-warn.ClickedCh:
			answers.warn()
		case s := <-answers.signals: // the bus's own NameAcquired comes here too
			if member, ok := strings.CutPrefix(s.Name, "org.freedesktop.Notifications."); ok && len(s.Body) == 2 {
				fmt.Println(member, s.Body[1])
			}
		case <-quit.ClickedCh:
			systray.Quit()
			return
		}
	}
}

// bus is a connection for notifications alone: systray's own must not see their signals.
type bus struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal
}

func notifications() bus {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	b := bus{conn, make(chan *dbus.Signal, 16)}
	conn.Signal(b.signals)
	for _, member := range []string{"ActionInvoked", "NotificationClosed"} {
		if err := conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.Notifications"), dbus.WithMatchMember(member)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return b
}

func (b bus) warn() {
	call := b.conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call(
		"org.freedesktop.Notifications.Notify", 0, "trayapp", uint32(0), "dialog-warning",
		"Sign-in ends at 17:40", "Containers lose access to Azure OpenAI then.",
		[]string{"default", "Open", "renew", "Renew now", "snooze", "Snooze"},
		map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(2))}, int32(0))
	if call.Err != nil {
		fmt.Fprintln(os.Stderr, call.Err)
	}
}

// disc is a 44 pixel icon, opaque or empty everywhere: no half-transparent edge.
func disc(c color.NRGBA) []byte {
	const size = 44
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			if dx, dy := 2*x-size+1, 2*y-size+1; dx*dx+dy*dy < (size-6)*(size-6) {
				img.SetNRGBA(x, y, c)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return b.Bytes()
}

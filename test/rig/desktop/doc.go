// Package desktop is a real desktop for end-to-end tests and the demo, with nothing of the
// person's own in it: an X server without a screen, a session bus, openbox, the XFCE panel with
// its tray, the XFCE notification daemon, and Chromium on demand. It can do what a person can do
// there (see the icon, open the menu, press a notification's button, click in the browser) and
// read over D-Bus what programs show. It knows nothing of Azure or of the program under test.
//
// It needs Linux and these Debian packages: xvfb, openbox, xfce4-panel, xfce4-notifyd, xfconf,
// dbus, at-spi2-core, xdotool, scrot, hsetroot, x11-utils, chromium, adwaita-icon-theme and, for
// looks alone, fonts-cantarell.
//
// Notification buttons are found by asking the daemon's own accessibility tree (AT-SPI) where the
// button with that label is, and are pressed with the mouse, so font, theme and length of text do
// not matter. The icon is found in the panel by looking for the picture that the program shows.
package desktop

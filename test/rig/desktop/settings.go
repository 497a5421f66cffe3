//go:build linux

package desktop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// personal are the variables that would lead a program to the person's own desktop or settings.
var personal = []string{
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "HOME", "LC_ALL", "BROWSER",
	"SESSION_MANAGER", "DESKTOP_SESSION", "AT_SPI_BUS_ADDRESS", "GTK_THEME", "GTK_MODULES",
}

// cleanEnviron is this process's environment without personal ones.
func cleanEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return slices.Contains(personal, name) || strings.HasPrefix(name, "XDG_")
	})
}

// services are what the session bus may start on demand.
var services = []string{"org.xfce.Xfconf.service", "org.a11y.Bus.service"}

// writeSettings makes the desktop's own directories and the settings of its programs.
func (d *Desktop) writeSettings(context.Context) error {
	for _, dir := range []string{"home", "cache", "data", "state", "log", "services", "config/gtk-3.0", "config/openbox", channels} {
		if err := os.MkdirAll(filepath.Join(d.opts.Dir, dir), 0o700); err != nil {
			return err
		}
	}
	servicesDir := filepath.Join(d.opts.Dir, "services")
	for _, name := range services {
		text, err := os.ReadFile(filepath.Join("/usr/share/dbus-1/services", name))
		if err != nil {
			return fmt.Errorf("a part of the desktop is not installed: %w", err)
		}
		if err := os.WriteFile(filepath.Join(servicesDir, name), text, 0o600); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"bus.conf":                      fmt.Sprintf(busSettings, d.busAddress(), servicesDir),
		"config/gtk-3.0/settings.ini":   fmt.Sprintf(gtkSettings, d.opts.Dark),
		"config/openbox/rc.xml":         d.windowSettings(),
		channels + "/xfce4-panel.xml":   d.panelSettings(),
		channels + "/xfce4-notifyd.xml": notifySettings,
	} {
		if err := os.WriteFile(filepath.Join(d.opts.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// channels is where the XFCE settings daemon keeps one file for each program.
const channels = "config/xfce4/xfconf/xfce-perchannel-xml"

const busSettings = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>%s</listen>
  <auth>EXTERNAL</auth>
  <servicedir>%s</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

const gtkSettings = `[Settings]
gtk-theme-name=Adwaita
gtk-icon-theme-name=Adwaita
gtk-font-name=Cantarell 10
gtk-enable-animations=false
gtk-application-prefer-dark-theme=%v
`

func (d *Desktop) windowSettings() string {
	theme := "Clearlooks-3.4"
	if d.opts.Dark {
		theme = "Onyx"
	}
	return fmt.Sprintf(windowSettings, theme)
}

// A click raises a window and reaches what was clicked; there are no keys and no menus.
const windowSettings = `<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy></placement>
  <theme>
    <name>%s</name>
    <titleLayout>NLC</titleLayout>
    <font place="ActiveWindow"><name>Cantarell</name><size>10</size><weight>Bold</weight></font>
    <font place="InactiveWindow"><name>Cantarell</name><size>10</size></font>
  </theme>
  <desktops><number>1</number></desktops>
  <mouse>
    <context name="Client">
      <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
    </context>
    <context name="Close">
      <mousebind button="Left" action="Click"><action name="Close"/></mousebind>
    </context>
  </mouse>
</openbox_config>
`

// Top right, nothing moves or fades: what is shown is at its place at once.
const notifySettings = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-notifyd" version="1.0">
  <property name="notify-location" type="uint" value="2"/>
  <property name="do-fadeout" type="bool" value="false"/>
  <property name="do-slideout" type="bool" value="false"/>
  <property name="initial-opacity" type="double" value="1.0"/>
</channel>
`

// iconSize is the size of tray icons in pixels.
const iconSize = 22

func (d *Desktop) panelSettings() string {
	position, ground := "p=8;x=0;y=0", d.panelGround() // bottom
	if d.opts.PanelTop {
		position = "p=6;x=0;y=0"
	}
	return fmt.Sprintf(panelSettings, d.opts.Dark, position, iconSize, ground[0], ground[1], ground[2], iconSize)
}

// panelGround is the panel's red, green and blue.
func (d *Desktop) panelGround() [3]float64 {
	if d.opts.Dark {
		return [3]float64{0.13, 0.14, 0.16}
	}
	return [3]float64{0.94, 0.94, 0.945} // #EFF0F1
}

const panelSettings = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="%v"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="%s"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="icon-size" type="uint" value="%d"/>
      <property name="size" type="uint" value="36"/>
      <property name="background-style" type="uint" value="1"/>
      <property name="background-rgba" type="array">
        <value type="double" value="%v"/>
        <value type="double" value="%v"/>
        <value type="double" value="%v"/>
        <value type="double" value="1"/>
      </property>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
        <value type="int" value="4"/>
        <value type="int" value="5"/>
        <value type="int" value="6"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="applicationsmenu"/>
    <property name="plugin-2" type="string" value="tasklist">
      <property name="show-handle" type="bool" value="false"/>
      <property name="flat-buttons" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-4" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
      <property name="icon-size" type="int" value="%d"/>
    </property>
    <property name="plugin-5" type="string" value="clock">
      <property name="digital-layout" type="uint" value="3"/>
      <property name="digital-time-format" type="string" value="%%a %%H:%%M"/>
      <property name="digital-format" type="string" value="%%a %%H:%%M"/>
    </property>
    <property name="plugin-6" type="string" value="separator">
      <property name="style" type="uint" value="0"/>
    </property>
  </property>
</channel>
`

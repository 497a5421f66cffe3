//go:build linux

package desktop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// SetDark makes the desktop dark, or light, as a person does in its settings: the panel and the
// notification daemon start again, so icons have to come back and what is shown is gone.
func (d *Desktop) SetDark(ctx context.Context, dark bool) error {
	d.opts.Dark = dark
	for _, step := range []func(context.Context) error{
		d.StopPanel, d.StopNotifications, d.paintWall, d.dress, d.StartNotifications, d.StartPanel,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("changing the desktop's colours: %w", err)
		}
	}
	return nil
}

// dress changes the settings of what is dark or light. The panel's are with the settings daemon, which
// read its file long ago.
func (d *Desktop) dress(ctx context.Context) error {
	for name, text := range map[string]string{
		"config/gtk-3.0/settings.ini": fmt.Sprintf(gtkSettings, d.opts.Dark),
		"config/openbox/rc.xml":       d.windowSettings(),
	} {
		if err := os.WriteFile(filepath.Join(d.opts.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	ground := []string{"-c", "xfce4-panel", "-p", "/panels/panel-1/background-rgba"}
	for _, part := range d.panelGround() {
		ground = append(ground, "-t", "double", "-s", fmt.Sprint(part))
	}
	for _, command := range [][]string{
		{"openbox", "--reconfigure"},
		{"xfconf-query", "-c", "xfce4-panel", "-p", "/panels/dark-mode", "-t", "bool", "-s", fmt.Sprint(d.opts.Dark)},
		append(append([]string{"xfconf-query"}, ground...), "-t", "double", "-s", "1"),
	} {
		if _, err := d.tool(ctx, command[0], command[1:]...); err != nil {
			return err
		}
	}
	return nil
}

//go:build linux

package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"aztray/test/rig/desktop"
)

// screen is the size of the virtual desktop: a picture of it fits a README without being made smaller.
var screen = image.Pt(960, 600)

// robot uses a virtual desktop as a person would, with the mouse, and keeps pictures of it.
type robot struct {
	*play
	album   *album
	notices desktop.Notification
}

func newRobot(p *play, out string) (*robot, error) {
	a, err := newAlbum(out)
	if err != nil {
		return nil, err
	}
	return &robot{play: p, album: a}, p.UseChromium()
}

func (r *robot) end() {}

func (r *robot) finish() error { return r.album.finish(r.told) }

// icon is the tray's, once it says a text and the panel shows the picture that goes with it.
func (r *robot) icon(ctx context.Context, text string) (desktop.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	item, err := r.Item(ctx, func(i desktop.Item) bool { return strings.Contains(i.ToolTip, text) })
	if err != nil {
		return item, fmt.Errorf("the icon never said %q: %w", text, err)
	}
	return item, nil
}

func (r *robot) wait(ctx context.Context, text string) error {
	_, err := r.icon(ctx, text)
	return err
}

func (r *robot) notice(ctx context.Context, summary string, s shot) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	n, err := r.Desktop.WaitNotification(ctx, func(n desktop.Notification) bool {
		return n.Shown() && strings.Contains(n.Summary, summary)
	})
	if err != nil {
		return err
	}
	r.notices = n
	return r.look(ctx, s)
}

func (r *robot) press(ctx context.Context, button string) error {
	if err := r.UseChromium(); err != nil {
		return err
	}
	if err := r.Desktop.PressButton(ctx, r.notices, button); err != nil {
		return err
	}
	r.told.say("The notification says %q; %q is pressed.", r.notices.Summary, button)
	return r.wait(ctx, saysSigningIn)
}

func (r *robot) pickAccount(ctx context.Context, s shot) error {
	if _, err := r.Desktop.WaitPainted(ctx, desktop.SignInTitle); err != nil {
		return err
	}
	r.told.say("The icon is blue, and Chromium asks which account. It is clicked.")
	if err := r.look(ctx, s); err != nil {
		return err
	}
	return r.Desktop.ClickBrowserCentre(ctx)
}

func (r *robot) closeBrowser(ctx context.Context) error { return r.Desktop.CloseBrowser(ctx) }

func (r *robot) darken(ctx context.Context) error {
	if err := r.Desktop.SetDark(ctx, true); err != nil {
		return err
	}
	item, err := r.icon(ctx, "")
	if err != nil {
		return err
	}
	if _, err := r.Desktop.WaitShown(ctx, item); err != nil {
		return err
	}
	r.told.say("The desktop goes dark: its panel starts again, and the icon is back on it.")
	return nil
}

// look keeps a picture once the panel shows the icon as it is now.
func (r *robot) look(ctx context.Context, s shot) error {
	item, err := r.icon(ctx, "")
	if err != nil {
		return err
	}
	if _, err := r.Desktop.WaitShown(ctx, item); err != nil {
		return err
	}
	return r.keep(ctx, s)
}

func (r *robot) lookAtMenu(ctx context.Context, label string, s shot) error {
	item, err := r.icon(ctx, "")
	if err != nil {
		return err
	}
	menu, err := r.Desktop.WaitMenu(ctx, item, func(n desktop.MenuNode) bool { return lineOf(n, label) != "" })
	if err != nil {
		return err
	}
	if err := r.Desktop.OpenMenu(ctx, item); err != nil {
		return err
	}
	if err := r.Desktop.PointAtMenu(ctx, item, lineOf(menu, label)); err != nil {
		return err
	}
	if err := r.keep(ctx, s); err != nil {
		return err
	}
	return r.Desktop.CloseMenu(ctx)
}

// lineOf is the line of a menu that begins with a text.
func lineOf(menu desktop.MenuNode, label string) string {
	for _, line := range menu.Lines() {
		if strings.HasPrefix(line, label) {
			return line
		}
	}
	return ""
}

// keep writes what the screen shows once it has shown the same for two looks.
func (r *robot) keep(ctx context.Context, s shot) error {
	path := filepath.Join(r.album.dir, s.name+".png")
	var before image.Image
	for range 10 {
		if err := r.Desktop.Screenshot(ctx, path); err != nil {
			return err
		}
		now, err := readPNG(path)
		if err != nil {
			return err
		}
		if reflect.DeepEqual(before, now) {
			break
		}
		before = now
	}
	r.album.add(before, path, s)
	return nil
}

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Screen is the whole screen.
func (d *Desktop) Screen() image.Rectangle { return image.Rectangle{Max: d.opts.Size} }

// Screenshot writes the whole screen, with the pointer, to a PNG file.
func (d *Desktop) Screenshot(ctx context.Context, path string) error {
	_, err := d.tool(ctx, "scrot", "-o", "-p", path)
	return err
}

// Capture is what the screen shows now, without the pointer.
func (d *Desktop) Capture(ctx context.Context) (image.Image, error) {
	f, err := os.CreateTemp(d.runtime, "screen-*.png")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := d.tool(ctx, "scrot", "-o", f.Name()); err != nil {
		return nil, err
	}
	shot, err := os.Open(f.Name()) // scrot writes a new file of that name
	if err != nil {
		return nil, err
	}
	defer shot.Close()
	return png.Decode(shot)
}

// WaitShown waits until the panel shows the picture that an icon has now, and returns where. It
// reads the icon again each time, so a change that comes late is waited for too.
func (d *Desktop) WaitShown(ctx context.Context, item Item) (image.Rectangle, error) {
	var at image.Rectangle
	err := until(ctx, "the panel to show the icon of "+item.ID, func() bool {
		now, err := d.readItem(ctx, item.Owner, item.Path)
		if err != nil || now.Icon == nil {
			return false
		}
		screen, err := d.Capture(ctx)
		if err != nil {
			return false
		}
		for _, tray := range d.trays(ctx) {
			if found, ok := locate(screen, tray, now.Icon); ok {
				at = found
				return true
			}
		}
		return false
	})
	return at, err
}

// trays are the windows of the panel that show icons: the tray runs in a process of its own.
func (d *Desktop) trays(ctx context.Context) []image.Rectangle {
	var all []image.Rectangle
	for _, w := range d.windows(ctx, "--class", "wrapper-2.0") {
		if d.onPanel(w.frame) {
			all = append(all, w.frame)
		}
	}
	return all
}

// onPanel tells the tray from a menu that it opened.
func (d *Desktop) onPanel(r image.Rectangle) bool {
	if d.opts.PanelTop {
		return r.Min.Y == 0
	}
	return r.Max.Y == d.opts.Size.Y
}

// locate finds an icon's picture, at the size of the tray, within a part of the screen. Only its
// opaque pixels count: the others depend on the panel behind them.
func locate(screen image.Image, within image.Rectangle, icon image.Image) (image.Rectangle, bool) {
	small := shrink(icon, iconSize)
	best, where := 1<<30, image.Point{}
	for y := within.Min.Y; y <= within.Max.Y-iconSize; y++ {
		for x := within.Min.X; x <= within.Max.X-iconSize; x++ {
			if off := difference(screen, image.Pt(x, y), small); off < best {
				best, where = off, image.Pt(x, y)
			}
		}
	}
	const alike = 20 // of 255, on average: room for another way of scaling, none for another colour
	return image.Rectangle{where, where.Add(image.Pt(iconSize, iconSize))}, best < alike
}

// difference is how far the screen is from a picture at a place: the mean over its opaque pixels
// of the mean over the three colours, 0 to 255.
func difference(screen image.Image, at image.Point, icon *image.NRGBA) int {
	sum, n := 0, 0
	for y := range icon.Rect.Dy() {
		for x := range icon.Rect.Dx() {
			want := icon.NRGBAAt(x, y)
			if want.A < 250 {
				continue
			}
			r, g, b, _ := screen.At(at.X+x, at.Y+y).RGBA()
			sum += apart(want.R, r) + apart(want.G, g) + apart(want.B, b)
			n++
		}
	}
	if n == 0 {
		return 1 << 30
	}
	return sum / (3 * n)
}

func apart(a uint8, b uint32) int {
	return max(int(a)-int(b>>8), int(b>>8)-int(a))
}

// shrink scales a square picture down by averaging.
func shrink(img image.Image, size int) *image.NRGBA {
	full := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(full, full.Rect, img, img.Bounds().Min, draw.Src)
	small := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			cell := image.Rect(x*full.Rect.Dx()/size, y*full.Rect.Dy()/size, (x+1)*full.Rect.Dx()/size, (y+1)*full.Rect.Dy()/size)
			if cell.Empty() { // the picture is smaller than the tray's icons
				cell.Max = cell.Min.Add(image.Pt(1, 1))
			}
			var sum [4]int
			for cy := cell.Min.Y; cy < cell.Max.Y; cy++ {
				for cx := cell.Min.X; cx < cell.Max.X; cx++ {
					for i, v := range full.Pix[full.PixOffset(cx, cy):][:4] {
						sum[i] += int(v)
					}
				}
			}
			for i := range sum {
				small.Pix[small.PixOffset(x, y)+i] = uint8(sum[i] / (cell.Dx() * cell.Dy()))
			}
		}
	}
	return small
}

// IconCrop writes the part of the panel around an icon to a PNG file, once the panel shows it.
func (d *Desktop) IconCrop(ctx context.Context, item Item, path string) error {
	at, err := d.WaitShown(ctx, item)
	if err != nil {
		return err
	}
	screen, err := d.Capture(ctx)
	if err != nil {
		return err
	}
	part := at.Inset(-7).Intersect(d.Screen())
	crop := image.NewNRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(crop, crop.Rect, screen, part.Min, draw.Src)
	f, err := os.Create(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, crop), f.Close())
}

// menus are the open menus of the tray, the outermost first.
func (d *Desktop) menus(ctx context.Context) []image.Rectangle {
	var all []image.Rectangle
	for _, w := range d.windows(ctx, "--class", "wrapper-2.0") {
		if !d.onPanel(w.frame) && w.frame.Dy() > 8 {
			all = append(all, w.frame)
		}
	}
	// A submenu opens to a side of its menu, which ends next to the icon.
	slices.SortFunc(all, func(a, b image.Rectangle) int { return b.Max.X - a.Max.X })
	return all
}

// OpenMenu clicks on an icon and waits for its menu, so that it can be seen. Clicks in it are
// real ones: PointAtMenu, ClickOpenMenu. CloseMenu closes it.
func (d *Desktop) OpenMenu(ctx context.Context, item Item) error {
	at, err := d.WaitShown(ctx, item)
	if err != nil {
		return err
	}
	for range 5 {
		if err := d.Click(ctx, centre(at)); err != nil {
			return err
		}
		open, cancel := context.WithTimeout(ctx, 2*time.Second)
		err = until(open, "the menu to open", func() bool { return len(d.menus(ctx)) > 0 })
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// CloseMenu closes what OpenMenu opened.
func (d *Desktop) CloseMenu(ctx context.Context) error {
	for range 5 { // one Escape for each level
		if len(d.menus(ctx)) == 0 {
			break
		}
		if err := d.Key(ctx, "Escape"); err != nil {
			return err
		}
	}
	return until(ctx, "the menu to close", func() bool { return len(d.menus(ctx)) == 0 })
}

// PointAtMenu moves the pointer onto a line of the open menu; a submenu there opens.
func (d *Desktop) PointAtMenu(ctx context.Context, item Item, label string) error {
	root, err := d.Menu(ctx, item)
	if err != nil {
		return err
	}
	at, err := d.menuLine(ctx, root, label)
	if err != nil {
		return err
	}
	// Coming from elsewhere in the menu: without movement there is no highlight.
	if err := d.Point(ctx, at.Add(image.Pt(3, 1))); err != nil {
		return err
	}
	if err := d.Point(ctx, at); err != nil {
		return err
	}
	if line, _ := root.Find(label); len(line.Children) > 0 {
		return until(ctx, "the submenu "+label, func() bool { return len(d.menus(ctx)) > 1 })
	}
	return nil
}

// ClickOpenMenu clicks on a line of the open menu.
func (d *Desktop) ClickOpenMenu(ctx context.Context, item Item, label string) error {
	root, err := d.Menu(ctx, item)
	if err != nil {
		return err
	}
	at, err := d.menuLine(ctx, root, label)
	if err != nil {
		return err
	}
	return d.Click(ctx, at)
}

// menuLine computes where a line of the open menu is. All lines are equally high, a separator is
// one pixel, and the theme leaves four pixels above and below; the panel's menus have no
// accessibility tree that could be asked.
func (d *Desktop) menuLine(ctx context.Context, root MenuNode, label string) (image.Point, error) {
	open := d.menus(ctx)
	if len(open) == 0 {
		return image.Point{}, errors.New("no menu is open")
	}
	const edge, separator = 4, 1
	lines := root.Lines()
	n := slices.Index(lines, label)
	if n < 0 {
		return image.Point{}, fmt.Errorf("the menu has no line %q: it reads %q", label, lines)
	}
	ruled := func(lines []string) (count int) {
		for _, line := range lines {
			if line == "---" {
				count++
			}
		}
		return count
	}
	rules := ruled(lines)
	height := float64(open[0].Dy()-2*edge-rules*separator) / float64(len(lines)-rules)
	above := ruled(lines[:n])
	y := float64(open[0].Min.Y+edge+above*separator) + (float64(n-above)+0.5)*height
	return image.Pt(open[0].Max.X-40, int(y)), nil // where lines have ended: the pointer covers no text
}

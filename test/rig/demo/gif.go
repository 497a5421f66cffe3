//go:build linux

package main

import (
	"bufio"
	"cmp"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"math"
	"os"
	"slices"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var (
	captionGround = color.RGBA{0x1f, 0x29, 0x33, 0xff}
	captionInk    = color.RGBA{0xf5, 0xf7, 0xfa, 0xff}
)

const captionHeight = 40

// writeGIF makes the animated picture. Each frame after the first holds only the part that changed, in
// the colours of that part: flat surfaces stay flat, and the file small.
func writeGIF(path string, frames []frame) error {
	face, err := captionFace()
	if err != nil {
		return err
	}
	defer face.Close()
	var g gif.GIF
	var before *image.RGBA
	for _, f := range frames {
		now := captioned(f.img, f.shot.caption, face)
		part := changed(before, now)
		g.Image = append(g.Image, paletted(before, now, part))
		g.Delay = append(g.Delay, int(f.shot.time/(10*time.Millisecond)))
		g.Disposal = append(g.Disposal, gif.DisposalNone)
		before = now
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(gif.EncodeAll(w, &g), w.Flush(), file.Close())
}

func captionFace() (font.Face, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(regular, &opentype.FaceOptions{Size: 18, DPI: 72, Hinting: font.HintingFull})
}

// captioned puts a line of text below a picture.
func captioned(img image.Image, text string, face font.Face) *image.RGBA {
	size := img.Bounds().Size()
	out := image.NewRGBA(image.Rect(0, 0, size.X, size.Y+captionHeight))
	draw.Draw(out, image.Rectangle{Max: size}, img, img.Bounds().Min, draw.Src)
	band := image.Rect(0, size.Y, size.X, size.Y+captionHeight)
	draw.Draw(out, band, image.NewUniform(captionGround), image.Point{}, draw.Src)
	pen := font.Drawer{Dst: out, Src: image.NewUniform(captionInk), Face: face}
	pen.Dot = fixed.P((size.X-pen.MeasureString(text).Round())/2, band.Max.Y-14)
	pen.DrawString(text)
	return out
}

// changed is the smallest rectangle outside of which two pictures are the same; all of now where there
// is none before.
func changed(before, now *image.RGBA) image.Rectangle {
	if before == nil {
		return now.Rect
	}
	var part image.Rectangle
	for y := range now.Rect.Dy() {
		for x := range now.Rect.Dx() {
			if before.RGBAAt(x, y) != now.RGBAAt(x, y) {
				part = part.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if part.Empty() { // a frame has at least one pixel
		return image.Rect(0, 0, 1, 1)
	}
	return part
}

// paletted is a part of a picture in at most 256 colours; what has not changed since before is
// transparent, its first colour.
func paletted(before, now *image.RGBA, part image.Rectangle) *image.Paletted {
	counts := map[color.RGBA]int{}
	same := func(x, y int) bool { return before != nil && before.RGBAAt(x, y) == now.RGBAAt(x, y) }
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if !same(x, y) {
				counts[now.RGBAAt(x, y)]++
			}
		}
	}
	nearest := map[color.RGBA]uint8{}
	palette := append(color.Palette{color.RGBA{}}, medianCut(counts, 255)...)
	for c := range counts {
		nearest[c] = uint8(1 + palette[1:].Index(c))
	}
	img := image.NewPaletted(part, palette)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if !same(x, y) {
				img.SetColorIndex(x, y, nearest[now.RGBAAt(x, y)])
			}
		}
	}
	return img
}

// weighed is a colour and how often it occurs.
type weighed struct {
	channel [3]int
	n       int
}

// medianCut chooses at most n colours: the box of colours that is widest for its weight is halved until
// there are n boxes, and each gives its mean. Where there are no more than n colours, it gives them.
func medianCut(counts map[color.RGBA]int, n int) color.Palette {
	var all []weighed
	for c, count := range counts {
		all = append(all, weighed{[3]int{int(c.R), int(c.G), int(c.B)}, count})
	}
	// In an order of their own: the same pictures give the same file.
	slices.SortFunc(all, func(a, b weighed) int { return slices.Compare(a.channel[:], b.channel[:]) })
	boxes := [][]weighed{all}
	for len(boxes) < n {
		i, channel := widest(boxes)
		if i < 0 {
			break
		}
		low, high := halve(boxes[i], channel)
		boxes[i] = low
		boxes = append(boxes, high)
	}
	var palette color.Palette
	for _, box := range boxes {
		if len(box) > 0 {
			palette = append(palette, mean(box))
		}
	}
	return palette
}

// widest is the box to halve next and the channel to do it by; -1 where each holds one colour.
func widest(boxes [][]weighed) (box, channel int) {
	box, most := -1, 0.0
	for i, b := range boxes {
		for c := range 3 {
			low, high, n := 255, 0, 0
			for _, w := range b {
				low, high, n = min(low, w.channel[c]), max(high, w.channel[c]), n+w.n
			}
			// By root and square: a rare colour that is far from others, an icon's, is worth a box of its
			// own, and so are the neighbours in the wall's gradient, which are near and many.
			if worth := float64((high-low)*(high-low)) * math.Sqrt(float64(n)); worth > most {
				box, channel, most = i, c, worth
			}
		}
	}
	return box, channel
}

// halve splits a box in the middle of a channel's range, so that each half has a colour.
func halve(box []weighed, channel int) (low, high []weighed) {
	sorted := slices.Clone(box)
	slices.SortStableFunc(sorted, func(a, b weighed) int { return cmp.Compare(a.channel[channel], b.channel[channel]) })
	middle := (sorted[0].channel[channel] + sorted[len(sorted)-1].channel[channel]) / 2
	at := slices.IndexFunc(sorted, func(w weighed) bool { return w.channel[channel] > middle })
	return sorted[:at], sorted[at:]
}

func mean(box []weighed) color.RGBA {
	var sum [3]int
	n := 0
	for _, w := range box {
		for c := range sum {
			sum[c] += w.channel[c] * w.n
		}
		n += w.n
	}
	return color.RGBA{uint8((sum[0] + n/2) / n), uint8((sum[1] + n/2) / n), uint8((sum[2] + n/2) / n), 0xff}
}

//go:build linux

package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// wall is a desktop in more colours than a GIF has, with an icon of few pixels on it.
func wall(icon color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			img.SetRGBA(x, y, color.RGBA{uint8(140 + x/8), uint8(150 + (x+y)/12), uint8(160 + y/5), 0xff})
		}
	}
	draw.Draw(img, image.Rect(600, 370, 610, 380), image.NewUniform(icon), image.Point{}, draw.Src)
	return img
}

func TestTheAnimatedPictureLooksLikeItsFrames(t *testing.T) {
	red, green := color.RGBA{0xd5, 0x5e, 0, 0xff}, color.RGBA{0, 0x9e, 0x73, 0xff}
	frames := []frame{{wall(red), shot{"1", "Nobody is signed in", 2 * time.Second}}, {wall(green), shot{"2", "All is well", time.Second}}}
	path := filepath.Join(t.TempDir(), "demo.gif")
	if err := writeGIF(path, frames); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := gif.DecodeAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 2 || g.Delay[0] != 200 || g.Delay[1] != 100 || g.LoopCount != 0 {
		t.Fatalf("%d frames, delays %v, loops %d", len(g.Image), g.Delay, g.LoopCount)
	}
	if got := g.Image[1].Rect; got.Min.Y < 370 {
		t.Errorf("the second frame holds more than what changed: %v", got)
	}
	screen := image.NewRGBA(g.Image[0].Rect)
	for i, part := range g.Image {
		draw.Draw(screen, part.Rect, part, part.Rect.Min, draw.Over)
		for y := range 400 {
			for x := range 640 {
				got, want := screen.RGBAAt(x, y), frames[i].img.(*image.RGBA).RGBAAt(x, y)
				if apart(got.R, want.R) > 6 || apart(got.G, want.G) > 6 || apart(got.B, want.B) > 6 {
					t.Fatalf("frame %d at %d,%d is %v, not %v", i, x, y, got, want)
				}
			}
		}
	}
}

func apart(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

func TestOneFrameMayChangeNothing(t *testing.T) {
	same := wall(color.RGBA{A: 0xff})
	f := frame{same, shot{"1", "The same", time.Second}}
	if err := writeGIF(filepath.Join(t.TempDir(), "demo.gif"), []frame{f, f}); err != nil {
		t.Error(err)
	}
}

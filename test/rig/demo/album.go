//go:build linux

package main

import (
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
)

// album is the pictures of one demo, in build/demo.
type album struct {
	dir    string
	paths  []string
	frames []frame
	readme image.Image
}

// frame is a picture of the animated one.
type frame struct {
	img  image.Image
	shot shot
}

// readmePicture names the screenshot that becomes the README's.
const readmePicture = "9-warning-menu"

// newAlbum empties the directory of an earlier demo's pictures.
func newAlbum(dir string) (*album, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, pattern := range []string{"*.png", "*.gif"} {
		old, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is well formed
		for _, path := range old {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
		}
	}
	return &album{dir: dir}, nil
}

func (a *album) add(img image.Image, path string, s shot) {
	a.paths = append(a.paths, path)
	if s.time > 0 {
		a.frames = append(a.frames, frame{img, s})
	}
	if s.name == readmePicture {
		a.readme = img
	}
}

// finish writes the pictures that are made of others, and says where all are.
func (a *album) finish(t *told) error {
	still, moving := filepath.Join(a.dir, "aztray.png"), filepath.Join(a.dir, "demo.gif")
	if err := writePNG(still, a.readme); err != nil {
		return err
	}
	if err := writeGIF(moving, a.frames); err != nil {
		return err
	}
	a.paths = append(a.paths, still, moving)
	t.scene(4, "Pictures")
	for _, path := range a.paths {
		t.more("%s", path)
	}
	return nil
}

func writePNG(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	best := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(best.Encode(f, img), f.Close())
}

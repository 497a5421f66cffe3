package tray

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
)

// pngBytes encodes an image that is in memory, which cannot fail.
func pngBytes(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a bytes.Buffer takes everything
	return b.Bytes()
}

// icoBytes puts sizes of one icon into a Windows icon file, as bitmaps: LoadImage reads those on
// every Windows.
func icoBytes(images []*image.NRGBA) []byte {
	const dirEntry, header = 16, 6
	var dir, data []byte
	le := binary.LittleEndian
	dir = le.AppendUint16(dir, 0)
	dir = le.AppendUint16(dir, 1) // an icon, not a cursor
	dir = le.AppendUint16(dir, uint16(len(images)))
	offset := header + dirEntry*len(images)
	for _, img := range images {
		dib := dibBytes(img)
		w, h := img.Rect.Dx(), img.Rect.Dy()
		dir = append(dir, byte(w), byte(h), 0, 0) // 0 stands for 256
		dir = le.AppendUint16(dir, 1)
		dir = le.AppendUint16(dir, 32)
		dir = le.AppendUint32(dir, uint32(len(dib)))
		dir = le.AppendUint32(dir, uint32(offset+len(data)))
		data = append(data, dib...)
	}
	return append(dir, data...)
}

// dibBytes is a BITMAPINFOHEADER, the pixels as straight BGRA from the bottom up, and a mask of
// nothing, which the alpha channel overrides but every reader expects.
func dibBytes(img *image.NRGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 40)
	b = le.AppendUint32(b, uint32(w))
	b = le.AppendUint32(b, uint32(2*h)) // pixels and mask
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 32)
	b = append(b, make([]byte, 24)...) // uncompressed; sizes and palettes not given
	for y := h - 1; y >= 0; y-- {
		for x := range w {
			p := img.NRGBAAt(img.Rect.Min.X+x, img.Rect.Min.Y+y)
			b = append(b, p.B, p.G, p.R, p.A)
		}
	}
	maskRow := (w + 31) / 32 * 4
	return append(b, make([]byte, maskRow*h)...)
}

// systray on Linux keeps the low byte of each premultiplied 16-bit value that a decoded image gives,
// which turns half-transparent pixels into noise, while panels expect straight alpha. So the icon
// goes to it in a format of our own, a PNG behind straightMagic, whose decoder gives values that
// survive: straight, and with both bytes alike.
const straightMagic = "AZT0"

// straightBytes is the icon in that format.
func straightBytes(img image.Image) []byte { return append([]byte(straightMagic), pngBytes(img)...) }

func registerStraight() {
	image.RegisterFormat("aztray", straightMagic, decodeStraight, decodeStraightConfig)
}

func decodeStraight(r io.Reader) (image.Image, error) {
	if _, err := io.CopyN(io.Discard, r, int64(len(straightMagic))); err != nil {
		return nil, err
	}
	img, err := png.Decode(r)
	if err != nil {
		return nil, err
	}
	return straightImage{img}, nil
}

func decodeStraightConfig(r io.Reader) (image.Config, error) {
	if _, err := io.CopyN(io.Discard, r, int64(len(straightMagic))); err != nil {
		return image.Config{}, err
	}
	return png.DecodeConfig(r)
}

type straightImage struct{ image.Image }

func (i straightImage) At(x, y int) color.Color {
	return straightColor(color.NRGBAModel.Convert(i.Image.At(x, y)).(color.NRGBA))
}

type straightColor color.NRGBA

func (c straightColor) RGBA() (r, g, b, a uint32) {
	return uint32(c.R) * 0x101, uint32(c.G) * 0x101, uint32(c.B) * 0x101, uint32(c.A) * 0x101
}

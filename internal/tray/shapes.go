package tray

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// grid is the side of the square that all shapes are described on; a panel's icon is most often
// 22 px, so that edges on whole numbers are sharp there and at 44.
const grid = 22

// pen is what a shape is written to: a rasterizer for pixels, or svgPath for text.
type pen interface {
	MoveTo(x, y float32)
	LineTo(x, y float32)
	CubeTo(bx, by, cx, cy, dx, dy float32)
	ClosePath()
}

// layer is one step of a drawing: a shape that is filled with ink, or cut out of what lies below.
type layer struct {
	shape func(pen)
	ink   color.NRGBA
	cut   bool
}

// paint draws the layers, which use grid units on a square of side units, at px by px pixels.
func paint(layers []layer, side float32, px int) *image.NRGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, px, px))
	for _, l := range layers {
		z := vector.NewRasterizer(px, px)
		l.shape(scaled{z, float32(px) / side})
		if !l.cut {
			z.Draw(canvas, canvas.Bounds(), image.NewUniform(l.ink), image.Point{})
			continue
		}
		mask := image.NewAlpha(canvas.Bounds())
		z.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
		for i, m := range mask.Pix {
			for c := range 4 {
				p := &canvas.Pix[4*i+c]
				*p = uint8(uint16(*p) * uint16(255-m) / 255)
			}
		}
	}
	out := image.NewNRGBA(canvas.Bounds())
	draw.Draw(out, out.Bounds(), canvas, image.Point{}, draw.Src)
	return out
}

// scaled passes a shape on, enlarged.
type scaled struct {
	to pen
	s  float32
}

func (p scaled) MoveTo(x, y float32) { p.to.MoveTo(x*p.s, y*p.s) }
func (p scaled) LineTo(x, y float32) { p.to.LineTo(x*p.s, y*p.s) }
func (p scaled) ClosePath()          { p.to.ClosePath() }
func (p scaled) CubeTo(bx, by, cx, cy, dx, dy float32) {
	p.to.CubeTo(bx*p.s, by*p.s, cx*p.s, cy*p.s, dx*p.s, dy*p.s)
}

// moved passes a shape on, enlarged by s about the origin and then shifted.
type moved struct {
	to      pen
	s, x, y float32
}

func (p moved) MoveTo(x, y float32) { p.to.MoveTo(x*p.s+p.x, y*p.s+p.y) }
func (p moved) LineTo(x, y float32) { p.to.LineTo(x*p.s+p.x, y*p.s+p.y) }
func (p moved) ClosePath()          { p.to.ClosePath() }
func (p moved) CubeTo(bx, by, cx, cy, dx, dy float32) {
	p.to.CubeTo(bx*p.s+p.x, by*p.s+p.y, cx*p.s+p.x, cy*p.s+p.y, dx*p.s+p.x, dy*p.s+p.y)
}

// All shapes below run clockwise, so that those that overlap in one layer add up and never cancel.
// Angles are turns, clockwise from twelve o'clock.

const full = 2 * math.Pi

func onCircle(cx, cy, r float32, turn float64) (x, y float32) {
	sin, cos := math.Sincos(turn * full)
	return cx + r*float32(sin), cy - r*float32(cos)
}

// curve continues the path along a circle, in either direction, by cubics of an eighth turn.
func curve(p pen, cx, cy, r float32, from, to float64) {
	n := int(math.Ceil(math.Abs(to-from)*8 - 1e-9))
	step := (to - from) / float64(max(n, 1))
	k := r * float32(4.0/3*math.Tan(step*full/4))
	for i := range n {
		a, b := from+float64(i)*step, from+float64(i+1)*step
		ax, ay := onCircle(cx, cy, r, a)
		bx, by := onCircle(cx, cy, r, b)
		tax, tay := onCircle(0, 0, k, a+0.25)
		tbx, tby := onCircle(0, 0, k, b+0.25)
		p.CubeTo(ax+tax, ay+tay, bx-tbx, by-tby, bx, by)
	}
}

func disc(p pen, cx, cy, r float32) {
	p.MoveTo(onCircle(cx, cy, r, 0))
	curve(p, cx, cy, r, 0, 1)
	p.ClosePath()
}

// arc is a stroke of width w along a circle, with square ends.
func arc(p pen, cx, cy, r, w float32, from, to float64) {
	p.MoveTo(onCircle(cx, cy, r+w/2, from))
	curve(p, cx, cy, r+w/2, from, to)
	p.LineTo(onCircle(cx, cy, r-w/2, to))
	curve(p, cx, cy, r-w/2, to, from)
	p.ClosePath()
}

// roundArc is arc with round ends.
func roundArc(p pen, cx, cy, r, w float32, from, to float64) {
	arc(p, cx, cy, r, w, from, to)
	for _, end := range []float64{from, to} {
		x, y := onCircle(cx, cy, r, end)
		disc(p, x, y, w/2)
	}
}

// bar is a stroke of width w from one point to another, with round ends.
func bar(p pen, x0, y0, x1, y1, w float32) {
	turn := math.Atan2(float64(x1-x0), float64(y0-y1)) / full // the stroke's direction
	p.MoveTo(onCircle(x0, y0, w/2, turn-0.25))
	p.LineTo(onCircle(x1, y1, w/2, turn-0.25))
	curve(p, x1, y1, w/2, turn-0.25, turn+0.25)
	p.LineTo(onCircle(x0, y0, w/2, turn+0.25))
	curve(p, x0, y0, w/2, turn+0.25, turn+0.75)
	p.ClosePath()
}

// polygon joins the points, given clockwise, with corners rounded by r.
func polygon(p pen, r float32, points ...[2]float32) {
	n := len(points)
	for i, at := range points {
		before, after := points[(i+n-1)%n], points[(i+1)%n]
		ax, ay := toward(at, before, r)
		bx, by := toward(at, after, r)
		if i == 0 {
			p.MoveTo(ax, ay)
		} else {
			p.LineTo(ax, ay)
		}
		const k = 0.6 // how far the corner pulls: between a chamfer and the sharp corner
		p.CubeTo(ax+(at[0]-ax)*k, ay+(at[1]-ay)*k, bx+(at[0]-bx)*k, by+(at[1]-by)*k, bx, by)
	}
	p.ClosePath()
}

// toward is the point at distance d from a on the way to b.
func toward(a, b [2]float32, d float32) (x, y float32) {
	dx, dy := b[0]-a[0], b[1]-a[1]
	l := float32(math.Hypot(float64(dx), float64(dy)))
	return a[0] + dx/l*d, a[1] + dy/l*d
}

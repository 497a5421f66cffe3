package tray

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"aztray/internal/auth"
)

// Ground is the brightness of the panel that the icon stands on.
type Ground int

const (
	AnyGround   Ground = iota // not known: mid tones that hold on dark and on light
	DarkGround                // bright inks
	LightGround               // deep inks
)

// ParseGround reads the setting tray.icon: auto, dark or light.
func ParseGround(s string) (Ground, error) {
	switch s {
	case "", "auto":
		return AnyGround, nil
	case "dark":
		return DarkGround, nil
	case "light":
		return LightGround, nil
	}
	return AnyGround, fmt.Errorf("icon %q is none of auto, dark, light", s)
}

// NoLife is the life of a sign-in whose end is not known: no arc is drawn.
const NoLife = -1

// lifeSteps is how many different arcs there are. Windows keeps one handle and one file for each
// distinct icon for ever, so their number has to be small; twelve makes a step five minutes of an hour.
const lifeSteps = 12

// quantise gives the arc's steps, 0 for none. It rounds up: what still lives shows something.
func quantise(life float64) int {
	if life < 0 || math.IsNaN(life) {
		return 0
	}
	return min(max(int(math.Ceil(life*lifeSteps-1e-9)), 1), lifeSteps)
}

// Icon draws the level for a panel, px by px. Each level has a silhouette of its own, for colour is
// not seen by everybody: a disc with a tick, a triangle, an octagon, a person struck through, two
// arrows, a hollow ring. life is the part of the sign-in's life that is left, drawn as an arc round
// the first two; NoLife draws none.
func Icon(level auth.Level, life float64, ground Ground, px int) image.Image {
	return paint(drawing(level, quantise(life), ground), grid, px)
}

// inks are the colours of each level on a ground. Every one of them has a contrast of 3:1 or more
// against its ground (WCAG 2.1, 1.4.11), and the marks inside against them.
var inks = map[Ground]struct {
	ok, expiring, bad, renewing, unknown, mark color.NRGBA
}{
	AnyGround:   {rgb(0x009A70), rgb(0xB87A00), rgb(0xD9480F), rgb(0x1C7FC4), rgb(0x808080), rgb(0xFFFFFF)},
	DarkGround:  {rgb(0x2EC492), rgb(0xF5B52E), rgb(0xFF6F47), rgb(0x5BB8F0), rgb(0xA6A6A6), rgb(0x1A1A1A)},
	LightGround: {rgb(0x007F5B), rgb(0x9A6400), rgb(0xC2330A), rgb(0x0067AD), rgb(0x6A6A6A), rgb(0xFFFFFF)},
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}
}

// ink is a level's colour on a ground.
func ink(level auth.Level, g Ground) color.NRGBA {
	in := inks[g]
	switch level {
	case auth.OK:
		return in.ok
	case auth.Expiring:
		return in.expiring
	case auth.Expired, auth.SignedOut:
		return in.bad
	case auth.Renewing:
		return in.renewing
	}
	return in.unknown
}

func drawing(level auth.Level, steps int, g Ground) []layer {
	c, mark := ink(level, g), inks[g].mark
	switch level {
	case auth.OK:
		return drawOK(c, mark, steps)
	case auth.Expiring:
		return drawExpiring(c, mark, steps)
	case auth.Expired:
		return []layer{{shape: octagon, ink: c}, {shape: cross, ink: mark}}
	case auth.SignedOut:
		return []layer{{shape: person, ink: c}, {shape: slash(5), cut: true}, {shape: slash(2.2), ink: c}}
	case auth.Renewing:
		return []layer{{shape: arrows, ink: c}}
	}
	return []layer{{shape: hollow, ink: c}, {shape: question, ink: c}}
}

// life is the ring: what is left in full ink, clockwise from twelve; what is gone as a trace.
func life(c color.NRGBA, steps int) []layer {
	const r, w = 9.75, 2.0
	trace := c
	trace.A = 0x50
	left := float64(steps) / lifeSteps
	return []layer{
		{shape: func(p pen) { arc(p, 11, 11, r, w, left, 1) }, ink: trace},
		{shape: func(p pen) { arc(p, 11, 11, r, w, 0, left) }, ink: c},
	}
}

func drawOK(c, mark color.NRGBA, steps int) []layer {
	if steps == 0 {
		return []layer{
			{shape: func(p pen) { disc(p, 11, 11, 10.5) }, ink: c},
			{shape: func(p pen) { tick(p, 2.6) }, ink: mark},
		}
	}
	return append(life(c, steps),
		layer{shape: func(p pen) { disc(p, 11, 11, 7.25) }, ink: c},
		layer{shape: func(p pen) { tick(moved{p, 0.72, 3.08, 3.08}, 2.9) }, ink: mark})
}

func drawExpiring(c, mark color.NRGBA, steps int) []layer {
	if steps == 0 {
		return []layer{
			{shape: func(p pen) {
				polygon(p, 2.6, [2]float32{11, 0.2}, [2]float32{22, 20.5}, [2]float32{0, 20.5})
			}, ink: c},
			{shape: func(p pen) { exclaim(p, 11, 7, 13, 17, 2.7) }, ink: mark},
		}
	}
	return append(life(c, steps),
		layer{shape: func(p pen) {
			polygon(p, 1.4, [2]float32{11, 2.6}, [2]float32{18.5, 15}, [2]float32{3.5, 15})
		}, ink: c},
		layer{shape: func(p pen) { exclaim(p, 11, 6.6, 9.6, 12.9, 2.1) }, ink: mark})
}

func tick(p pen, w float32) {
	bar(p, 6.1, 11.5, 9.6, 15, w)
	bar(p, 9.6, 15, 15.9, 7.5, w)
}

// exclaim is an exclamation mark at x: a stem from top to foot and a dot.
func exclaim(p pen, x, top, foot, dot, w float32) {
	bar(p, x, top, x, foot, w)
	disc(p, x, dot, w*0.54)
}

func octagon(p pen) {
	const near, far, lo, hi = 6.9, 15.1, 0.8, 21.2
	polygon(p, 0.6, [][2]float32{{near, lo}, {far, lo}, {hi, near}, {hi, far}, {far, hi}, {near, hi}, {lo, far}, {lo, near}}...)
}

func cross(p pen) {
	bar(p, 7.2, 7.2, 14.8, 14.8, 2.8)
	bar(p, 14.8, 7.2, 7.2, 14.8, 2.8)
}

// person is a head and shoulders.
func person(p pen) {
	disc(p, 11.5, 6, 5)
	const r = 4.6 // the shoulders' corners
	p.MoveTo(2, 21)
	p.LineTo(2, 12.4+r)
	curve(p, 2+r, 12.4+r, r, 0.75, 1)
	p.LineTo(20-r, 12.4)
	curve(p, 20-r, 12.4+r, r, 0, 0.25)
	p.LineTo(20, 21)
	p.ClosePath()
}

// slash is the stroke through what is not there; wider, it is the gap on both its sides.
func slash(w float32) func(pen) {
	return func(p pen) { bar(p, 1.4, 2.4, 19.6, 20.6, w) }
}

// arrows are two arrows that chase each other round a circle.
func arrows(p pen) {
	const r, w = 7.7, 2.8
	arc(p, 11, 11, r, w, -0.10, 0.21)
	polygon(p, 0.3, [2]float32{13.2, 9}, [2]float32{22, 9}, [2]float32{17.6, 14.6})
	arc(p, 11, 11, r, w, 0.40, 0.71)
	polygon(p, 0.3, [2]float32{8.8, 13}, [2]float32{0, 13}, [2]float32{4.4, 7.4})
}

func hollow(p pen) { arc(p, 11, 11, 9.5, 2, 0, 1) }

func question(p pen) {
	roundArc(p, 11, 8.9, 2.7, 2.1, -0.27, 0.34)
	x, y := onCircle(11, 8.9, 2.7, 0.34)
	bar(p, x, y, 11, 12.6, 2.1)
	disc(p, 11, 15.9, 1.25)
}

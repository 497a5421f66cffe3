package doctor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// found is a check that takes a while, says its name, and leads to others.
func found(name string, takes time.Duration, more ...check) check {
	return check{"g", name, func(ctx context.Context) ([]Line, []check) {
		select {
		case <-time.After(takes):
			return []Line{good(name, name, "m")}, more
		case <-ctx.Done():
			return nil, nil
		}
	}}
}

func TestLinesComeInOrderAndAsSoonAsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, began := newRun(Options{}), time.Now()
		var got []string
		err := r.all(t.Context(), []check{
			found("a", 2*time.Second),
			found("b", time.Second, found("b1", 5*time.Second), found("b2", time.Second)),
			found("c", time.Second),
		}, func(l Line) { got = append(got, fmt.Sprint(l.Check, " ", time.Since(began))) })
		want := "[a 2s b 2s b1 6s b2 6s c 6s]" // b1 begins when b ends, whatever waits to be printed
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	})
}

func TestACheckThatHangsIsALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRun(Options{})
		var got []Line
		if err := r.all(t.Context(), []check{found("slow", time.Hour), found("b", time.Second)}, func(l Line) { got = append(got, l) }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0].Code != "DOCTOR_TIMEOUT" || got[0].Verdict != Warning || got[1].Check != "b" {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnInterruptEndsItAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		time.AfterFunc(time.Second, func() { cancel(why) })
		began := time.Now()
		var all []check
		for i := range 3 * atOnce {
			all = append(all, found(fmt.Sprint(i), 20*time.Second))
		}
		if err := newRun(Options{}).all(ctx, all, func(Line) {}); !errors.Is(err, why) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

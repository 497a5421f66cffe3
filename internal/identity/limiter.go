package identity

import (
	"sync"
	"time"
)

// limiter lets each caller do so much at once and so much a second after that. Who comes too early is told
// when its turn is, behind all those who were told before it.
type limiter struct {
	mu        sync.Mutex
	burst     float64
	perSecond float64
	now       func() time.Time
	left      map[string]allowance
}

type allowance struct {
	n    float64
	at   time.Time
	turn time.Time // of the last who was told to come again
}

// longest is what a caller is told to wait at most. azidentity gives up at once where it is more.
const longest = time.Minute

// maxCallers is how many are remembered; those who used nothing of late are forgotten first.
const maxCallers = 4096

func newLimiter(burst, perSecond float64, now func() time.Time) *limiter {
	return &limiter{burst: burst, perSecond: perSecond, now: now, left: map[string]allowance{}}
}

// take takes one from the caller's allowance. Where there is none it says how long until there is one for who
// asks now: whole seconds, as Retry-After has them, and zero only where one was taken.
func (l *limiter) take(caller string) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, n := l.now(), l.remaining(caller)
	a, known := l.left[caller]
	if !known && len(l.left) >= maxCallers {
		l.forget()
	}
	if n >= 1-nearly {
		l.left[caller] = allowance{n - 1, now, a.turn}
		return 0
	}
	each := time.Duration(float64(time.Second) / l.perSecond)
	if first := now.Add(time.Duration((1 - n) * float64(each))); a.turn.Before(now) {
		a.turn = first
	} else {
		a.turn = a.turn.Add(each)
	}
	if last := now.Add(longest); a.turn.After(last) || a.turn.Sub(now) > longest { // a clock may be set back
		a.turn = last
	}
	l.left[caller] = allowance{n, now, a.turn}
	return max(time.Second, (a.turn.Sub(now) + time.Second - 1).Truncate(time.Second))
}

// nearly is what sums of fractions may lack of the whole.
const nearly = 1e-6

// has reports whether there is one to take.
func (l *limiter) has(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remaining(caller) >= 1-nearly
}

func (l *limiter) remaining(caller string) float64 {
	a, ok := l.left[caller]
	if !ok {
		return l.burst
	}
	return min(l.burst, a.n+max(0, l.now().Sub(a.at).Seconds())*l.perSecond)
}

func (l *limiter) forget() {
	for caller := range l.left {
		if l.remaining(caller) >= l.burst {
			delete(l.left, caller)
		}
	}
	if len(l.left) >= maxCallers {
		clear(l.left)
	}
}

package identity

import (
	"sync"
	"time"
)

// limiter lets each caller do so much at once and so much a second after that.
type limiter struct {
	mu        sync.Mutex
	burst     float64
	perSecond float64
	now       func() time.Time
	left      map[string]allowance
}

type allowance struct {
	n  float64
	at time.Time
}

// maxCallers is how many are remembered; those who used nothing of late are forgotten first.
const maxCallers = 4096

func newLimiter(burst, perSecond float64, now func() time.Time) *limiter {
	return &limiter{burst: burst, perSecond: perSecond, now: now, left: map[string]allowance{}}
}

// allow takes one from the caller's allowance, and reports whether there was one.
func (l *limiter) allow(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.remaining(caller)
	if n < 1 {
		return false
	}
	if len(l.left) >= maxCallers {
		l.forget()
	}
	l.left[caller] = allowance{n - 1, l.now()}
	return true
}

// has reports whether allow would.
func (l *limiter) has(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remaining(caller) >= 1
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

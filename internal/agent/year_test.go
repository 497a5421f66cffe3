package agent

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"aztray/internal/auth"
)

// year is a simulated year of one person's sign-ins: an organisation whose policy changes, a laptop that
// sleeps, a network that vanishes, a clock that jumps. It drives the loop's decisions without the loop.
type year struct {
	t      *testing.T
	rng    *rand.Rand
	s      *state
	now    time.Time     // the true time
	offset time.Duration // what the laptop's clock is ahead

	frequency time.Duration // the organisation's, 0 for none
	authTime  time.Time     // of the sign-in in az's cache
	online    bool
	outOf     time.Time // the network is away until then

	act     time.Time // when the person will sign in; zero is not planned
	warned  time.Time // since when the icon says so, without a break
	dead    bool      // containers have no token
	blind   time.Time // the last moment at which nothing could be known or shown: asleep, offline, a wrong clock
	results yearResults
}

type yearResults struct {
	ended, unwarned, possible, needless, renewals, calm int
}

const aDay = 24 * time.Hour

func (y *year) local() time.Time { return y.now.Add(y.offset) }

func (y *year) chance(perYear float64, step time.Duration) bool {
	return y.rng.Float64() < perYear*step.Hours()/(365*24)
}

func (y *year) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(y.rng.Int64N(int64(hi-lo)))
}

// settle runs the loop's decisions and their work until there is nothing more to do at this moment.
func (y *year) settle() time.Time {
	for {
		p := next(y.s, y.local())
		if len(p.jobs) == 0 {
			return p.wake.Add(-y.offset)
		}
		for _, j := range p.jobs {
			if e := y.work(j); e != nil {
				e.apply(y.s, y.local())
			}
		}
	}
}

func (y *year) work(j job) event {
	switch j := j.(type) {
	case readJob:
		return filesRead{files: profile(contoso)}
	case probeJob:
		r := probed{tenant: j.tenant, username: j.username, first: j.scopes[0], tokens: map[string]auth.Token{}, errs: map[string]error{}, skew: y.offset}
		switch age := y.now.Sub(y.authTime); {
		case !y.online:
			r.skew = y.s.skew
			r.errs[r.first] = &auth.Problem{Code: "OFFLINE", Kind: auth.Offline}
		case y.frequency > 0 && age > y.frequency:
			r.errs[r.first] = auth.Classify(fmt.Sprintf("AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on %s and the maximum allowed lifetime for this request is %d.",
				y.authTime.UTC().Format("2006-01-02T15:04:05.0000000Z"), int(y.frequency.Seconds())), nil)
		default:
			y.results.renewals++
			r.tokens[r.first] = y.token()
		}
		return r
	case tenantsJob:
		return tenantsListed{err: context1}
	case signInJob:
		if !y.online {
			return signInEnded{j, auth.Token{}, &auth.Problem{Code: "OFFLINE", Kind: auth.Offline}}
		}
		y.authTime = y.now
		return signInEnded{j, y.token(), nil}
	}
	return nil
}

var context1 = &auth.Problem{Code: "OFFLINE", Kind: auth.Offline}

func (y *year) token() auth.Token {
	return auth.Token{Scope: scope, TenantID: contoso, Secret: auth.NewSecret("x"), ObtainedAt: y.local(), ExpiresOn: y.local().Add(y.between(60*time.Minute, 90*time.Minute))}
}

// live is one step of the person's and the world's life.
func (y *year) live(step time.Duration) {
	y.now = y.now.Add(step)
	if y.chance(6, step) { // the organisation changes its mind
		y.frequency = []time.Duration{0, 8 * time.Hour, 12 * time.Hour, aDay, 7 * aDay}[y.rng.IntN(5)]
	}
	if y.chance(150, step) {
		y.outOf = y.now.Add(y.between(2*time.Minute, 90*time.Minute))
	}
	y.online = y.now.After(y.outOf)
	if y.chance(10, step) { // a battery that died, a second system, a wrong time zone
		y.offset = y.between(-3*time.Hour, 3*time.Hour)
		y.s.awake(y.local())
	} else if y.offset != 0 && y.chance(3000, step) {
		y.offset = 0
		y.s.awake(y.local())
	}
	if !y.online || y.offset != 0 {
		y.blind = y.now
	}
	if hour := y.now.Hour(); hour >= 23 && y.rng.Float64() < 0.1 || y.chance(300, step) {
		y.now = y.now.Add(y.between(20*time.Minute, 9*time.Hour)) // the lid is closed
		y.blind = y.now
		y.online = y.now.After(y.outOf)
		y.s.awake(y.local())
	}
}

// look is what the person sees and does.
func (y *year) look() {
	snap := y.s.snapshot(y.local())
	truth := y.frequency > 0 && y.now.Sub(y.authTime) > y.frequency
	switch snap.Level {
	case auth.Expiring, auth.Expired:
		if y.warned.IsZero() {
			y.warned = y.now
			y.act = y.now.Add(y.between(time.Minute, 3*time.Hour))
			if snap.Level == auth.Expiring && snap.DeadlineSource == auth.DeadlineLearned && (y.frequency == 0 || y.frequency > y.now.Sub(y.authTime)+aDay/24*2) {
				y.results.needless++
			}
		}
	default:
		y.warned, y.act = time.Time{}, time.Time{}
	}
	if snap.Level == auth.Expired && !truth && y.online {
		y.t.Errorf("%s: shown as ended while it was good; the clock is off by %v", y.now.Format(time.DateTime), y.offset)
	}
	token := y.s.sign(contoso).tokens[scope]
	dead := truth && !token.ExpiresOn.After(y.local())
	if dead && !y.dead {
		y.results.ended++
		const needed = 10 * time.Minute
		warnedInTime := !y.warned.IsZero() && y.now.Sub(y.warned) >= needed
		// a warning takes ten minutes, and a probe before them: at most five minutes apart after a failure
		possible := y.now.Sub(y.blind) > 20*time.Minute
		if possible {
			y.results.possible++
		}
		if !warnedInTime && possible {
			y.results.unwarned++
			y.t.Errorf("%s: the sign-in of %s ended with the icon %v since %v ago, policy %v",
				y.now.Format(time.DateTime), y.authTime.Format(time.DateTime), snap.Level, y.now.Sub(y.warned), y.frequency)
		}
	}
	y.dead = dead
	if !y.act.IsZero() && y.now.After(y.act) && y.online {
		asked{Renew{}}.apply(y.s, y.local())
		y.act = y.now.Add(y.between(5*time.Minute, time.Hour))
	}
	if truth && snap.Level == auth.OK {
		y.results.calm++
	}
}

// No sign-in ends without ten minutes' warning where a warning was possible, whatever the year brings.
func TestAYear(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			y := &year{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), online: true, frequency: 12 * time.Hour}
			y.s = newState(Settings{Scope: scope, ProbeInterval: 5 * time.Minute, LoginTimeout: 5 * time.Minute, Warn: 30 * time.Minute, Log: slog.New(slog.DiscardHandler)}, y.rng.Float64)
			y.authTime = y.now
			for end := y.now.Add(365 * aDay); y.now.Before(end); {
				y.settle()
				y.look()
				y.settle()
				y.live(time.Minute)
			}
			t.Attr("a-year", fmt.Sprintf("%d sign-ins ended under the person's hands, %d of them where a warning was possible, %d of those without one; %d warnings were not needed; %d silent renewals",
				y.results.ended, y.results.possible, y.results.unwarned, y.results.needless, y.results.renewals))
			if y.results.possible < 5 || y.results.renewals < 1000 {
				t.Errorf("the year held too little to say anything: %+v", y.results)
			}
		})
	}
}

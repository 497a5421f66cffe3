package auth

import "time"

// Facts is what is known of one sign-in, for one tenant and scope. Times are UTC; zero is not known.
type Facts struct {
	Known          bool // az's files could be read, or az was asked
	SignedIn       bool // az has an account
	TokenExpires   time.Time
	Silent         SilentState
	Refusal        *Problem // while Silent is SilentRefused
	SignInEnds     time.Time
	SignInEndsFrom DeadlineSource
}

// SilentState is what is known of renewing without a person.
type SilentState int

const (
	SilentUntried SilentState = iota // or only tried while Entra could not be reached
	SilentWorks
	SilentRefused
)

// Verdict is how the sign-in stands and by when the person must act; a zero Deadline is never.
type Verdict struct {
	Level    Level
	Deadline time.Time
	Source   DeadlineSource
}

// Judge says how the sign-in stands at now. The access token is never counted down at a person while
// it can be renewed silently; once that is refused, its end is the deadline, and amber shows at once,
// however far away that is: the person is needed, and there is time.
func Judge(f Facts, now time.Time, warn time.Duration) Verdict {
	alive := f.TokenExpires.After(now)
	switch {
	case !f.Known:
		return Verdict{Unknown, time.Time{}, DeadlineNone}
	case !f.SignedIn:
		return Verdict{SignedOut, time.Time{}, DeadlineNone}
	case f.Silent == SilentRefused && alive:
		return Verdict{Expiring, f.TokenExpires, DeadlineAccessToken}
	case f.Silent == SilentRefused:
		return Verdict{Expired, f.TokenExpires, DeadlineAccessToken}
	case f.Silent == SilentUntried && !alive:
		return Verdict{Unknown, time.Time{}, DeadlineNone}
	case f.SignInEnds.IsZero():
		return Verdict{OK, time.Time{}, DeadlineNone}
	}
	v := Verdict{OK, f.SignInEnds, f.SignInEndsFrom}
	switch left := f.SignInEnds.Sub(now); {
	case left > warn:
	case left > 0, alive:
		v.Level = Expiring // a token that outlives the sign-in still serves the containers
	default:
		v.Level = Expired
	}
	return v
}

package auth

import "time"

// Policy is what is known of how long a sign-in in one tenant lasts. It is a value: what learns
// returns a new one. The zero value knows nothing and predicts nothing.
type Policy struct {
	Configured time.Duration `json:"-"`       // azure.sign_in_lifetime, which wins over what was learned; 0 is not set
	SignIn     Learned       `json:"sign_in"` // counted from the moment of sign-in
	Idle       Learned       `json:"idle"`    // counted from the last use
}

// Learned is a period and where it is known from. The zero value is not known.
type Learned struct {
	Lasts time.Duration `json:"lasts_ns"`
	From  string        `json:"from"` // such as AADSTS70043
	At    time.Time     `json:"at"`   // UTC; when it was learned

	// Outlived is the moment of a sign-in that was still good after its predicted end: for that one
	// nothing is predicted. A second such sign-in ends the belief.
	Outlived time.Time `json:"outlived,omitzero"`
}

// clockSlack is how far Entra's clock and ours may differ before a prediction counts as wrong; it is
// also what Entra itself allows where a policy asks for a sign-in every time.
const clockSlack = 5 * time.Minute

// Learn takes in what a failure taught at a moment. A new fact replaces the old one: policies change,
// and the last word is Entra's.
func (p Policy) Learn(l Lesson, at time.Time) Policy {
	if l.SignInFrequency > 0 {
		p.SignIn = Learned{Lasts: l.SignInFrequency, From: "AADSTS70043", At: at.UTC()}
	}
	if l.IdleLimit > 0 {
		p.Idle = Learned{Lasts: l.IdleLimit, From: "AADSTS700082", At: at.UTC()}
	}
	return p
}

// Renewed takes in that a silent renewal worked at a moment (Entra's, where its clock is known: a
// clock of ours that is hours ahead would refute what is true). lastUse is the use before this one.
// A prediction that the renewal refutes is dropped for this sign-in; as a device's own sign-in can
// renew the person's without their notice, it takes a second sign-in to forget the period.
func (p Policy) Renewed(signedInAt, lastUse, at time.Time) Policy {
	if outlasted(p.SignIn.end(signedInAt), at) {
		if first := p.SignIn.Outlived; first.IsZero() { // where it is this sign-in, nothing was predicted
			p.SignIn.Outlived = signedInAt.UTC()
		} else {
			p.SignIn = Learned{}
		}
	}
	if outlasted(p.Idle.end(lastUse), at) {
		p.Idle = Learned{}
	}
	return p
}

// Prediction is when a sign-in ends, and from what that is known. The zero value but for Source, which
// is DeadlineNone, predicts nothing.
type Prediction struct {
	Ends   time.Time // UTC
	Source DeadlineSource
	Lasts  time.Duration // the period that Ends is the end of
	Idle   bool          // counted from the last use: each use puts it off
}

// SignInEnds predicts when a sign-in ends. A zero signedInAt or lastUse is not known, and what counts
// from it is left out.
func (p Policy) SignInEnds(signedInAt, lastUse time.Time) Prediction {
	best := Prediction{Ends: p.SignIn.end(signedInAt), Source: DeadlineLearned, Lasts: p.SignIn.Lasts}
	if p.Configured > 0 && !signedInAt.IsZero() {
		best = Prediction{Ends: signedInAt.Add(p.Configured), Source: DeadlineConfigured, Lasts: p.Configured}
	}
	if idle := p.Idle.end(lastUse); !idle.IsZero() && (best.Ends.IsZero() || idle.Before(best.Ends)) {
		best = Prediction{Ends: idle, Source: DeadlineLearned, Lasts: p.Idle.Lasts, Idle: true}
	}
	if best.Ends.IsZero() {
		return Prediction{Source: DeadlineNone}
	}
	best.Ends = best.Ends.UTC()
	return best
}

// end is when the period is over that began at from; zero where that cannot be said.
func (l Learned) end(from time.Time) time.Time {
	if l.Lasts <= 0 || from.IsZero() || from.Equal(l.Outlived) {
		return time.Time{}
	}
	return from.Add(l.Lasts)
}

// outlasted reports whether what was to end was still good at a moment, and not by a clock's error.
func outlasted(end, at time.Time) bool { return !end.IsZero() && at.Sub(end) > clockSlack }

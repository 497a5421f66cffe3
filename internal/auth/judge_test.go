package auth

import (
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	const warn = 30 * time.Minute
	refusal := &Problem{Code: "AADSTS70043", Kind: SignInRequired}
	tests := []struct {
		name string
		f    Facts
		want Verdict
	}{
		{"nothing could be read yet", Facts{},
			Verdict{Unknown, time.Time{}, DeadlineNone}},
		{"az has no account", Facts{Known: true},
			Verdict{SignedOut, time.Time{}, DeadlineNone}},
		{"silent renewal works, no end is known", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(time.Hour)},
			Verdict{OK, time.Time{}, DeadlineNone}},
		{"the token ends in a minute but is renewed silently", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(time.Minute)},
			Verdict{OK, time.Time{}, DeadlineNone}},
		{"silent renewal is refused and the token has long to go", Facts{Known: true, SignedIn: true, Silent: SilentRefused, Refusal: refusal, TokenExpires: in(time.Hour)},
			Verdict{Expiring, in(time.Hour), DeadlineAccessToken}},
		{"silent renewal is refused and the token ends this instant", Facts{Known: true, SignedIn: true, Silent: SilentRefused, Refusal: refusal, TokenExpires: now},
			Verdict{Expired, now, DeadlineAccessToken}},
		{"silent renewal is refused and there never was a token", Facts{Known: true, SignedIn: true, Silent: SilentRefused, Refusal: refusal},
			Verdict{Expired, time.Time{}, DeadlineAccessToken}},
		{"nothing could be tried, the token on disk lives", Facts{Known: true, SignedIn: true, TokenExpires: in(time.Minute)},
			Verdict{OK, time.Time{}, DeadlineNone}},
		{"nothing could be tried, the token on disk has ended", Facts{Known: true, SignedIn: true, TokenExpires: in(-time.Minute)},
			Verdict{Unknown, time.Time{}, DeadlineNone}},
		{"the sign-in's end is known and far", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(time.Hour), SignInEnds: in(3 * time.Hour), SignInEndsFrom: DeadlineLearned},
			Verdict{OK, in(3 * time.Hour), DeadlineLearned}},
		{"the sign-in's end is nearer than the warning", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(time.Hour), SignInEnds: in(warn), SignInEndsFrom: DeadlineConfigured},
			Verdict{Expiring, in(warn), DeadlineConfigured}},
		{"the sign-in has ended and the token outlives it", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(time.Minute), SignInEnds: now, SignInEndsFrom: DeadlineLearned},
			Verdict{Expiring, now, DeadlineLearned}},
		{"the sign-in and the token have ended", Facts{Known: true, SignedIn: true, Silent: SilentWorks, TokenExpires: in(-time.Minute), SignInEnds: now, SignInEndsFrom: DeadlineLearned},
			Verdict{Expired, now, DeadlineLearned}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Judge(tt.f, now, warn); got != tt.want {
				t.Errorf("Judge = %v, want %v", got, tt.want)
			}
		})
	}
}

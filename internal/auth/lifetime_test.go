package auth

import (
	"encoding/json"
	"testing"
	"time"
)

var (
	monday  = utc("2026-03-02T08:00:00Z")
	tuesday = monday.Add(days)
)

func TestSignInEnds(t *testing.T) {
	half := Learned{Lasts: 12 * time.Hour}
	idle := Learned{Lasts: 2 * time.Hour}
	for name, c := range map[string]struct {
		policy              Policy
		signedInAt, lastUse time.Time
		want                time.Time
		source              DeadlineSource
	}{
		"nothing is known":                         {Policy{}, monday, monday, time.Time{}, DeadlineNone},
		"learned":                                  {Policy{SignIn: half}, monday, monday, monday.Add(12 * time.Hour), DeadlineLearned},
		"learned, the moment of sign-in is not":    {Policy{SignIn: half}, time.Time{}, monday, time.Time{}, DeadlineNone},
		"configured":                               {Policy{Configured: 8 * time.Hour}, monday, monday, monday.Add(8 * time.Hour), DeadlineConfigured},
		"configured wins over a shorter learned":   {Policy{Configured: days, SignIn: half}, monday, monday, tuesday, DeadlineConfigured},
		"configured wins over a longer learned":    {Policy{Configured: time.Hour, SignIn: half}, monday, monday, monday.Add(time.Hour), DeadlineConfigured},
		"configured, the moment of sign-in is not": {Policy{Configured: days}, time.Time{}, monday, time.Time{}, DeadlineNone},
		"idle only":                                {Policy{Idle: idle}, time.Time{}, monday, monday.Add(2 * time.Hour), DeadlineLearned},
		"idle comes first":                         {Policy{SignIn: half, Idle: idle}, monday, monday.Add(time.Hour), monday.Add(3 * time.Hour), DeadlineLearned},
		"idle comes later":                         {Policy{SignIn: half, Idle: idle}, monday, monday.Add(11 * time.Hour), monday.Add(12 * time.Hour), DeadlineLearned},
		"idle comes before what is configured":     {Policy{Configured: days, Idle: idle}, monday, monday, monday.Add(2 * time.Hour), DeadlineLearned},
		"idle, the last use is not known":          {Policy{Configured: days, Idle: idle}, monday, time.Time{}, tuesday, DeadlineConfigured},
		"this sign-in was better than predicted":   {Policy{SignIn: Learned{Lasts: days, Outlived: monday}}, monday, monday, time.Time{}, DeadlineNone},
		"the one before was better than predicted": {Policy{SignIn: Learned{Lasts: days, Outlived: monday}}, tuesday, tuesday, tuesday.Add(days), DeadlineLearned},
		"another zone's clock":                     {Policy{SignIn: half}, monday.In(time.FixedZone("", 3600)), monday, monday.Add(12 * time.Hour), DeadlineLearned},
	} {
		p := c.policy.SignInEnds(c.signedInAt, c.lastUse)
		if p.Ends != c.want || p.Source != c.source {
			t.Errorf("%s: %v %s, want %v %s", name, p.Ends, p.Source, c.want, c.source)
		}
		from := c.signedInAt
		if p.Idle {
			from = c.lastUse
		}
		if !p.Ends.IsZero() && !from.Add(p.Lasts).Equal(p.Ends) {
			t.Errorf("%s: %v is not %v after %v", name, p.Ends, p.Lasts, from)
		}
	}
}

func TestPolicyLearns(t *testing.T) {
	half := Learned{Lasts: 12 * time.Hour, From: "AADSTS70043", At: monday}
	idle := Learned{Lasts: 90 * days, From: "AADSTS700082", At: monday}
	outlived := half
	outlived.Outlived = monday
	for name, c := range map[string]struct {
		before Policy
		lesson Lesson
		want   Policy
	}{
		"a sign-in frequency":                   {Policy{}, Lesson{SignInFrequency: 12 * time.Hour}, Policy{SignIn: half}},
		"an idle limit beside it":               {Policy{SignIn: half}, Lesson{IdleLimit: 90 * days}, Policy{SignIn: half, Idle: idle}},
		"a contradiction replaces":              {Policy{SignIn: Learned{Lasts: days, From: "AADSTS70043", At: tuesday}}, Lesson{SignInFrequency: 12 * time.Hour}, Policy{SignIn: half}},
		"a doubt ends when Entra says it again": {Policy{SignIn: outlived}, Lesson{SignInFrequency: 12 * time.Hour}, Policy{SignIn: half}},
		"a revocation teaches no period":        {Policy{SignIn: half, Idle: idle}, Lesson{SignedInAt: monday}, Policy{SignIn: half, Idle: idle}},
		"what is configured stays as it is":     {Policy{Configured: days}, Lesson{SignInFrequency: 12 * time.Hour}, Policy{Configured: days, SignIn: half}},
	} {
		if got := c.before.Learn(c.lesson, monday.In(time.FixedZone("", 3600))); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestPolicyIsCorrectedByARenewal(t *testing.T) {
	policy := Policy{SignIn: Learned{Lasts: 12 * time.Hour}, Idle: Learned{Lasts: days}}
	doubted := policy
	doubted.SignIn.Outlived = monday
	end := monday.Add(12 * time.Hour)
	for name, c := range map[string]struct {
		before                  Policy
		signedInAt, lastUse, at time.Time
		want                    Policy
	}{
		"in time":                               {policy, monday, end, end, policy},
		"late, by no more than clocks differ":   {policy, monday, end, end.Add(clockSlack), policy},
		"late: this sign-in is better":          {policy, monday, end, end.Add(clockSlack + time.Second), doubted},
		"late again: still this sign-in":        {doubted, monday, end, end.Add(time.Hour), doubted},
		"the next is in time: believed again":   {doubted, tuesday, tuesday, tuesday.Add(time.Hour), doubted},
		"the next is late too: forgotten":       {doubted, tuesday, tuesday, tuesday.Add(13 * time.Hour), Policy{Idle: policy.Idle}},
		"unused for longer than the idle limit": {policy, time.Time{}, monday, tuesday.Add(time.Hour), Policy{SignIn: policy.SignIn}},
		"nothing known of this sign-in":         {policy, time.Time{}, time.Time{}, tuesday, policy},
		"the clock was set back":                {policy, monday, monday, monday.Add(-5 * time.Hour), policy},
	} {
		if got := c.before.Renewed(c.signedInAt, c.lastUse, c.at); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

// A text that Entra sends, to the moment that is shown.
func TestFromTheTextToThePrediction(t *testing.T) {
	p := Classify(problemTexts(t)["signin-frequency-az-2.45"], nil)
	then := Policy{}.Learn(p.Lesson, monday).SignInEnds(tuesday, tuesday)
	if want := tuesday.Add(12 * time.Hour); then.Ends != want || then.Source != DeadlineLearned {
		t.Errorf("%v %s, want %v", then.Ends, then.Source, want)
	}
}

func TestPolicyKeepsInAFile(t *testing.T) {
	want := Policy{SignIn: Learned{Lasts: 12 * time.Hour, From: "AADSTS70043", At: monday, Outlived: monday}, Idle: Learned{Lasts: days, From: "AADSTS700082", At: tuesday}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Policy
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%v, from %s:\n got %+v\nwant %+v", err, b, got, want)
	}
}

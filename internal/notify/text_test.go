package notify

import (
	"reflect"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

func TestTexts(t *testing.T) {
	renewSnooze := []Button{{KeyRenew, "Renew now"}, {KeySnooze, "Snooze"}}
	signInSnooze := []Button{{KeyRenew, "Sign in"}, {KeySnooze, "Snooze"}}
	const menu = "Open the tray menu to renew."
	const menuIn = "Open the tray menu to sign in."
	tests := []struct {
		name string
		mem  Memory
		snap agent.Snapshot
		want Note
	}{
		{"the lifetime is known", seen, snap(auth.Expiring, half), Note{
			"Azure sign-in ends at 17:40", "Contoso asks for a new sign-in then. Renew now and no container loses access.",
			renewSnooze, Normal, false, menu}},
		{"silent renewal was refused", seen, snap(auth.Expiring, half, problem(refused)), Note{
			"Azure sign-in ends at 17:40", "Contoso wants you to sign in again every 12 hours. Renew now and no container loses access.",
			renewSnooze, Normal, false, menu}},
		{"a sign-in does not help", seen, snap(auth.Expiring, half, problem(policy)), Note{
			"Azure sign-in ends at 17:40", "Contoso lets in managed devices only. Ask your administrator to enrol this device.",
			[]Button{{KeySnooze, "Snooze"}}, Normal, false, ""}},
		{"the last try met a server that was away", seen, snap(auth.Expiring, half, problem(&auth.Problem{Kind: auth.Transient, Message: "Entra is busy."})), Note{
			"Azure sign-in ends at 17:40", "Entra is busy. Renew now and no container loses access.",
			renewSnooze, Normal, false, menu}},
		{"the sign-in timed out", trying(toldHalf), snap(auth.Expiring, half, problem(refused), failure(timedOut)), Note{
			"Azure sign-in ends at 17:40", "The browser never answered. Renew now and no container loses access.",
			renewSnooze, Normal, false, menu}},
		{"the sign-in met a policy", trying(toldExpired), snap(auth.Expired, now, problem(refused), failure(policy)), Note{
			"Containers have lost Azure access", "Contoso lets in managed devices only. Ask your administrator to enrol this device.",
			[]Button{{KeySnooze, "Snooze"}}, Critical, false, ""}},
		{"ended", seen, snap(auth.Expired, now.Add(-time.Minute)), Note{
			"Containers have lost Azure access", "The sign-in to Contoso ended at 17:09. Renew it in the browser and every container gets the new token.",
			renewSnooze, Critical, false, menu}},
		{"ended yesterday", seen, snap(auth.Expired, now.AddDate(0, 0, -1)), Note{
			"Containers have lost Azure access", "The sign-in to Contoso ended on Mon at 17:10. Renew it in the browser and every container gets the new token.",
			renewSnooze, Critical, false, menu}},
		{"ended, tokens live on", seen, snap(auth.Expired, now.Add(-time.Minute), func(s *agent.Snapshot) { s.TokenExpires = half }), Note{
			"Azure sign-in has ended", "The sign-in to Contoso ended at 17:09. Containers keep their access until 17:40. Renew it in the browser and they keep it longer.",
			renewSnooze, Critical, false, menu}},
		{"ended, no containers", seen, snap(auth.Expired, time.Time{}, func(s *agent.Snapshot) { s.Containers = nil }), Note{
			"Azure sign-in has ended", "The sign-in to Contoso has ended. Renew it in the browser.",
			renewSnooze, Critical, false, menu}},
		{"nobody is signed in", Memory{}, snap(auth.SignedOut, time.Time{}, problem(refused)), Note{
			"Not signed in to Azure", "Containers that use the Azure CLI's sign-in have no access. Sign in with the browser and they get the new token.",
			signInSnooze, Normal, false, menuIn}},
		{"signed out while we look", seen, snap(auth.SignedOut, time.Time{}), Note{
			"Signed out of Azure", "Containers get no new token until you sign in again.",
			[]Button{{KeyRenew, "Sign in"}}, Low, false, menuIn}},
		{"signed in again", toldExpired, snap(auth.OK, time.Time{}), Note{
			"Signed in again", "Contoso, as ada@contoso.example.", nil, Low, true, ""}},
		{"signed in again until a known time", toldExpired, snap(auth.OK, now.Add(12*time.Hour)), Note{
			"Signed in again", "Contoso, as ada@contoso.example. Good until Wed 05:10.", nil, Low, true, ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, act := Decide(tt.mem, tt.snap, now, usual)
			if act.Show == nil {
				t.Fatal("nothing is shown")
			}
			if !reflect.DeepEqual(*act.Show, tt.want) {
				t.Errorf("got  %+v\nwant %+v", *act.Show, tt.want)
			}
		})
	}
}

func TestClockTimesAreThePersonsOwn(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	_, act := Decide(seen, snap(auth.Expiring, half), now.In(berlin), usual)
	if got := said(act); got != "Azure sign-in ends at 18:40" {
		t.Errorf("got %q", got)
	}
}

//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"aztray/test/rig/cloud"
)

// all plays the three scenes.
func (p *play) all(ctx context.Context) error {
	p.told.say("Two containers run: %s has az in it, %s only a shell.", p.Name(api), p.Name(worker))
	p.Setenv("TZ", cmp.Or(os.Getenv("TZ"), ":/etc/localtime")) // times as the desktop's clock shows them
	var err error
	// Not by ctx, whose end kills: Close asks the tray to end, and its az with it.
	if p.tray, err = p.StartTray(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	for _, scene := range []func(context.Context) error{p.firstSignIn, p.byHand, p.askedAgain} {
		if err := scene(ctx); err != nil {
			return fmt.Errorf("%w\nthe tray's last words:\n%s", err, lastLines(p.tray.Log(), 5))
		}
	}
	return nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// firstSignIn: nobody is signed in, and one press is the cure.
func (p *play) firstSignIn(ctx context.Context) error {
	p.told.scene(1, "Nobody is signed in")
	if err := p.hands.wait(ctx, saysSignedOut); err != nil {
		return err
	}
	p.told.say("The icon is a red person, struck through. No container has a token.")
	p.Cloud.SetPolicy(func(c *cloud.Policy) { c.Authorize = cloud.Page })
	err := p.hands.notice(ctx, "Not signed in",
		shot{"1-signed-out", "Nobody is signed in, and no container can reach Azure.", 3 * time.Second})
	if err != nil {
		return err
	}
	held, err := p.signInBy(ctx, "Sign in",
		shot{"2-browser", "One press on “Sign in”, and the browser asks which account.", 2 * time.Second},
		shot{"3-signed-in", "Signed in, and every container has the token.", 2500 * time.Millisecond}, nil)
	if err != nil {
		return err
	}
	if err := p.inContainer(ctx, held); err != nil {
		return err
	}
	if err := p.hands.lookAtMenu(ctx, "Tenant", shot{name: "4-menu-tenants"}); err != nil {
		return err
	}
	return p.hands.lookAtMenu(ctx, "Containers", shot{"5-menu-containers", "The menu says who has it, and until when.", 3 * time.Second})
}

// signInBy presses a button of the notification, picks the account, and waits until all is well.
func (p *play) signInBy(ctx context.Context, button string, asking, done shot, old map[string]string) (map[string]string, error) {
	if err := p.hands.press(ctx, button); err != nil {
		return nil, err
	}
	if err := p.hands.pickAccount(ctx, asking); err != nil {
		return nil, err
	}
	if err := p.hands.wait(ctx, saysSignedIn); err != nil {
		return nil, err
	}
	clicked := p.clicked()
	icon := time.Since(clicked)
	held, err := p.holds(ctx, 20*time.Minute, old)
	if err != nil {
		return nil, err
	}
	p.told.say("Signed in. From the click to the green icon: %s; to the token in both containers: %s.",
		seconds(icon), seconds(time.Since(clicked)))
	if err := p.hands.closeBrowser(ctx); err != nil {
		return nil, err
	}
	return held, p.hands.look(ctx, done)
}

// clicked is when the account was clicked, as the cloud knows it.
func (p *play) clicked() time.Time {
	var at time.Time
	for _, r := range p.Cloud.Requests() {
		if r.Outcome == "signed in" {
			at = r.Time
		}
	}
	return at
}

// inContainer has the container's own az say who it is.
func (p *play) inContainer(ctx context.Context, held map[string]string) error {
	who, err := p.Exec(ctx, api, "az", "account", "show", "--query", "user.name", "-o", "tsv")
	if err != nil {
		return err
	}
	got, err := p.AzToken(ctx, api, cloud.ScopeCognitive)
	if err != nil {
		return err
	}
	t, ok := p.TokenOf(got)
	if !ok || got != held[api] {
		return fmt.Errorf("az in %s gives another token than the one delivered", p.Name(api))
	}
	p.told.say("az in %s says: %s, token until %s.", p.Name(api), strings.TrimSpace(who), clock(t.ExpiresOn))
	return nil
}

func clock(t time.Time) string { return t.Local().Format("15:04") }

// Lives of tokens in the demo. A refusal is found at half of a token's life; az then renews by itself,
// and that token's life is what is left when the refusal comes.
const (
	shortLife = 20 * time.Second
	whatsLeft = 25*time.Minute + 20*time.Second
)

// byHand: the person uses az in a terminal, and everything follows.
func (p *play) byHand(ctx context.Context) error {
	p.told.scene(2, "You sign in by yourself, in a terminal")
	if err := p.hands.darken(ctx); err != nil {
		return err
	}
	if _, err := p.Az(ctx, "logout"); err != nil {
		return err
	}
	ended := time.Now()
	if err := p.hands.wait(ctx, saysSignedOut); err != nil {
		return err
	}
	p.told.say("$ az logout    The icon shows it after %s.", seconds(time.Since(ended)))
	if err := p.hands.look(ctx, shot{"6-logged-out", "“az logout” in a terminal: the icon follows at once.", 2 * time.Second}); err != nil {
		return err
	}
	p.Cloud.SetPolicy(func(c *cloud.Policy) { c.Authorize, c.TokenLifetime = cloud.Immediate, shortLife })
	if err := p.UseCloudBrowser(); err != nil {
		return err
	}
	if _, err := p.Az(ctx, "login", "--scope", cloud.ScopeCognitive); err != nil {
		return err
	}
	ended = time.Now()
	if err := p.hands.wait(ctx, saysSignedIn); err != nil {
		return err
	}
	icon := time.Since(ended)
	if _, err := p.holds(ctx, 0, nil); err != nil {
		return err
	}
	p.told.say("$ az login     The icon is green after %s, and both containers have the token after %s.", seconds(icon), seconds(time.Since(ended)))
	return p.hands.look(ctx, shot{"7-logged-in", "“az login” in a terminal: the icon and the containers follow, without a click.", 2 * time.Second})
}

// askedAgain: a sign-in frequency ends the sign-in; the warning comes while there is time.
func (p *play) askedAgain(ctx context.Context) error {
	p.told.scene(3, "Your organisation wants you to sign in again")
	p.Cloud.SetPolicy(func(c *cloud.Policy) { c.TokenLifetime = whatsLeft })
	if _, err := p.Az(ctx, "account", "get-access-token", "--scope", cloud.ScopeCognitive); err != nil {
		return err
	}
	old, err := p.holds(ctx, whatsLeft-time.Minute, nil)
	if err != nil {
		return err
	}
	p.Cloud.SetPolicy(func(c *cloud.Policy) { c.Tenant(cloud.Contoso).SignInFrequency = time.Second })
	p.told.say("Its sign-in frequency is over: no token is renewed silently from now on. aztray tries early, to find out in time.")
	if err := p.hands.wait(ctx, saysExpiring); err != nil {
		return err
	}
	t, _ := p.TokenOf(old[api])
	p.told.say("The icon is amber, with %d minutes in hand: what the containers hold lasts until %s.", int(time.Until(t.ExpiresOn).Minutes()), clock(t.ExpiresOn))
	p.Cloud.SetPolicy(func(c *cloud.Policy) {
		c.Authorize, c.TokenLifetime, c.Tenant(cloud.Contoso).SignInFrequency = cloud.Page, 75*time.Minute, 12*time.Hour
	})
	err = p.hands.notice(ctx, "Azure sign-in ends", shot{name: "8-warning"})
	if err != nil {
		return err
	}
	err = p.hands.lookAtMenu(ctx, "Containers", shot{readmePicture, "Your organisation wants a new sign-in. The warning comes while there is time.", 4 * time.Second})
	if err != nil {
		return err
	}
	held, err := p.signInBy(ctx, "Renew now",
		shot{"10-renewing", "One press on “Renew now” …", 1500 * time.Millisecond},
		shot{"11-renewed", "… and all is well again.", 1500 * time.Millisecond}, old)
	if err != nil {
		return err
	}
	t, _ = p.TokenOf(held[api])
	p.told.more("The new token lasts until %s.", clock(t.ExpiresOn))
	return p.hands.lookAtMenu(ctx, "Containers", shot{"12-menu-renewed", "The containers have the new token, and never noticed.", 3500 * time.Millisecond})
}

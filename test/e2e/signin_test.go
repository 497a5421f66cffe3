//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// 1. Nobody is signed in; the notification's button opens the browser; everything is green and the
// container has the token.
func TestFirstSignIn(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Page })
	x.must(x.UseChromium())
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	x.startTray()
	x.icon(15*time.Second, auth.SignedOut)
	n := x.notification(5*time.Second, "Not signed in")
	x.screenshot("1-signed-out")
	x.must(x.Desktop.PressButton(x.ctx, n, "Sign in"))
	x.icon(10*time.Second, auth.Renewing)
	x.must(x.Desktop.ClickBrowserCentre(x.within(30 * time.Second)))
	x.eventually(30*time.Second, "az ends", func() bool { return strings.Contains(x.tray.Log(), `args="login`) })
	held, _ := x.holdsNew(2*time.Second, "az", "")
	x.icon(2*time.Second, auth.OK)
	got, err := x.AzToken(x.ctx, "az", cloud.ScopeCognitive)
	x.must(err)
	if got != held {
		t.Error("az in the container gives another token than the one delivered")
	}
	x.screenshot("3-green")
	if ns := x.shown(); len(ns) > 1 {
		t.Errorf("%d notifications are on the screen: %v", len(ns), summaries(ns))
	}
}

// 2. A sign-in frequency: green and silent until the refusal, then amber with a warning, red at the
// token's end, green again after one click. Time is scaled by the tokens' life.
func TestSignInFrequency(t *testing.T) {
	t.Parallel() // with what also waits for the clock most of the time
	const life, frequency = 24 * time.Second, 30 * time.Second
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n[notify]\nwarn = [\"20s\"]\n"})
	x.Cloud.SetPolicy(func(p *cloud.Policy) {
		p.TokenLifetime = life
		p.Tenant(cloud.Contoso).SignInFrequency = frequency
	})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	signedIn := time.Now()
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	held, tok := x.holdsNew(5*time.Second, "sh", "")
	replaced := 0
	for time.Since(signedIn) < frequency-2*time.Second {
		if left := time.Until(tok.ExpiresOn); left < life/4 {
			t.Fatalf("the container's token has %v of %v left", left, life)
		}
		if now := x.Held(x.ctx, "sh", cloud.ScopeCognitive); now != held && now != "" {
			replaced++
			held = now
			tok, _ = x.TokenOf(held)
		}
	}
	if replaced == 0 || len(x.Desktop.Notifications()) > 0 {
		t.Errorf("before the refusal the token was replaced %d times and the person told %v", replaced, summaries(x.Desktop.Notifications()))
	}
	item := x.icon(life, auth.Expiring)
	n := x.notification(3*time.Second, "Azure")
	x.screenshot("1-amber")
	if left := time.Until(tok.ExpiresOn); left < life/4 {
		t.Errorf("the refusal is known with %v of the token left", left)
	}
	if !strings.Contains(item.Title+item.ToolTip, tok.ExpiresOn.UTC().Format("15:04")) {
		t.Errorf("title %q and tool tip %q do not say until when", item.Title, item.ToolTip)
	}
	x.icon(life, auth.Expired)
	red := x.notification(3*time.Second, "Azure")
	x.screenshot("2-red")
	if shown := x.shown(); len(shown) != 1 || !strings.Contains(red.Summary+red.Body, "ontainers") || n.Summary == red.Summary {
		t.Errorf("shown when it is red: %v", summaries(shown))
	}
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime, p.Tenant(cloud.Contoso).SignInFrequency = time.Hour, 0 })
	x.must(x.Desktop.PressButton(x.ctx, red, "Renew now"))
	x.icon(20*time.Second, auth.OK)
	if _, tok := x.holdsNew(2*time.Second, "sh", held); time.Until(tok.ExpiresOn) < 50*time.Minute {
		t.Errorf("after the renewal the container's token ends %v", tok.ExpiresOn)
	}
	x.eventually(5*time.Second, "the warning is withdrawn", func() bool {
		for _, n := range x.shown() {
			if strings.Contains(n.Body+n.Summary, "lost") {
				return false
			}
		}
		return true
	})
	x.screenshot("3-green")
}

// 3. az login by hand: the icon and the containers follow within a second.
func TestSignInByHand(t *testing.T) {
	x := begin(t, stage.Options{Desktop: desktop.Options{Dark: true}})
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(15*time.Second, auth.SignedOut)
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.icon(time.Second, auth.OK)
	x.holdsNew(time.Second, "sh", "")
	x.eventually(3*time.Second, "the notification is withdrawn", func() bool {
		for _, n := range x.shown() {
			if strings.Contains(n.Summary, "Not signed in") {
				return false
			}
		}
		return true
	})
	x.screenshot("green")
	_, err = x.Az(x.ctx, "logout")
	x.must(err)
	x.icon(time.Second, auth.SignedOut)
	x.eventually(3*time.Second, "the container's token is taken away", func() bool {
		return x.Held(x.ctx, "sh", cloud.ScopeCognitive) == ""
	})
}

// 6. The browser never answers: cancel and time-out work, nothing is left behind, the old state stands.
func TestABrowserThatNeverAnswers(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nlogin_timeout = \"6s\"\n"})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Never })
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	waiting := func(r cloud.Request) bool {
		return strings.HasSuffix(r.Path, "/authorize") && r.Time.After(time.Now().Add(-5*time.Second))
	}

	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.icon(5*time.Second, auth.Renewing)
	_, err = x.Cloud.WaitFor(x.within(10*time.Second), waiting)
	x.must(err)
	if len(x.tray.Children()) == 0 {
		t.Error("az is waited for and does not run")
	}
	x.must(x.Desktop.ClickMenu(x.ctx, item, "Cancel sign-in"))
	x.icon(5*time.Second, auth.OK)
	x.eventually(3*time.Second, "nothing is left behind after a cancel", func() bool { return len(x.tray.Children()) == 0 })

	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.icon(5*time.Second, auth.Renewing)
	x.icon(15*time.Second, auth.OK)
	x.eventually(3*time.Second, "nothing is left behind after a time-out", func() bool { return len(x.tray.Children()) == 0 })
	menu, err := x.Desktop.Menu(x.ctx, item)
	x.must(err)
	if lines := strings.Join(menu.Lines(), "\n"); !strings.Contains(lines, "not finished") {
		t.Errorf("the menu does not say that the sign-in was not finished:\n%s", lines)
	}
	if _, err := x.Az(x.ctx, "account", "get-access-token", "--scope", cloud.ScopeCognitive); err != nil {
		t.Errorf("the old sign-in is gone: %v", err)
	}
}

// 7. Entra cannot be reached while the token lives: nothing turns red and nobody is asked.
func TestNoNetwork(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 40 * time.Second })
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	held, _ := x.holdsNew(5*time.Second, "sh", "")
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = true })
	item := x.icon(time.Second, auth.OK)
	_, err = x.Desktop.WaitMenu(x.within(30*time.Second), item, func(m desktop.MenuNode) bool {
		return strings.Contains(strings.Join(m.Lines(), "\n"), "can't be reached")
	})
	x.must(err)
	item = x.icon(time.Second, auth.OK)
	if len(x.Desktop.Notifications()) > 0 {
		t.Errorf("without a network the person was told %v", summaries(x.Desktop.Notifications()))
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("offline")
	x.must(x.Desktop.CloseMenu(x.ctx))
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = false })
	x.holdsNew(20*time.Second, "sh", held)
	x.icon(2*time.Second, auth.OK)
	if len(x.Desktop.Notifications()) > 0 {
		t.Errorf("the person was told %v", summaries(x.Desktop.Notifications()))
	}
}

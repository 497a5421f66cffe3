package cloud

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceSignIn is a device code from its issue until it is redeemed.
type deviceSignIn struct {
	userCode string
	client   string
	scope    string
	where    authorityPath
	began    time.Time
	who      *Person // nil until somebody typed the code
	declined bool
	redeemed bool
}

// deviceLifetime is how long a person may take to type a device code.
const deviceLifetime = 15 * time.Minute

func (c *Cloud) deviceCode(r *http.Request, rec *Request, where authorityPath) reply {
	rec.Client, rec.Scope = r.PostForm.Get("client_id"), r.PostForm.Get("scope")
	if rec.Client != AzureCLI {
		return c.refusal(r, refuse(700016, rec.Client, cmp.Or(where.tenant.Name, where.segment)))
	}
	d := &deviceSignIn{userCode: newUserCode(), client: rec.Client, scope: rec.Scope, where: where, began: c.now()}
	switch c.policy.Authorize {
	case Immediate:
		person := c.policy.Person
		d.who = &person
	case Deny:
		d.declined = true
	}
	for code, old := range c.devices {
		if d.began.Sub(old.began) > 2*deviceLifetime {
			delete(c.devices, code)
		}
	}
	code := newGUID() + newGUID()
	c.devices[code] = d
	return jsonReply(http.StatusOK, map[string]any{
		"user_code": d.userCode, "device_code": code, "verification_uri": deviceLoginURL,
		"expires_in": int(deviceLifetime / time.Second), "interval": 1, // Entra says 5; tests are in a hurry
		"message": "To sign in, use a web browser to open the page " + deviceLoginURL + " and enter the code " + d.userCode + " to authenticate.",
	})
}

func (c *Cloud) redeemDeviceCode(f url.Values) (ask, *entraError) {
	d, ok := c.devices[cmp.Or(f.Get("device_code"), f.Get("code"))]
	switch {
	case !ok || d.client != f.Get("client_id"):
		return ask{}, refuse(70018)
	case c.policy.NoDeviceCode:
		return ask{}, refuse(53003)
	case d.declined:
		e := refuse(65004)
		e.oauth = "authorization_declined"
		return ask{}, e
	case d.redeemed:
		return ask{}, refuse(54005)
	case c.now().Sub(d.began) > deviceLifetime:
		return ask{}, refuse(70019)
	case d.who == nil:
		return ask{}, refuse(70016)
	}
	who := principal{person: *d.who}
	tenant := d.where.of(who)
	if !d.who.memberOf(tenant) {
		return ask{}, refuse(50020, d.who.Home.ID, tenant.Name)
	}
	d.redeemed = true
	wanted, e := parseScopes(cmp.Or(f.Get("scope"), d.scope))
	return ask{who: who, client: d.client, cloud: d.where.cloud, tenant: tenant, scopes: wanted,
		grant: &grant{who: who, client: d.client, signedIn: c.now(), tenant: tenant, cloud: d.where.cloud.Name}}, e
}

// deviceLogin is the page where a person types a device code.
func (c *Cloud) deviceLogin(r *http.Request, rec *Request) reply {
	const title = "Sign in to your account"
	person := c.policy.Person
	if r.Method != http.MethodPost {
		return render(http.StatusOK, pageData{Title: title, Person: &person, AskCode: true})
	}
	for _, d := range c.devices {
		if d.userCode != r.PostForm.Get("otc") || c.now().Sub(d.began) > deviceLifetime {
			continue
		}
		rec.Account = person.Username
		if r.PostForm.Get("choice") != "account" {
			d.declined = true
			return page(http.StatusOK, title, "The sign-in was cancelled.")
		}
		d.who = &person
		return page(http.StatusOK, title, "You have signed in to the Microsoft Azure CLI application on your device. You may now close this window.")
	}
	return page(http.StatusBadRequest, title, "That code didn't work. Check the code and try again.")
}

// newUserCode is nine letters and digits, without those that are mistaken for each other.
func newUserCode() string {
	return strings.NewReplacer("I", "H", "O", "P").Replace(rand.Text()[:9])
}

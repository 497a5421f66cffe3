package containers

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"aztray/internal/auth"
)

// azScript is a small az for images that have a shell and no az: SDKs' AzureCLICredential runs it.
//
//go:embed az.sh
var azScript string

const (
	shimMarker = "# aztray's small az" // the second line of azScript
	shimPlace  = "@PLACE@"             // in azScript: the az directory that we deliver to
	shimAlone  = "@ALONE@"             // in azScript: yes, and it never makes way for a real az
	maxShim    = 64 << 10
)

// isShim reports whether text is an az of ours, of any version.
func isShim(text []byte) bool {
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return bytes.HasPrefix(rest, []byte(shimMarker))
}

// shimText is the script for a container whose az directory is place.
func shimText(place string) []byte {
	quoted := strings.ReplaceAll(place, "'", `'\''`)
	return []byte(strings.Replace(azScript, shimPlace, quoted, 1))
}

// aloneText is the script for a place where a real az could do nothing, for it can't write there.
func aloneText(place string) []byte {
	return bytes.Replace(shimText(place), []byte(shimAlone), []byte("yes"), 1)
}

// shimEntries is our az as an archive's entry, none where it is not wanted or lies there already.
// A container may have been given a real az since its image was looked at: that one stays.
func (e *Engine) shimEntries(ctx context.Context, c Container, t target) ([]entry, error) {
	if t.shim == "" {
		return nil, nil
	}
	text := shimText(t.place)
	if !t.pristine {
		info, ok, err := there(ctx, e.api, c.ID, t.shim)
		if err != nil || ok && info.Size == int64(len(text)) {
			return nil, err
		}
		if real, err := findAz(ctx, e.api, c.ID, t.binDirs); err != nil || real != "" {
			return nil, err
		}
	}
	return []entry{{path: t.shim, mode: 0o755, text: text}}, nil
}

// tokenLines is the credential in a form that a shell reads: a line for the account with name,
// tenant, subscription, cloud and the subscription's name as JSON has it; then a line for each
// token with resource, tenant, end in Unix seconds, end in the container's time, and the token.
// The words are separated by blanks; "-" is nothing.
func tokenLines(b auth.Bundle, zone *time.Location) []byte {
	var out bytes.Buffer
	put := func(words ...string) { out.WriteString(strings.Join(words, " ") + "\n") }
	put("account", word(b.Username), word(b.TenantID), word(b.Subscription.ID), word(b.Cloud), jsonText(b.Subscription.Name))
	for _, t := range b.Tokens {
		resource := strings.TrimRight(strings.TrimSuffix(t.Scope, "/.default"), "/")
		put("token", word(resource), word(t.TenantID), strconv.FormatInt(t.ExpiresOn.Unix(), 10),
			t.ExpiresOn.In(zone).Format("2006-01-02 15:04:05.000000"), word(t.Secret.Reveal()))
	}
	return out.Bytes()
}

// word is s without blanks, which none of these has.
func word(s string) string {
	if s = strings.Join(strings.Fields(s), ""); s == "" {
		return "-"
	}
	return s
}

// jsonText is s as it stands between quotes in JSON.
func jsonText(s string) string {
	quoted, _ := json.Marshal(strings.Join(strings.Fields(s), " ")) // of a string it can't fail
	return string(quoted[1 : len(quoted)-1])
}

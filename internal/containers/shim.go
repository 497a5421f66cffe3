package containers

import (
	"bytes"
	"context"
	"embed"
	"strconv"
	"strings"
	"time"
	"unicode"

	"aztray/internal/auth"
)

// azMain is a small az for images that have a shell and no az: tools and SDKs' AzureCLICredential run it.
//
//go:embed az.sh
var azMain string

// azParts are the functions that azMain calls, by what they are for.
//
//go:embed az_print.sh az_query.sh az_clouds.sh
var azParts embed.FS

var azScript = joined()

// joined is azMain with the parts in their place.
func joined() string {
	var parts strings.Builder
	for _, name := range []string{"az_print.sh", "az_query.sh", "az_clouds.sh"} {
		text, _ := azParts.ReadFile(name) // embedded
		parts.Write(text)
		parts.WriteString("\n")
	}
	return strings.Replace(azMain, "#@PARTS@\n", parts.String(), 1)
}

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
	if !t.pristine || t.unused {
		info, ok, err := there(ctx, e.api, c.ID, t.shim)
		if err != nil || ok && info.Size == int64(len(text)) {
			return nil, err
		}
		if !ok && t.unused { // an az of its own elsewhere is one that ours makes way for
			return []entry{{path: t.shim, mode: 0o755, text: text}}, nil
		}
		if real, err := findAz(ctx, e.api, c.ID, t.binDirs); err != nil || real != "" {
			return nil, err
		}
	}
	return []entry{{path: t.shim, mode: 0o755, text: text}}, nil
}

// tokenLines is the credential in a form that a shell reads. Each line is a word for what it is and then:
//
//	account USERNAME CLOUD
//	manager RESOURCE                      which is meant where a call names none
//	row SUBSCRIPTION TENANT HOMETENANT ISDEFAULT DOMAIN NAME
//	title TENANT NAME                     as newer az has it in its rows
//	tenant TENANT DOMAIN                  by which it may be asked for as well
//	token AUDIENCE TENANT END DAY TIME TOKEN   END in Unix seconds, DAY and TIME in the container's zone
//
// The words are separated by blanks; "-" is nothing; a name takes the rest of its line, blanks and all.
func tokenLines(b auth.Bundle, zone *time.Location) []byte {
	var out bytes.Buffer
	put := func(words ...string) { out.WriteString(strings.Join(words, " ") + "\n") }
	put("account", word(b.Username), word(b.Cloud))
	if b.Manager != "" {
		put("manager", word(b.Manager))
	}
	for _, r := range b.Subscriptions() {
		put("row", word(r.ID), word(r.TenantID), word(r.HomeTenantID), strconv.FormatBool(r.IsDefault), word(r.TenantDomain), oneLine(r.Name))
		if r.IsDefault && r.TenantDomain != "" {
			put("title", word(r.TenantID), oneLine(r.TenantName))
		}
	}
	if b.TenantDomain != "" {
		put("tenant", word(b.TenantID), word(b.TenantDomain))
	}
	for _, t := range b.Tokens {
		put("token", word(auth.Audience(t.Scope)), word(t.TenantID), strconv.FormatInt(t.ExpiresOn.Unix(), 10),
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

// oneLine is s on one line, without what a terminal would obey.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

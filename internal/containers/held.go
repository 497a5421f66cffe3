package containers

import (
	"bytes"
	"cmp"
	"encoding/json"
)

// held is what an az directory in a container holds.
type held struct {
	mark    *mark // ours, nil where there is none
	intact  bool  // every file of the mark is as we wrote it
	renews  bool  // it holds the refresh token that we gave: az in it may have written since
	foreign bool  // somebody signed in inside

	displaced    []string // the files of their sign-in that a renewal has replaced, and that are to go back
	installation string   // az's own id, which the next delivery keeps; "" where there is none
}

// judgeHeld reads the files of an az directory as they are; a nil text is a file that is not there.
// A file that has not changed since we wrote it need not be among them.
func judgeHeld(m *mark, texts map[string][]byte, unchanged map[string]bool) held {
	h := held{mark: m, intact: m != nil}
	h.installation = installationIn(texts[profileFile])
	user, given := "", false
	if m != nil {
		user, given, h.installation = m.Username, m.Refresh, cmp.Or(h.installation, m.Installation)
		for name, s := range m.Files {
			if !unchanged[name] && !m.asWritten(name, texts[name], s) {
				h.intact = false
			}
		}
	}
	h.renews = given && (unchanged[cacheFile] || len(texts[cacheFile]) > len("{}\n"))
	h.foreign = foreignCache(texts[cacheFile], user, given) || foreignProfile(texts[profileFile], user)
	return h
}

// asWritten reports whether a file holds what we wrote; in the profile az may have added its own id.
func (m *mark) asWritten(name string, text []byte, s stamp) bool {
	return text != nil && (stampOf(text) == s || name == profileFile && stampOf(withInstallation(text, m.Installation)) == s)
}

// foreignCache reports whether a token cache holds a sign-in that is not the one we delivered. A
// refresh token never comes from us, unless it was given. What can't be read is taken for somebody's and left alone.
func foreignCache(text []byte, user string, given bool) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return false
	}
	var c struct {
		RefreshToken map[string]struct{ Secret string }
		AccessToken  map[string]json.RawMessage
		Account      map[string]struct{ Username string }
	}
	if json.Unmarshal(bytes.TrimPrefix(text, bom), &c) != nil {
		return true
	}
	for _, rt := range c.RefreshToken {
		if rt.Secret != "" && !given {
			return true
		}
	}
	for _, a := range c.Account {
		if user == "" || a.Username != user {
			return true
		}
	}
	return user == "" && len(c.AccessToken) > 0
}

// foreignProfile reports whether az's profile names an account that is not the one we delivered.
func foreignProfile(text []byte, user string) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return false
	}
	var p struct {
		Subscriptions []struct{ User struct{ Name string } }
	}
	if json.Unmarshal(bytes.TrimPrefix(text, bom), &p) != nil {
		return true
	}
	for _, s := range p.Subscriptions {
		if user == "" || s.User.Name != user {
			return true
		}
	}
	return false
}

// bom is the mark that az puts before its profile.
var bom = []byte("\xef\xbb\xbf")

// parseMark is nil for anything that is not a mark of ours.
func parseMark(text []byte) *mark {
	var m mark
	if json.Unmarshal(text, &m) != nil || m.By != "aztray" || m.Hash == "" {
		return nil
	}
	return &m
}

package containers

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"aztray/internal/auth"
)

// The files that we write into an az directory.
const (
	profileFile = "azureProfile.json"
	cacheFile   = "msal_token_cache.json"
	tokensFile  = ".aztray.tokens" // for our own az, which can't read JSON
	markFile    = MarkFile
)

// MarkFile is the name of the file that says what lies beside it, and when it was delivered.
const MarkFile = ".aztray.json"

// freshSuffix is added to a file's name while it is being written; it stays behind as a second name of
// the same file, for the archive call can't delete.
const freshSuffix = ".aztray-new"

// placeFiles are all names that a delivery writes in an az directory.
var placeFiles = []string{
	profileFile, cacheFile, tokensFile, markFile,
	profileFile + freshSuffix, cacheFile + freshSuffix, tokensFile + freshSuffix, markFile + freshSuffix,
	profileFile + keptSuffix, cacheFile + keptSuffix, markFile + keptSuffix,
}

// signInFiles are those of a sign-in that we never write: where one is there, and no mark of ours,
// somebody signed in.
var signInFiles = []string{"msal_token_cache.bin", "service_principal_entries.json", "service_principal_entries.bin"}

// mark lies beside the files and says what they are, so that tray and command line don't do the
// work twice and know ours from a sign-in made inside. It holds no secret.
type mark struct {
	Version     int              `json:"version"`
	By          string           `json:"by"`
	Username    string           `json:"username"`
	Tenant      string           `json:"tenant"`
	Hash        string           `json:"hash"` // of everything delivered, to whom and where
	ExpiresOn   time.Time        `json:"expires_on"`
	DeliveredAt time.Time        `json:"delivered_at"`
	Withdrawn   bool             `json:"withdrawn,omitempty"`
	Refresh     bool             `json:"refresh,omitempty"`  // the person's refresh token is in it
	Unproved    bool             `json:"unproved,omitempty"` // what it replaced had not been looked at when it was written
	Files       map[string]stamp `json:"files"`
	Made        []string         `json:"made,omitempty"` // directories that were not there before us

	Installation string `json:"installation,omitempty"` // az's own id, which the profile keeps
}

// stamp tells whether a file is still as we wrote it.
type stamp struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func stampOf(b []byte) stamp {
	sum := sha256.Sum256(b)
	return stamp{int64(len(b)), hex.EncodeToString(sum[:])}
}

// file is one file of a delivery. Its text ends with a newline, so that a shell can write it too.
type file struct {
	name string
	text []byte
}

// content is one delivery: the files of the az directory, in the order in which they are written.
type content struct {
	files []file
	mark  mark
}

// newContent cuts b to what a container at t gets.
func newContent(b auth.Bundle, t target, now time.Time) content {
	cache, refresh := b.CacheJSON(), t.refresh && !b.Refresh.IsZero()
	if refresh {
		cache = b.FullCacheJSON()
	}
	c := content{files: []file{{profileFile, line(b.ProfileJSON())}, {cacheFile, line(cache)}}}
	if t.shim != "" {
		c.files = append(c.files, file{tokensFile, tokenLines(b, t.zone)})
	}
	c.mark = mark{Version: 1, By: "aztray", Username: b.Username, Tenant: b.TenantID, ExpiresOn: earliest(b.Tokens), Refresh: refresh}
	c.stamp(t, now)
	return c
}

// emptyContent is what is left behind when a sign-in is withdrawn: valid files with nothing in them.
func emptyContent(t target, now time.Time) content {
	c := content{files: []file{{profileFile, []byte("{\"subscriptions\":[]}\n")}, {cacheFile, []byte("{}\n")}}}
	if t.shim != "" {
		c.files = append(c.files, file{tokensFile, []byte("\n")})
	}
	c.mark = mark{Version: 1, By: "aztray", Withdrawn: true}
	c.stamp(t, now)
	return c
}

// stamp fills in what the mark says of the files. The hash holds owner and place too: the same
// tokens for another user are another delivery.
func (c *content) stamp(t target, now time.Time) {
	h := sha256.New()
	fmt.Fprintln(h, c.mark.Version, t.owner.uid, t.owner.gid, t.place, t.shim)
	c.mark.Files = map[string]stamp{}
	for _, f := range c.files {
		s := stampOf(f.text)
		c.mark.Files[f.name] = s
		fmt.Fprintln(h, f.name, s.SHA256)
	}
	c.mark.Hash = hex.EncodeToString(h.Sum(nil))
	c.mark.DeliveredAt = now.UTC().Truncate(time.Second) // as precise as a file's time in an archive
}

// withMark is the files and the mark, which comes last: what it says is there then.
func (c content) withMark(made []string) ([]file, mark) {
	m := c.mark
	m.Made = made
	text, _ := json.Marshal(m) // strings, times and numbers: it can't fail
	return append(c.files[:len(c.files):len(c.files)], file{markFile, line(text)}), m
}

func line(b []byte) []byte { return append(bytes.TrimRight(b, "\n"), '\n') }

func earliest(tokens []auth.Token) time.Time {
	var first time.Time
	for _, t := range tokens {
		if first.IsZero() || t.ExpiresOn.Before(first) {
			first = t.ExpiresOn
		}
	}
	return first.UTC()
}

// entry is one thing in an archive; its path is absolute.
type entry struct {
	path     string
	dir      bool
	mode     int64
	uid, gid int
	text     []byte
	link     string // what it is to be another name of; it has no text then
}

// pack makes the archive that is unpacked at base. A file is written under another name first and
// then linked to its own, so that nobody inside ever reads half of it: the engine removes, creates
// and writes a plain file in steps.
func pack(base string, entries []entry, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	within := func(p string) string { return strings.TrimPrefix(strings.TrimPrefix(p, path.Clean(base)), "/") }
	for _, en := range entries {
		name := within(en.path)
		h := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: en.mode, Uid: en.uid, Gid: en.gid, ModTime: at}
		if en.dir {
			h.Typeflag, h.Name = tar.TypeDir, name+"/"
			if err := w.WriteHeader(&h); err != nil {
				return nil, err
			}
			continue
		}
		if en.link != "" {
			h.Typeflag, h.Linkname = tar.TypeLink, within(en.link)
			if err := w.WriteHeader(&h); err != nil {
				return nil, err
			}
			continue
		}
		h.Name, h.Size = name+freshSuffix, int64(len(en.text))
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := w.Write(en.text); err != nil {
			return nil, err
		}
		h.Typeflag, h.Linkname, h.Name, h.Size = tar.TypeLink, name+freshSuffix, name, 0
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}

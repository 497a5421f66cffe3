//go:build unix

package browser

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// leading is a page that leads on.
const leading = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>aztray</title>
<meta http-equiv="refresh" content="0; url=%s"><p>Opening aztray's status page…</p>
`

const prefix, suffix = "aztray-page-", ".html"

// led writes a file that leads a browser to address, and gives the file's own address. An address without a fragment
// holds no secret and goes as it is.
func led(dir, address string) (string, error) {
	if !strings.Contains(address, "#") {
		return address, nil
	}
	f, err := os.CreateTemp(cmp.Or(confined(), dir), prefix+"*"+suffix) // 0600
	if err != nil {
		return "", fmt.Errorf("leading the browser to the page: %w", err)
	}
	_, err = fmt.Fprintf(f, leading, html.EscapeString(address))
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("leading the browser to the page: %w", err)
	}
	return (&url.URL{Scheme: "file", Path: f.Name()}).String(), nil
}

// Sweep takes away the files that are older than Life at now.
func Sweep(dir string, now time.Time) {
	for _, place := range []string{confined(), dir} {
		if place == "" {
			continue
		}
		all, _ := filepath.Glob(filepath.Join(place, prefix+"*"+suffix))
		for _, file := range all {
			if info, err := os.Lstat(file); err == nil && now.Sub(info.ModTime()) >= Life {
				os.Remove(file)
			}
		}
	}
}

package cloud

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// WriteBrowser writes a script that serves as $BROWSER, plain or as "script %s". It hands the address to
// this Cloud, which visits it as a browser would, and returns at once. It needs sh and curl. It may be
// called again for another directory.
func (c *Cloud) WriteBrowser(dir string) (path string, err error) {
	path = filepath.Join(dir, "browser")
	script := fmt.Sprintf(`#!/bin/sh
# Signs in by itself: the rig visits the page.
exec curl -sS --noproxy '*' --max-time 10 --output /dev/null --data-urlencode "url=$1" '%s%s'
`, c.proxyURL, c.visitPath)
	return path, os.WriteFile(path, []byte(script), 0o755)
}

// Visited lists the addresses that the browser script was given, oldest first.
func (c *Cloud) Visited() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.visits)
}

// serveVisit takes the script's report and lets the visit go on by itself.
func (c *Cloud) serveVisit(w http.ResponseWriter, r *http.Request) {
	address := r.PostFormValue("url")
	w.WriteHeader(http.StatusNoContent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.visits = append(c.visits, address)
	c.work.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
		defer cancel()
		// An outage or a program that has gone away is what a test is about, and is in the log.
		_ = c.Visit(ctx, address)
	})
}

var (
	postForm = regexp.MustCompile(`<form id="form_post" method="post" action="([^"]*)">`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// Visit does what a browser does with an address and no hand on the mouse: it follows redirects, and
// posts the form of a form_post answer, which posts itself by script. It clicks nothing.
func (c *Cloud) Visit(ctx context.Context, address string) error {
	text, err := c.fetch(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	form := postForm.FindStringSubmatch(text)
	if form == nil {
		return nil
	}
	fields := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(text, -1) {
		fields.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	_, err = c.fetch(ctx, http.MethodPost, html.UnescapeString(form[1]), fields)
	return err
}

func (c *Cloud) fetch(ctx context.Context, method, address string, form url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return string(text), err
}

//go:build linux

// Package chromium drives real Chromium, without a window, for tests of pages. It knows no page.
package chromium

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"aztray/test/rig/desktop"
)

// Tab is a tab that nothing else uses. Each method fails the test where it cannot do its work.
type Tab struct {
	t   testing.TB
	ctx context.Context
	bad chan string
}

const (
	patience = 30 * time.Second // for one thing to happen on the page
	maxBad   = 64
)

// Open starts a browser, which ends with the test.
func Open(t testing.TB) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(desktop.BrowserProgram()), chromedp.NoSandbox,
		chromedp.Flag("no-proxy-server", true), chromedp.UserDataDir(t.TempDir()))
	ctx, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() { leave(); end() })
	tab := &Tab{t: t, ctx: ctx, bad: make(chan string, maxBad)}
	err := chromedp.Listen(ctx, tab.listen)
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, struct{}{})
	}
	tab.must("start", err)
	return tab
}

// listen keeps what the page or the browser complains of, such as a script that the page's policy forbids.
func (b *Tab) listen(e any) {
	text := ""
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			text = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if text != "" {
		select {
		case b.bad <- text:
		default:
		}
	}
}

// Complaints are those since the last call.
func (b *Tab) Complaints() (all []string) {
	for {
		select {
		case text := <-b.bad:
			all = append(all, text)
		default:
			return all
		}
	}
}

func (b *Tab) must(what string, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("chromium: %s: %v", what, err)
	}
}

// Look makes the window so large, in CSS pixels, and says what the person prefers, such as
// "prefers-color-scheme", "dark".
func (b *Tab) Look(width, height int, prefers ...string) {
	b.t.Helper()
	var media emulation.SetEmulatedMediaParams
	for i := 0; i < len(prefers); i += 2 {
		media.Features = append(media.Features, &emulation.MediaFeature{Name: prefers[i], Value: prefers[i+1]})
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media)
	if err == nil {
		err = chromedp.Do(b.ctx, chromedp.EmulateViewport(int64(width), int64(height)))
	}
	b.must("look", err)
}

// Go opens an address.
func (b *Tab) Go(url string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	b.must("open "+url, chromedp.Do(ctx, chromedp.Navigate(url)))
}

// Eval gives what an expression is on the page.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	b.must(expression, err)
	return v
}

// Until waits until an expression is true on the page. While the page is being loaded, it is not.
func (b *Tab) Until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && holds {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("chromium: never: %s: %v\nthe page says:\n%s", expression, err, Eval[string](b, "document.body.innerText"))
		}
	}
}

// Click clicks with the mouse on what a CSS selector finds.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	b.must("click "+selector, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))))
}

// Press presses keys, as chromedp writes them.
func (b *Tab) Press(keys string) {
	b.t.Helper()
	b.must("press", chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

// Screenshot is a PNG of what the window shows.
func (b *Tab) Screenshot() []byte {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must("screenshot", err)
	return png
}

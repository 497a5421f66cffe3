package health

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"aztray/assets"
	"aztray/internal/agent"
)

const eventsPath = "/events"

// parts are the sections that are sent anew when they change, by the name of their template.
var parts = []string{"state", "problems", "chart", "containers", "tenants", "facts"}

// sheets are the page's files, read once at the start.
type sheets struct {
	template *template.Template
	CSS      template.CSS
	JS       template.JS
	Symbols  template.HTML
	policy   string // the Content-Security-Policy that lets these through and nothing else
}

// readSheets takes the page out of the assets. They are part of the program: a test reads them all.
func readSheets() (*sheets, error) {
	file := func(name string) (string, error) {
		b, err := fs.ReadFile(assets.Page, "page/"+name)
		return string(b), err
	}
	s := &sheets{}
	var texts [4]string
	for i, name := range []string{"page.html", "page.css", "page.js", "levels.svg"} {
		var err error
		if texts[i], err = file(name); err != nil {
			return nil, err
		}
	}
	var err error
	s.template, err = template.New("page").Parse(texts[0])
	s.CSS, s.JS, s.Symbols = template.CSS(texts[1]), template.JS(texts[2]), template.HTML(texts[3])
	s.policy = strings.Join([]string{"default-src 'none'", "style-src " + hash(texts[1]), "script-src " + hash(texts[2]),
		"img-src 'self'", "connect-src 'self'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"}, "; ")
	return s, err
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pages adds the page, its events and its actions.
func (s *Server) pages(mux *http.ServeMux) error {
	sheets, err := readSheets()
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, sheets) })
	mux.HandleFunc("GET "+eventsPath, func(w http.ResponseWriter, r *http.Request) { s.events(w, r, sheets) })
	mux.HandleFunc("POST /actions/{what}", s.act)
	mux.HandleFunc("GET /icon.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Write(assets.IconSVG)
	})
	return nil
}

// whole is the page at its first sight.
type whole struct {
	view
	*sheets
	Start, Version string
	Past           int
}

func (s *Server) whole(snap agent.Snapshot, past int, sheets *sheets) whole {
	return whole{view: newView(snap, past, clock{}, time.Now()), sheets: sheets, Start: s.start(), Version: s.o.Version, Past: past}
}

// start tells a page whether the program is still the one that it is from.
func (s *Server) start() string { return s.started.UTC().Format(time.RFC3339Nano) }

func (s *Server) page(w http.ResponseWriter, r *http.Request, sheets *sheets) {
	snap, _ := s.now.get()
	v := s.whole(snap, pastDays(r), sheets)
	var b bytes.Buffer
	if err := sheets.template.Execute(&b, v); err != nil {
		s.log.Error("the status page cannot be drawn", "err", err)
		refuse(w, http.StatusInternalServerError, "The page cannot be drawn; the log says why.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", sheets.policy)
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	w.Write(b.Bytes())
}

// pastDays is how much of the past is asked for.
func pastDays(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil || !slices.ContainsFunc(days, func(d span) bool { return d.Days == n }) {
		return days[0].Days
	}
	return n
}

// update is what a page is sent: the parts that have changed since the last one.
type update struct {
	Start string            `json:"start"` // another one than the page's: the program was started anew
	Title string            `json:"title"`
	Level string            `json:"level"`
	Parts map[string]string `json:"parts"`
}

const (
	calm      = 150 * time.Millisecond // at least between two updates of a page
	heartbeat = 20 * time.Second
)

// events keeps a page up to date for as long as it is open.
func (s *Server) events(w http.ResponseWriter, r *http.Request, sheets *sheets) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	send := func(text string) bool {
		control.SetWriteDeadline(time.Now().Add(writeWithin))
		_, err := fmt.Fprint(w, text)
		return err == nil && control.Flush() == nil
	}
	past := pastDays(r)
	sent, ok := map[string]string{}, send("retry: 2000\n\n")
	for ok {
		snap, changed := s.now.get()
		v := s.whole(snap, past, sheets)
		if u, err := v.update(sent); err != nil {
			s.log.Error("the status page cannot be drawn", "err", err)
			return
		} else if len(u.Parts) > 0 {
			b, _ := json.Marshal(u) // strings alone
			ok = send("data: " + string(b) + "\n\n")
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(calm):
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-time.After(heartbeat):
			ok = ok && send(": still here\n\n")
		}
	}
}

// update draws each part, and notes in sent what the page then has.
func (v whole) update(sent map[string]string) (update, error) {
	u := update{Start: v.Start, Title: v.Title, Level: v.Level, Parts: map[string]string{}}
	for _, name := range parts {
		var b bytes.Buffer
		if err := v.template.ExecuteTemplate(&b, name, v); err != nil {
			return u, err
		}
		if old, has := sent[name]; !has || b.String() != old {
			text := b.String()
			u.Parts[name], sent[name] = text, text
		}
	}
	return u, nil
}

package instance

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"aztray/internal/atomicfile"
)

// PagePlace is where the running instance serves its health API and status page, which it may choose itself.
type PagePlace struct {
	Address string `json:"address"`       // of loopback, such as 127.0.0.1:8001
	Why     string `json:"why,omitempty"` // it is not the usual one, as a clause
}

func pageFile(dir string) string { return filepath.Join(dir, "page.json") }

// KeepPage notes where the page is, for the person's other commands; a zero place: it is nowhere.
func KeepPage(dir string, p PagePlace) error {
	if p == (PagePlace{}) {
		if err := os.Remove(pageFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return atomicfile.Write(pageFile(dir), text)
}

// ReadPage is where the page is, if an instance runs; zero: nowhere.
func ReadPage(dir string) PagePlace {
	var p PagePlace
	text, err := os.ReadFile(pageFile(dir))
	if err != nil || json.Unmarshal(text, &p) != nil {
		return PagePlace{}
	}
	if at, err := netip.ParseAddrPort(p.Address); err != nil || !at.Addr().IsLoopback() {
		return PagePlace{}
	}
	return p
}

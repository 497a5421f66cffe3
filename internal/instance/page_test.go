package instance

import (
	"os"
	"testing"
)

func TestPagePlace(t *testing.T) {
	dir := t.TempDir()
	page := PagePlace{Address: "127.0.0.1:8001", Why: "port 8000 is left to the container web"}
	if got := ReadPage(dir); got != (PagePlace{}) {
		t.Errorf("before: %+v", got)
	}
	for _, p := range []PagePlace{page, {}, {}, page} {
		if err := KeepPage(dir, p); err != nil {
			t.Fatal(err)
		}
		if got := ReadPage(dir); got != p {
			t.Errorf("%+v, want %+v", got, p)
		}
	}
	for _, text := range []string{"", "{}", `{"address": "example.com:80"}`, `{"address": "10.0.0.1:8000"}`, `{"address": "127.0.0.1"}`} {
		if err := os.WriteFile(pageFile(dir), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ReadPage(dir); got != (PagePlace{}) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

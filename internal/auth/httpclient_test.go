package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// dated answers every request with a Date header.
type dated struct{ at time.Time }

func (d dated) RoundTrip(*http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Date", d.at.UTC().Format(http.TimeFormat))
	return w.Result(), nil
}

// TestSkew_OnlyByTheirClock: a gateway whose clock is wrong says nothing of ours.
func TestSkew_OnlyByTheirClock(t *testing.T) {
	for _, c := range []struct {
		link  string
		learn bool
	}{
		{"https://login.microsoftonline.com/organizations/v2.0", true},
		{"https://login.microsoftonline.us/t/oauth2/v2.0/token", true},
		{"https://management.azure.com/tenants", true},
		{"https://management.chinacloudapi.cn/tenants", true},
		{"https://story.openai.azure.com/openai/models", false},
		{"https://gateway.contoso.example/openai", false},
		{"https://login.microsoftonline.com.evil.example/", false},
		{"http://127.0.0.1:8080/", false},
	} {
		client := &http.Client{Transport: &skewed{next: func() (http.RoundTripper, error) { return dated{time.Now().Add(-time.Hour)}, nil }}}
		if _, err := client.Get(c.link); err != nil {
			t.Fatal(err)
		}
		if got := Skew(client) > 50*time.Minute; got != c.learn {
			t.Errorf("%s: the skew is %v", c.link, Skew(client))
		}
	}
}

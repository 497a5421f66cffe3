//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/doctor"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// ourPage reports whether aztray's own page answers at a port.
func ourPage(port int) bool {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health", port))
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.Header.Get("Server") == "aztray"
}

// TestNoContainerIsKeptFromItsPort: aztray holds port 8000, and Code Story's service, made by docker run, starts there
// all the same; so does whatever is made for each port that aztray moves to. It says where it is and why. One that is
// stopped keeps its port.
func TestNoContainerIsKeptFromItsPort(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Setenv("AZTRAY_HEALTH_LISTEN", "")
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	if listens(8000) {
		t.Fatal("something on this machine has port 8000, which this test is about")
	}
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.eventually(15*time.Second, "the page is at 8000", func() bool { return ourPage(8000) })
	x.menuShows(5*time.Second, "Status page:", false)

	const rounds = 8
	for n := range rounds {
		port, short := 8000+n, fmt.Sprintf("codestory-service-%d", n)
		x.Cleanup(x.Name(short))
		// as compose does: to make and to start are two requests, one right after the other
		_, err := x.Docker(x.ctx, "run", "-d", "--name", x.Name(short), "-p", fmt.Sprintf("%d:80", port), images.Sh)
		if err != nil {
			t.Fatalf("round %d: aztray keeps the container from its port: %v", n, err)
		}
		x.eventually(10*time.Second, "the page moves on", func() bool { return ourPage(port + 1) })
		if ourPage(port) {
			t.Errorf("round %d: aztray answers at the container's port", n)
		}
	}
	why := "port 8000 is left to the container " + x.Name("codestory-service-0")
	at := fmt.Sprintf("127.0.0.1:%d", 8000+rounds)
	x.menuShows(10*time.Second, "Status page: "+at+" ("+why+")", true)
	out, _, _, err := x.Aztray(x.ctx, "service", "status")
	x.must(err)
	if text := strings.Join(strings.Fields(out), " "); !strings.Contains(text, "at http://"+at+", for "+why) {
		t.Errorf("status does not say where the page is:\n%s", out)
	}
	out, _, _, err = x.Aztray(x.ctx, "doctor", "-o", "json")
	x.must(err)
	var found doctor.Report
	x.must(json.Unmarshal([]byte(out), &found))
	if !slices.ContainsFunc(found.Lines, func(l doctor.Line) bool {
		return l.Check == "health.port" && l.Verdict == doctor.Good && strings.Contains(l.Message, at) && strings.Contains(l.Message, why)
	}) {
		t.Errorf("the doctor does not say where the page is:\n%s", out)
	}

	x.must(x.tray.Stop())
	for n := range rounds {
		if n > 0 {
			x.must(x.RemoveContainer(x.ctx, fmt.Sprintf("codestory-service-%d", n)))
		}
	}
	_, err = x.Docker(x.ctx, "stop", "-t", "0", x.Name("codestory-service-0"))
	x.must(err)
	x.startTray()
	x.eventually(15*time.Second, "the page is at 8001", func() bool { return ourPage(8001) })
	_, err = x.Docker(x.ctx, "start", x.Name("codestory-service-0"))
	x.must(err)

	x.must(x.tray.Stop())
	x.must(x.RemoveContainer(x.ctx, "codestory-service-0"))
	x.Setenv("AZTRAY_HEALTH_LISTEN", "127.0.0.1:8000")
	x.startTray()
	x.eventually(15*time.Second, "the page is where it was set to be", func() bool { return ourPage(8000) })
	x.Cleanup(x.Name("kept-out"))
	if _, err := x.Docker(x.ctx, "run", "-d", "--name", x.Name("kept-out"), "-p", "8000:80", images.Sh); err == nil || !ourPage(8000) {
		t.Errorf("an address that was set was not kept: %v", err)
	}
}

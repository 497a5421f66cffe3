//go:build e2e

package containers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReaderDuringFiftyRenewals: a process that reads as fast as it can never sees half of a file. Where we
// can rename, it always sees one; the archive call leaves a gap in which there is none, which is printed.
func TestReaderDuringFiftyRenewals(t *testing.T) {
	reader := filepath.Join(t.TempDir(), "reader")
	build := exec.Command("go", "build", "-o", reader, "aztray/test/rig/reader")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		name, delivery, how string
		gaps                bool
		renewals            int // an exec takes long
	}{
		{"copy", "copy", "run -d", true, 50},
		{"copy into memory", "copy", "run -d --tmpfs /root", false, 10},
		{"mount", "mount", "run -d -v @DIR:/root/.azure", false, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, _ := mountEngine(t, t.TempDir())
			how := strings.ReplaceAll(c.how, "@DIR", e.dirs.path(mountName(t)))
			got := made(t, e, how+" -v "+reader+":/reader:ro", imgShell, "/reader", "/root/.azure/"+cacheFile)
			got.Delivery = c.delivery
			long := strings.Repeat("x", 20_000) // as several tokens are
			for i := range c.renewals {
				if s := renewed(t.Context(), e, got, bundle(fmt.Sprint(i, long), time.Now().Add(time.Hour))); s.State != Fresh {
					t.Fatalf("%s %s", s.State, s.Error)
				}
			}
			docker(t, "stop", got.ID)
			var seen struct {
				Reads, Changes, Absent, Torn int
				Gap                          time.Duration `json:"gap_ns"`
				Error                        string
			}
			if err := json.Unmarshal([]byte(docker(t, "logs", got.ID)), &seen); err != nil {
				t.Fatal(err)
			}
			if seen.Torn > 0 || seen.Error != "" || seen.Changes < 3 || !c.gaps && seen.Absent > 0 {
				t.Errorf("%+v", seen)
			}
			t.Attr("seen", fmt.Sprintf("%d reads of %d texts, %d of half a file; %d found none, for %v at most",
				seen.Reads, seen.Changes, seen.Torn, seen.Absent, seen.Gap.Round(time.Microsecond)))
		})
	}
}

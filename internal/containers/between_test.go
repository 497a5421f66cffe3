package containers

import (
	"archive/tar"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// restarting is a container of Podman's between two runs, for as many reads as gone says.
type restarting struct {
	*fakeEngine
	gone int
	err  error
}

func (r *restarting) read(ctx context.Context, id, p string) (*tar.Header, []byte, error) {
	if r.gone--; r.gone >= 0 {
		return nil, nil, r.err
	}
	return r.fakeEngine.read(ctx, id, p)
}

// A container that restarts all the time gets its credential between two ends, and no engine that answers is blamed.
func TestARestartingContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proc := &apiError{http.StatusInternalServerError, `open /proc/4711/ns/mnt: no such file or directory`}
		for _, c := range []struct {
			why   string
			gone  int
			err   error
			state State
			says  string
		}{
			{"at first", 3, errEmptyArchive, Fresh, ""},
			{"at first, in other words", 3, proc, Fresh, ""},
			{"all the time", 1000, errEmptyArchive, Failed, "between two runs"},
			{"all the time, in other words", 1000, proc, Failed, "between two runs"},
			{"what the engine says can't be read", 1000, errors.New("unexpected EOF"), Failed, "can't be read"},
			{"the engine refuses for another reason", 1000, &apiError{500, "no"}, Failed, "refused (500): no"},
		} {
			f := &restarting{newFake(inspected{ID: "id", Status: "restarting"}, withShell), c.gone, c.err}
			e := newEngine(f, endpoint{host: "unix:///fake", from: "the test"}, azDirs{})
			s := e.Deliver(t.Context(), container("id", "app", "img", "running", nil), bundle("s", time.Now().Add(time.Hour)))
			if s.State != c.state || !strings.Contains(s.Error, c.says) || strings.Contains(s.Error, "does not answer") {
				t.Errorf("%s: %s %q", c.why, s.State, s.Error)
			}
		}
	})
}

func TestAnEmptyArchive(t *testing.T) {
	e, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte(`{"size":7}`)))
	})
	if _, _, err := e.read(t.Context(), "c", "/a"); !errors.Is(err, errEmptyArchive) {
		t.Errorf("%v", err)
	}
}

package notify

import (
	"context"
	"fmt"
	"maps"
	"time"

	"aztray/internal/agent"
	"aztray/internal/containers"
)

// offerAgain is how long after an offer a container's restart may be offered again.
const offerAgain = time.Hour

// newlyStuck are the containers that fail though they hold a good credential, unless each has been
// offered a restart of late.
func newlyStuck(all []containers.Status, offered map[string]time.Time, now time.Time) []containers.Status {
	var stuck []containers.Status
	news := false
	for _, c := range all {
		if !c.Stuck {
			continue
		}
		stuck = append(stuck, c)
		last, told := offered[c.ID]
		news = news || !told || now.Sub(last) >= offerAgain
	}
	if !news {
		return nil
	}
	return stuck
}

// offerNote offers a restart.
func offerNote(stuck []containers.Status) Note {
	n := Note{Urgency: Normal, Summary: stuck[0].Name + " does not take up its token",
		Body:      "Its log goes on telling of a failure, though it holds a good token. A restart makes it look again.",
		Buttons:   []Button{{KeyRestart, "Restart " + stuck[0].Name}},
		NoButtons: "Open the tray menu to restart it."}
	if len(stuck) > 1 {
		n.Summary = fmt.Sprintf("%d containers do not take up their token", len(stuck))
		n.Body = "Their logs go on telling of a failure, though they hold a good token. A restart makes them look again."
		n.Buttons[0].Label = "Restart them"
		n.NoButtons = "Open the tray menu to restart them."
	}
	return n
}

// offer offers a restart where there is somebody new to offer it to.
func (r *runner) offer(ctx context.Context, now time.Time) {
	stuck := newlyStuck(r.snap.Containers, r.offered, now)
	if stuck == nil {
		return
	}
	if r.offered == nil {
		r.offered = map[string]time.Time{}
	}
	maps.DeleteFunc(r.offered, func(_ string, at time.Time) bool { return now.Sub(at) >= offerAgain })
	for _, c := range stuck {
		r.offered[c.ID] = now
	}
	if err := r.screen.tell(ctx, offerNote(stuck)); err != nil {
		r.o.Log.Info("an offer could not be shown", "containers", len(stuck), "error", err)
	}
}

// restart does what the offer said, for those to whom it still applies: it may have stood there for long.
func (r *runner) restart() {
	var names []string
	for _, c := range r.snap.Containers {
		if _, told := r.offered[c.ID]; told && c.RestartHelps {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		r.o.Do(agent.Restart{Names: names})
	}
}

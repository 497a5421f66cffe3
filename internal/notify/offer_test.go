package notify

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

func TestARestartIsOfferedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		s := snap(auth.OK, time.Time{})
		stuck := func(names ...string) agent.Snapshot {
			s.Containers = []containers.Status{{Name: "well", ID: "well"}}
			for _, n := range names {
				s.Containers = append(s.Containers, containers.Status{Name: n, ID: n, Stuck: true, RestartHelps: true})
			}
			return s
		}
		b.send(stuck("api"))
		b.send(stuck("api"))
		b.send(stuck())
		b.send(stuck("api")) // it comes and goes
		time.Sleep(10 * time.Minute)
		b.send(stuck("api", "db"))
		b.answers(answer{key: KeyRestart})
		b.send(stuck("db"))
		b.answers(answer{key: KeyRestart}) // of an offer that stood there for long
		b.send(stuck())
		b.answers(answer{key: KeyRestart})
		time.Sleep(time.Hour)
		b.send(stuck("db"))
		b.wrote("00:00:00 notice: api does not take up its token", "00:10:00 notice: 2 containers do not take up their token",
			"01:10:00 notice: db does not take up its token")
		want := []agent.Command{agent.Restart{Names: []string{"api", "db"}}, agent.Restart{Names: []string{"db"}}}
		if !reflect.DeepEqual(b.done, want) {
			t.Errorf("it asked for %v, want %v", b.done, want)
		}
	})
}

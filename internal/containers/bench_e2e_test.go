//go:build e2e

package containers

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fleet   = 21 // containers of the benchmark
	abreast = 16 // deliveries at once, as the agent does them
)

// BenchmarkDelivery renews the credential of 21 containers in four ways in turn: ours; the engine's own floor,
// which is one archive call for each container with the same in it, as many at once; the floor with a look
// before it, whether somebody signed in inside, without which a sign-in could be overwritten; and one container
// after another by docker exec and tar, as a script does it. What it reports are the medians of whole rounds,
// and how they compare.
//
// How far ours can be ahead of a script is the engine's affair: 20.10 starts a helper for each archive call,
// which takes a processor 40 ms, so that many at once are as fast as there are processors; 28.5 takes 1 ms, as
// long as a look takes there. On two cores, 20.10: 1.05 times the floor and 2.8 times faster than a script, of
// which the floor itself is 2.9; 28.5: 1.05 to 1.15 times the floor with a look, 1.7 to 2.5 times that without,
// and 25 times faster than a script. The look stays: it is a person's sign-in that it keeps.
func BenchmarkDelivery(b *testing.B) {
	ctx := b.Context()
	e, err := Connect(ctx, Options{AzDirs: []string{b.TempDir()}})
	if err != nil {
		b.Fatal(err)
	}
	all := benchFleet(b, e)
	end := time.Now().Add(time.Hour)
	round := 0
	next := func() []Container { round++; return all } // each round has another token, as a renewal has
	body := func() []byte { return benchArchive(b, e, round) }
	ways := []struct {
		name string
		run  func() error
	}{
		{"ours", func() error {
			return abreastDo(next(), func(c Container) error {
				if s := e.Deliver(ctx, c, bundle(fmt.Sprint("secret-", round), end)); s.State != Fresh {
					return fmt.Errorf("%s: %s %s", c.Name, s.State, s.Error)
				}
				return nil
			})
		}},
		{"floor", func() error {
			archive := body()
			return abreastDo(all, func(c Container) error { return e.api.extract(ctx, c.ID, "/opt", archive) })
		}},
		{"floor-with-a-look", func() error { // at the files that a sign-in made inside would change, which is not overwritten
			archive := body()
			return abreastDo(all, func(c Container) error {
				for _, name := range []string{profileFile, cacheFile} {
					if _, err := e.api.stat(ctx, c.ID, "/root/.azure/"+name); err != nil {
						return err
					}
				}
				return e.api.extract(ctx, c.ID, "/opt", archive)
			})
		}},
		{"one-by-one", func() error {
			archive := body()
			for _, c := range all {
				cmd := exec.CommandContext(ctx, "docker", "exec", "-i", c.ID, "tar", "-x", "-C", "/opt")
				cmd.Stdin = bytes.NewReader(archive)
				if out, err := cmd.CombinedOutput(); err != nil {
					return fmt.Errorf("%s: %w: %s", c.Name, err, out)
				}
			}
			return nil
		}},
	}
	for _, w := range ways { // what is learnt once is not measured
		if err := w.run(); err != nil {
			b.Fatal(err)
		}
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for i := range ways {
			w := ways[(i+round)%len(ways)]
			began := time.Now()
			if err := w.run(); err != nil {
				b.Fatal(err)
			}
			took[w.name] = append(took[w.name], time.Since(began))
		}
	}
	median := map[string]float64{}
	for name, all := range took {
		slices.Sort(all)
		median[name] = float64(all[len(all)/2]) / float64(time.Millisecond)
		b.ReportMetric(median[name], name+"-ms/round")
	}
	b.ReportMetric(median["ours"]/median["floor"], "times-the-floor")
	b.ReportMetric(median["ours"]/median["floor-with-a-look"], "times-the-floor-with-a-look")
	b.ReportMetric(median["one-by-one"]/median["ours"], "times-faster-than-one-by-one")
}

// benchFleet starts the containers.
func benchFleet(b *testing.B, e *Engine) []Container {
	b.Helper()
	name := func(i int) string { return fmt.Sprintf("%s-bench-%d", prefix, i) }
	b.Cleanup(func() {
		args := []string{"rm", "-f"}
		for i := range fleet {
			args = append(args, name(i))
		}
		exec.Command("docker", args...).Run()
	})
	for i := range fleet {
		if out, err := exec.Command("docker", "run", "-d", "--name", name(i), imgShell, "sleep", "1000000").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	all, err := e.List(b.Context(), Selector{Names: []string{prefix + "-bench-*"}})
	all = slices.DeleteFunc(all, func(c Container) bool { return !strings.HasPrefix(c.Name, prefix+"-bench-") })
	if err != nil || len(all) != fleet {
		b.Fatalf("%d containers, %v", len(all), err)
	}
	return all
}

// benchArchive is what a renewal sends, with all that reading it whole at every moment takes.
func benchArchive(b *testing.B, e *Engine, round int) []byte {
	b.Helper()
	files, m := newContent(bundle(fmt.Sprint("secret-", round), time.Now().Add(time.Hour)), target{shim: "/bin/az", zone: time.UTC}, e.now()).withMark(nil)
	var entries []entry
	for _, f := range files {
		entries = append(entries, entry{path: "/opt/" + f.name, mode: 0o600, text: f.text})
	}
	archive, err := pack("/opt", entries, m.DeliveredAt)
	if err != nil {
		b.Fatal(err)
	}
	return archive
}

// abreastDo works on all, many at once, and gives the first failure.
func abreastDo(all []Container, work func(Container) error) (first error) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	free := make(chan struct{}, abreast)
	for _, c := range all {
		free <- struct{}{}
		wait.Go(func() {
			defer func() { <-free }()
			if err := work(c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				first = err
			}
		})
	}
	wait.Wait()
	return first
}

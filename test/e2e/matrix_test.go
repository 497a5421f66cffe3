//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// situation is one row of the matrix: what is special about a container.
type situation struct {
	group, name string
	user        string   // as --user has it
	args        string   // for docker; @OWN is the host's own az directory, @FOREIGN one in which Bob signed in, @EMPTY an empty one
	life        string   // created, paused, exited, restarting: what it is when aztray comes; recreated: what becomes of it later
	network     string   // "" is the default bridge
	wants       []string // by column; nil is a token in each
	only        string   // its image, in place of the column's
	readOnly    bool     // nothing can be written outside of mounts: our az must be mounted as well
	ownMount    bool     // something else is mounted where its directory would be
}

// column is a way of delivery to a kind of image. The endpoint is the same for all kinds: they take turns.
type column struct{ delivery, image, head string }

var columns = []column{
	{"copy", images.Az, "`copy`, az in the image"}, {"copy", images.Sh, "`copy`, a shell alone"},
	{"mount", images.Az, "`mount`, az in the image"}, {"mount", images.Sh, "`mount`, a shell alone"},
	{"endpoint", "", "`endpoint`"},
}

// A cell is a token, one together with a state that is not fresh, or a state alone. "" is a cell that says
// nothing new.
const token = "token"

var situations = []situation{
	{group: "Who runs in it", name: "root"},
	{name: "a named user", user: "app"},
	{name: "a number that has a name in the image", user: "1000"},
	{name: "a number that has none", user: "4242"},
	{name: "an image with neither az nor a shell", only: images.Static, wants: []string{"unreachable", "", "unreachable", "", token}},

	{group: "Where its files are", name: "read-only root file system", args: "--read-only", readOnly: true,
		wants: []string{"unwritable", "unwritable", "fresh", token, token}},
	{name: "read-only root, `/tmp` in memory", args: "--read-only --tmpfs /tmp", readOnly: true,
		wants: []string{"unwritable", "unwritable", token, token, token}},
	{name: "home in memory (tmpfs)", user: "app", args: "--tmpfs /home/app"},
	{name: "read-only root, home and `/tmp` in memory", args: "--read-only --tmpfs /root --tmpfs /tmp", readOnly: true,
		wants: []string{token, "unwritable", token, token, token}},
	{name: "home in a named volume", user: "app", args: "-v @NAME:/home/app"},
	{name: "read-only root, home in a named volume, `/tmp` in memory", user: "app", args: "--read-only -v @NAME:/home/app --tmpfs /tmp", readOnly: true,
		wants: []string{token, "unwritable", token, token, token}},
	{name: "your own az directory, mounted whole", args: "-v @OWN:/root/.azure", ownMount: true,
		wants: []string{token + ", shared", "shared", token + ", shared", "shared", token}},
	{name: "another az directory, with a sign-in in it", args: "-v @FOREIGN:/root/.azure", ownMount: true,
		wants: []string{token + ", own-sign-in", "own-sign-in", token + ", missing", "missing", token}},
	{name: "another directory, empty", args: "-v @EMPTY:/root/.azure", ownMount: true,
		wants: []string{token, token, "missing", "missing", token}},

	{group: "Its network", name: "the host's", network: "host"},
	{name: "none", network: "none", wants: []string{"fresh", token, "fresh", token, "unreachable"}},
	{name: "one of its own", network: "@NET"},

	{group: "What it does when aztray comes", name: "created, and started later", life: "created"},
	{name: "paused", life: "paused"},
	{name: "exited, and started again", life: "exited"},
	{name: "restarting all the time", life: "restarting"},
	{name: "removed and made anew", life: "recreated"},
}

// cell is one container of the matrix and what came of it.
type cell struct {
	situation
	column
	number                int
	container, home, want string
	state, sentence       string
	got                   answer
}

// matrix is the test's stage with what its containers share.
type matrix struct {
	*story
	app, net, proxy, empty, foreign string
	cells                           []*cell
	issued                          map[string]bool // by SHA-256
}

// Every kind of container, by every delivery, either has a token that its own process obtains by an SDK,
// or its named state with a sentence. docs/matrix.md is what was seen.
func TestMatrix(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true, Settings: fmt.Sprintf("[endpoint]\nenabled = true\nport = %d\n[containers]\nlogs = false\n", freePort(t))})
	x.patience(10 * time.Minute) // it is long where the machine is busy
	m := &matrix{story: x, app: x.app(), net: x.Name("net"), empty: t.TempDir()}
	m.signIns()
	m.networks()
	m.lay()
	began := time.Now()
	slices.SortStableFunc(m.cells, func(a, b *cell) int { return strings.Compare(b.life, a.life) }) // those that restart first: they don't rest until asked
	early := func(c *cell) bool { return !slices.Contains([]string{"", "recreated"}, c.life) }
	m.each(m.cells, func(c *cell) error {
		if !early(c) {
			return nil
		}
		return m.make(c)
	})
	var err error
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "the small az lies ready to be mounted", func() bool {
		_, err := os.Stat(filepath.Join(m.mounts(), ".bin", "az"))
		return err == nil
	})
	m.each(m.cells, func(c *cell) error {
		if early(c) {
			return nil
		}
		return m.make(c)
	})
	m.settle()
	m.each(m.cells, m.ask)
	m.look()
	m.issued = fingerprints(x.Cloud)
	t.Attr("containers", fmt.Sprintf("%d in %v", len(m.cells), time.Since(began).Round(time.Second)))
	for _, c := range m.cells {
		if got := c.outcome(m.issued); got != c.want {
			t.Errorf("%s, by %s in %s: %q, want %q (%s; %s)", c.name, c.delivery, c.image, got, c.want, c.sentence, c.got.Error)
		} else if got != token && c.sentence == "" {
			t.Errorf("%s, by %s in %s: %q without a sentence", c.name, c.delivery, c.image, got)
		}
	}
	table := m.table()
	t.Log("\n" + table)
	if os.Geteuid() != 0 {
		return // the page is of a run as root
	}
	golden(t, filepath.Join("..", "..", "docs", "matrix.md"), table)
}

// signIns has Ada signed in on the host, and Bob in a directory that is mounted.
func (m *matrix) signIns() {
	_, err := m.Az(m.ctx, "login", "--scope", cloud.ScopeCognitive)
	m.must(err)
	m.foreign = m.t.TempDir()
	m.Cloud.SetPolicy(func(p *cloud.Policy) { p.Person = cloud.Bob })
	m.Setenv("AZURE_CONFIG_DIR", m.foreign)
	_, err = m.Az(m.ctx, "login", "--scope", cloud.ScopeCognitive)
	m.must(err)
	m.Setenv("AZURE_CONFIG_DIR", m.AzureDir)
}

// networks makes a network of the containers' own, and has the cloud answer on the bridge.
func (m *matrix) networks() {
	run(m.story, "network", "create", m.net)
	m.t.Cleanup(func() {
		exec.Command("docker", append([]string{"rm", "-f", "-v"}, m.Containers()...)...).Run()
		run(m.story, "network", "rm", m.net)
	})
	m.proxy = m.onBridge(m.Cloud.ProxyURL())
}

// lay makes the cells.
func (m *matrix) lay() {
	homes := map[string]string{"": "/root", "app": "/home/app", "1000": "/home/app", "4242": ""}
	for row, s := range situations {
		for n, col := range columns {
			c := &cell{situation: s, column: col, want: token, home: homes[s.user], container: m.Name(fmt.Sprintf("m%d-%d", row, n))}
			if s.wants != nil {
				c.want = s.wants[n]
			}
			if c.want == "" {
				continue
			}
			if me := os.Geteuid(); c.want == token && col.delivery == "mount" && me != 0 && s.user != "" {
				c.want = "unwritable" // only root can give a directory to another user
			}
			if col.image == "" {
				c.image = []string{images.Az, images.Sh, images.Static}[row%3]
			}
			if s.only != "" {
				c.image = s.only
			}
			c.number = row
			m.cells = append(m.cells, c)
		}
	}
}

// each does something with every cell, some side by side.
func (m *matrix) each(cells []*cell, do func(*cell) error) {
	m.t.Helper()
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	turns := make(chan struct{}, 6)
	for _, c := range cells {
		wait.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if err := do(c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s, by %s in %s: %w", c.name, c.delivery, c.image, err))
			}
		})
	}
	wait.Wait()
	m.must(errors.Join(errs...))
}

func (m *matrix) mounts() string { return filepath.Join(m.Dir, "state", "aztray", "mounts") }

// make makes the container of a cell, and brings it where it should be when aztray comes.
func (m *matrix) make(c *cell) error {
	m.Cleanup(c.container)
	args, err := m.args(c)
	if err != nil {
		return err
	}
	asks := []string{"/asker", cloud.ScopeCognitive} // its own first instruction
	sleeps := []string{"/probe", "sleep"}
	switch c.life {
	case "created":
		return m.docker(append(append([]string{"create"}, args...), asks...)...)
	case "exited":
		err := m.docker(append(append([]string{"run", "-d"}, args...), asks...)...)
		return errors.Join(err, m.docker("wait", c.container))
	case "restarting":
		return m.docker(append(append([]string{"run", "-d", "--restart", "always"}, args...), asks...)...)
	}
	run := append(append([]string{"run", "-d"}, args...), sleeps...)
	if err := m.docker(run...); err != nil {
		return err
	}
	switch c.life {
	case "paused":
		return m.docker("pause", c.container)
	case "recreated":
		return errors.Join(m.docker("rm", "-f", c.container), m.docker(run...))
	}
	return nil
}

// args are docker's for the container of a cell, the image included.
func (m *matrix) args(c *cell) ([]string, error) {
	args := []string{"--name", c.container, "--label", "aztray.deliver=" + c.delivery, "-v", m.app}
	if c.user != "" {
		args = append(args, "--user", c.user)
	}
	network, proxy := strings.ReplaceAll(c.network, "@NET", m.net), m.proxy
	if network != "" {
		args = append(args, "--network", network)
	}
	if network == "host" {
		proxy = m.Cloud.ProxyURL()
	}
	if c.delivery == "endpoint" {
		env, msg, code, err := m.Aztray(m.ctx, "endpoint", "env", "--container", c.container)
		if err != nil || code != 0 {
			return nil, fmt.Errorf("endpoint env: exit code %d, %w: %s", code, err, msg)
		}
		file := filepath.Join(m.Dir, c.container+".env")
		if err := os.WriteFile(file, []byte(env), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--env-file", file, "-e", "AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential")
	} else {
		args = append(args, "-v", m.Cloud.CAFile()+":/rig-ca.pem:ro")
		for _, e := range cloud.EnvVia(proxy, "/rig-ca.pem", "") {
			if !strings.HasPrefix(e, "AZURE_CONFIG_DIR=") {
				args = append(args, "-e", e)
			}
		}
	}
	if c.delivery == "mount" && !c.ownMount {
		dir := filepath.Join(m.mounts(), c.container)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		args = append(args, "-v", dir+":"+c.home+"/.azure")
		if c.readOnly && c.image == images.Sh {
			args = append(args, "-v", filepath.Join(m.mounts(), ".bin", "az")+":/usr/local/bin/az:ro")
		}
	}
	empty := filepath.Join(m.empty, c.container)
	if err := os.MkdirAll(empty, 0o700); err != nil {
		return nil, err
	}
	special := strings.NewReplacer("@OWN", m.AzureDir, "@FOREIGN", m.foreign, "@EMPTY", empty, "@NAME", c.container).Replace(c.situation.args)
	return append(append(args, strings.Fields(special)...), c.image), nil
}

func (m *matrix) docker(args ...string) error {
	if out, err := exec.CommandContext(context.WithoutCancel(m.ctx), "docker", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker %s: %w: %s", args[0], err, out)
	}
	return nil
}

// settle waits until aztray has done with each container what it can.
func (m *matrix) settle() {
	m.t.Helper()
	waiting := ""
	end := time.Now().Add(40 * time.Second)
	for waiting = m.unsettled(); waiting != "" && time.Now().Before(end); waiting = m.unsettled() {
		time.Sleep(200 * time.Millisecond)
	}
	if waiting != "" {
		m.t.Logf("not as it should be in time: %s", waiting)
	}
}

// unsettled names a container that is not yet as it should be.
func (m *matrix) unsettled() string {
	m.look()
	for _, c := range m.cells {
		_, named, _ := strings.Cut(c.want, ", ")
		switch {
		case c.delivery == "endpoint", c.want == token && c.state == "fresh", c.want == c.state, named == c.state && named != "":
		default:
			return fmt.Sprintf("%s, by %s in %s: %s (%s)", c.name, c.delivery, c.image, c.state, c.sentence)
		}
	}
	return ""
}

// look reads what service status says of each container.
func (m *matrix) look() {
	m.t.Helper()
	out, msg, _, err := m.Aztray(m.ctx, "service", "status", "-o", "json")
	m.must(err)
	var report struct {
		Containers []struct{ Name, State, Error string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		m.t.Fatalf("%v: %s%s", err, out, msg)
	}
	for _, c := range m.cells {
		for _, b := range report.Containers {
			if b.Name == c.container {
				c.state, c.sentence = b.State, b.Error
			}
		}
	}
}

// ask has the container's own process obtain a token.
func (m *matrix) ask(c *cell) error {
	switch c.life {
	case "created", "exited":
		if err := errors.Join(m.docker("start", c.container), m.docker("wait", c.container)); err != nil {
			return err
		}
		return m.logged(c, 0)
	case "restarting":
		err := m.logged(c, time.Minute)
		return errors.Join(err, m.docker("update", "--restart=no", c.container))
	case "paused":
		if err := m.docker("unpause", c.container); err != nil {
			return err
		}
	}
	out, err := exec.CommandContext(m.ctx, "docker", "exec", c.container, "/asker", cloud.ScopeCognitive).Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, &c.got)
}

// logged reads what the container's process got at its last run, or at the first run with a token within a time.
func (m *matrix) logged(c *cell, within time.Duration) error {
	for end := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.CommandContext(m.ctx, "docker", "logs", "--tail", "1", c.container).Output()
		if err != nil {
			return err
		}
		c.got = answer{}
		err = json.Unmarshal(out, &c.got)
		if c.got.SHA256 != "" || time.Now().After(end) {
			return err
		}
	}
}

// outcome is a cell's text.
func (c *cell) outcome(issued map[string]bool) string {
	switch got := issued[c.got.SHA256]; {
	case got && c.state == "fresh":
		return token
	case got:
		return token + ", " + c.state
	}
	return c.state
}

// table is the page of the documentation.
func (m *matrix) table() string {
	b := &strings.Builder{}
	b.WriteString(matrixHead)
	notes := []string{}
	for row, s := range situations {
		if s.group != "" {
			fmt.Fprintf(b, "\n## %s\n\n| |", s.group)
			for _, col := range columns {
				fmt.Fprintf(b, " %s |", col.head)
			}
			b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
		}
		fmt.Fprintf(b, "| %s |", s.name)
		for n := range columns {
			i := slices.IndexFunc(m.cells, func(c *cell) bool { return c.number == row && c.column.head == columns[n].head })
			if i < 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(b, " %s |", m.text(m.cells[i], &notes))
		}
		b.WriteString("\n")
	}
	b.WriteString(matrixNotes)
	for i, n := range notes {
		fmt.Fprintf(b, "%d. %s\n", i+1, n)
	}
	return b.String()
}

// text is a cell as the page has it, with the number of its note.
func (m *matrix) text(c *cell, notes *[]string) string {
	got := c.outcome(m.issued)
	if got == token {
		return "a token"
	}
	note := c.sentence
	note = strings.NewReplacer(filepath.Join(m.mounts(), c.container), "~/.local/state/aztray/mounts/NAME", m.mounts(), "~/.local/state/aztray/mounts", c.container, "NAME").Replace(note)
	n := slices.Index(*notes, note)
	if n < 0 {
		n = len(*notes)
		*notes = append(*notes, note)
	}
	got = strings.Replace(got, token+", ", "a token, ", 1)
	return fmt.Sprintf("%s (%d)", strings.Replace(got, c.state, "`"+c.state+"`", 1), n+1)
}

const matrixHead = `# Which container gets its token how

What a process in a container gets that asks for a token with an Azure SDK, as the container's own user,
for each delivery. [mount](mount.md) and [endpoint](endpoint.md) are explained on their own pages;
` + "`copy`" + ` needs no explanation. This page is written by a test that makes all these containers on a real
engine, with aztray run as root, and fails where one of them does not do as it says here.

Where a cell has no token, the word is the container's state in ` + "`aztray service status`" + `, and the number that
of the sentence below, which is shown there too.
`

const matrixNotes = `
## What aztray says

`

// golden compares a file with what it should hold, or writes it.
func golden(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not what was seen (%v); write it anew by -update and read the difference", file, err)
	}
}

// fingerprints are the SHA-256 of every access token that the cloud gave out.
func fingerprints(c *cloud.Cloud) map[string]bool {
	all := map[string]bool{}
	for _, t := range c.Issued() {
		if t.Kind == cloud.AccessToken {
			all[sum(t.Value)] = true
		}
	}
	return all
}

// sum is how the asking processes name a token.
func sum(token string) string {
	s := sha256.Sum256([]byte(token))
	return hex.EncodeToString(s[:])
}

package containers

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSelectorCovers(t *testing.T) {
	sel := Selector{Names: []string{"codestory-service", "code-story-*"}}
	for _, c := range []struct {
		why, name string
		labels    map[string]string
		want      bool
	}{
		{"its name", "codestory-service", nil, true},
		{"a pattern", "code-story-mcp-1", nil, true},
		{"its compose service, whatever the project is called", "x-codestory-service-1", map[string]string{composeService: "codestory-service"}, true},
		{"its swarm service", "codestory-service.1.x7", map[string]string{swarmService: "codestory-service"}, true},
		{"its name in the stack's file", "s_codestory-service.1.x7", map[string]string{swarmService: "s_codestory-service", swarmStack: "s"}, true},
		{"its swarm service's whole name", "x.1.x7", map[string]string{swarmService: "code-story-x", swarmStack: "code"}, true},
		{"part of a swarm service's name", "a_codestory-service.1.x7", map[string]string{swarmService: "a_codestory-service"}, false},
		{"part of a name is not the name", "my-codestory-service", nil, false},
		{"no name", "", nil, false},
		{"a label asks for it", "other", map[string]string{labelDeliver: "true"}, true},
		{"a label asks for a way", "other", map[string]string{labelDeliver: "copy"}, true},
		{"a label refuses it", "codestory-service", map[string]string{labelDeliver: "false"}, false},
		{"in any case", "codestory-service", map[string]string{labelDeliver: "False"}, false},
		{"another label says nothing", "other", map[string]string{labelPath: "/x"}, false},
	} {
		if got := sel.covers(c.name, c.labels); got != c.want {
			t.Errorf("%s: covers(%q, %v) = %v", c.why, c.name, c.labels, got)
		}
	}
}

func TestContainerFromLabels(t *testing.T) {
	c := container("id", "/p-s-1", "img", "paused", map[string]string{
		composeProject: "p", composeService: "s", labelDeliver: "Endpoint", labelTenant: "t", labelScopes: "a/.default, b/.default",
		composeHash: "h", composeImage: "i",
	})
	if c.Name != "p-s-1" || c.Project != "p" || c.Service != "s" || c.Delivery != "endpoint" || c.Tenant != "t" || !c.Running ||
		!slices.Equal(c.Scopes, []string{"a/.default", "b/.default"}) || c.recipe == "" {
		t.Errorf("%+v", c)
	}
	once := container("id", "n", "img", "created", map[string]string{composeHash: "h", composeImage: "i", composeOneOff: "True"})
	if once.recipe != "" || once.Running || once.Delivery != "copy" {
		t.Errorf("compose run may have mounts of its own: %+v", once)
	}
}

func TestOwner(t *testing.T) {
	who := parseAccounts([]byte("# users\nroot:x:0:0:root:/root:/bin/sh\nbroken:line\napp:x:1000:1001::/home/app:/bin/sh\nbare:x:7:7:::\n"),
		[]byte("root:x:0:\nstaff:x:50:app\n"))
	for _, c := range []struct {
		spec string
		want owner
		err  string
	}{
		{"", owner{0, 0, "/root"}, ""},
		{"root", owner{0, 0, "/root"}, ""},
		{"app", owner{1000, 1001, "/home/app"}, ""},
		{"1000", owner{1000, 1001, "/home/app"}, ""},
		{"app:staff", owner{1000, 50, "/home/app"}, ""},
		{"app:99", owner{1000, 99, "/home/app"}, ""},
		{"1000:staff", owner{1000, 50, "/home/app"}, ""},
		{"1000:1000", owner{1000, 1000, "/home/app"}, ""},
		{":staff", owner{0, 50, "/root"}, ""},
		{"4321", owner{4321, 0, "/"}, ""},
		{"4321:99", owner{4321, 99, "/"}, ""},
		{"bare", owner{7, 7, "/"}, ""},
		{"nobody", owner{}, `its user "nobody" is not in its /etc/passwd`},
		{"app:none", owner{}, `its group "none" is not in its /etc/group`},
	} {
		got, err := who.owner(c.spec)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%q: %+v, %v; want %+v, %s", c.spec, got, err, c.want, c.err)
		}
	}
	if got, err := parseAccounts(nil, nil).owner(""); got != (owner{0, 0, "/"}) || err != nil {
		t.Errorf("root with no /etc/passwd: %+v, %v", got, err)
	}
}

func TestPlace(t *testing.T) {
	app := owner{1000, 1000, "/home/app"}
	for _, c := range []struct {
		why, label string
		env        []string
		byLabel    bool
		who        owner
		want       string
	}{
		{"the home of its user", "", nil, false, app, "/home/app/.azure"},
		{"a number without an entry", "", nil, false, owner{uid: 77, home: "/"}, "/.azure"},
		{"HOME beats it", "", []string{"HOME=/srv"}, false, app, "/srv/.azure"},
		{"the last HOME counts", "", []string{"HOME=/a", "HOME=/b"}, false, app, "/b/.azure"},
		{"AZURE_CONFIG_DIR beats HOME", "", []string{"HOME=/srv", "AZURE_CONFIG_DIR=/az"}, false, app, "/az"},
		{"an empty one does not", "", []string{"AZURE_CONFIG_DIR="}, false, app, "/home/app/.azure"},
		{"az knows ~", "", []string{"AZURE_CONFIG_DIR=~/az"}, false, app, "/home/app/az"},
		{"the label beats all", "/x/../y/", []string{"AZURE_CONFIG_DIR=/az"}, false, app, "/y"},
		{"a user by label: HOME was another's", "", []string{"HOME=/root"}, true, app, "/home/app/.azure"},
		{"unless theirs is not known", "", []string{"HOME=/srv"}, true, owner{uid: 77, home: "/"}, "/srv/.azure"},
	} {
		if got := place(c.label, c.env, c.byLabel, c.who); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}

func TestJudgeMounts(t *testing.T) {
	home := t.TempDir()
	azDir, linked, other := filepath.Join(home, ".azure"), filepath.Join(t.TempDir(), "link"), t.TempDir()
	for _, err := range []error{os.MkdirAll(azDir+"/commands", 0o700), os.Symlink(azDir, linked), os.Symlink(home, other+"/home")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	bind := func(source, destination string) mount {
		return mount{Type: "bind", Source: source, Destination: destination, RW: true}
	}
	bound := func(destination string, paths ...string) mount {
		return mount{Type: "volume", Name: "bound", Source: "/engine/_data", Destination: destination, Paths: paths, RW: true}
	}
	const root = "/root/.azure"
	for _, c := range []struct {
		why   string
		mount []mount
		ro    bool
		at    string
		way   way
		state State
	}{
		{"no mount", nil, false, root, byArchive, ""},
		{"a read-only file system", nil, true, root, noWay, Unwritable},
		{"a mount elsewhere", []mount{bind(azDir, "/mnt")}, false, root, byArchive, ""},
		{"a mount whose name only begins the same", []mount{{Type: "bind", Source: azDir, Destination: "/root/.az"}}, false, root, byArchive, ""},
		{"the host's az directory", []mount{bind(azDir, root)}, false, root, noWay, Shared},
		{"a link to it", []mount{bind(linked, root)}, false, root, noWay, Shared},
		{"the home that holds it", []mount{bind(home, "/root")}, false, root, noWay, Shared},
		{"that home by a link", []mount{bind(other+"/home", "/root/")}, false, root, noWay, Shared},
		{"a directory within it", []mount{bind(azDir+"/commands", root)}, false, root, noWay, Shared},
		{"read-only as well: shared says more", []mount{{Type: "bind", Source: azDir, Destination: root}}, false, root, noWay, Shared},
		{"one file of it", []mount{bind(azDir+"/msal_token_cache.json", root+"/msal_token_cache.json")}, false, root, noWay, Shared},
		{"one file of another", []mount{bind(other+"/x.json", root+"/msal_token_cache.json")}, false, root, noWay, Unwritable},
		{"as Docker Desktop tells it", []mount{bind("/host_mnt"+azDir, root)}, false, root, noWay, Shared},
		{"told differently than asked for", []mount{{Type: "bind", Source: "/vm/1", Asked: azDir, Destination: root, RW: true}}, false, root, noWay, Shared},
		{"a path that is not on this machine", []mount{bind("/nowhere/here/.azure", root)}, false, root, noWay, Shared},
		{"another directory", []mount{bind(other, root)}, false, root, byArchive, ""},
		{"another, read-only", []mount{{Type: "bind", Source: other, Destination: root}}, false, root, noWay, Unwritable},
		{"a volume", []mount{{Type: "volume", Name: "plain", Source: "/engine/volumes/plain/_data", Destination: "/root", RW: true}}, true, root, byArchive, ""},
		{"a volume that is the host's az directory", []mount{bound(root, azDir)}, false, root, noWay, Shared},
		{"one that is the home that holds it", []mount{bound("/root", home)}, false, root, noWay, Shared},
		{"a link to it", []mount{bound(root, linked)}, false, root, noWay, Shared},
		{"one that is elsewhere in the home", []mount{bound(root, home+"/project")}, false, root, noWay, Shared},
		{"one that is another directory of this machine", []mount{bound(root, other)}, false, root, byArchive, ""},
		{"one that has both beneath it", []mount{bound(root, "/lower", azDir)}, false, root, noWay, Shared},
		{"a part of a volume that is a link to the az directory", []mount{{Type: "volume", Source: other, Subpath: "home/.azure", Destination: root, RW: true}}, false, root, noWay, Shared},
		{"another part of it", []mount{{Type: "volume", Source: other, Subpath: "az", Destination: root, RW: true}}, false, root, byArchive, ""},
		{"an image over the home", []mount{{Type: "image", Source: "docker.io/library/.azure", Destination: "/root", RW: true}}, false, root, noWay, Unwritable},
		{"a tmpfs", []mount{{Type: "tmpfs", Destination: "/root", RW: true}}, false, root, byExec, ""},
		{"a tmpfs over the home that holds it", []mount{bind(home, "/root"), {Type: "tmpfs", Destination: root, RW: true}}, false, root, byExec, ""},
		{"the home that holds it over a tmpfs", []mount{{Type: "tmpfs", Destination: "/home", RW: true}, bind(home, "/home/a")}, false, "/home/a/.azure", noWay, Shared},
	} {
		az := newAzDirs([]string{azDir}, true)
		az.home = follow(home)
		got := judgeMounts(inspected{Mounts: c.mount, ReadonlyRootfs: c.ro}, c.at, placeFiles, az)
		if got.way != c.way || got.state != c.state || (got.reason == "") != (c.way != noWay) {
			t.Errorf("%s: %+v; want way %d, state %q", c.why, got, c.way, c.state)
		}
	}
	far := newAzDirs([]string{azDir}, false) // an engine on another machine: only names can be compared
	for p, want := range map[string]bool{"/home/u/.azure": true, "/home/u/az": false, "/x/.AZURE": true} {
		if far.touches(p) != want {
			t.Errorf("far away, %s: %v", p, !want)
		}
	}
}

func TestPack(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	archive, err := pack("/home", []entry{
		{path: "/home/app", dir: true, mode: 0o755, uid: 7, gid: 8},
		{path: "/home/app/f", mode: 0o600, uid: 7, gid: 8, text: []byte("text")},
	}, at)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		kind       byte
		name, link string
		mode       int64
		text       string
	}
	var got []row
	for tr := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(tr)
		got = append(got, row{h.Typeflag, h.Name, h.Linkname, h.Mode, string(text)})
		if h.Uid != 7 || h.Gid != 8 || !h.ModTime.Equal(at) {
			t.Errorf("%s: %d:%d at %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
	}
	want := []row{
		{tar.TypeDir, "app/", "", 0o755, ""},
		{tar.TypeReg, "app/f" + freshSuffix, "", 0o600, "text"},
		{tar.TypeLink, "app/f", "app/f" + freshSuffix, 0o600, ""},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestJudgeHeld(t *testing.T) {
	cache := []byte(`{"Account":{"k":{"username":"ada"}},"AccessToken":{"k":{"secret":"s"}}}`)
	profile := []byte("\xef\xbb\xbf" + `{"subscriptions":[{"user":{"name":"ada"}}]}`)
	ours := &mark{By: "aztray", Username: "ada", Files: map[string]stamp{cacheFile: stampOf(cache), profileFile: stampOf(profile)}}
	both := map[string][]byte{cacheFile: cache, profileFile: profile}
	for _, c := range []struct {
		why             string
		mark            *mark
		texts           map[string][]byte
		unchanged       map[string]bool
		intact, foreign bool
	}{
		{"nothing", nil, nil, nil, false, false},
		{"what az leaves behind without a sign-in", nil, map[string][]byte{profileFile: []byte(`{"subscriptions":[]}`), cacheFile: []byte("{}")}, nil, false, false},
		{"a sign-in, no mark", nil, both, nil, false, true},
		{"a profile alone, no mark", nil, map[string][]byte{profileFile: profile}, nil, false, true},
		{"ours", ours, both, nil, true, false},
		{"ours by size and time", ours, nil, map[string]bool{cacheFile: true, profileFile: true}, true, false},
		{"ours, one file gone", ours, map[string][]byte{profileFile: profile}, nil, false, false},
		{"ours, rewritten by az with the same account", ours, map[string][]byte{cacheFile: append([]byte(" "), cache...), profileFile: profile}, nil, false, false},
		{"signed in over ours", ours, map[string][]byte{cacheFile: []byte(`{"RefreshToken":{"k":{"secret":"s"}}}`), profileFile: profile}, nil, false, true},
		{"another account over ours", ours, map[string][]byte{cacheFile: []byte(`{"Account":{"k":{"username":"bob"}}}`), profileFile: profile}, nil, false, true},
		{"a service principal over ours", ours, map[string][]byte{cacheFile: cache, profileFile: []byte(`{"subscriptions":[{"user":{"name":"app","type":"servicePrincipal"}}]}`)}, nil, false, true},
		{"half a file", ours, map[string][]byte{cacheFile: cache[:20], profileFile: profile}, nil, false, true},
	} {
		got := judgeHeld(c.mark, c.texts, c.unchanged)
		if got.intact != c.intact || got.foreign != c.foreign {
			t.Errorf("%s: intact %v, foreign %v; want %v, %v", c.why, got.intact, got.foreign, c.intact, c.foreign)
		}
	}
}

func TestStatusHolds(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	live := &mark{ExpiresOn: now.Add(time.Minute)}
	for _, c := range []struct {
		why  string
		h    held
		want State
	}{
		{"nothing", held{}, Missing},
		{"live", held{mark: live, intact: true}, Fresh},
		{"live, but changed", held{mark: live}, Stale},
		{"ends this instant", held{mark: &mark{ExpiresOn: now}, intact: true}, Stale},
		{"withdrawn", held{mark: &mark{Withdrawn: true}, intact: true}, Missing},
		{"somebody else's", held{mark: live, intact: true, foreign: true}, OwnSignIn},
	} {
		if got := (Status{}).holds(c.h, now); got.State != c.want {
			t.Errorf("%s: %s, want %s", c.why, got.State, c.want)
		}
	}
}

func TestSplitBind(t *testing.T) {
	for in, want := range map[string][2]string{
		"/a:/b":                {"/a", "/b"},
		"/a:/b:ro,z":           {"/a", "/b"},
		`C:\Users\ada:/root`:   {`C:\Users\ada`, "/root"},
		"c:/Users/ada:/root:z": {"c:/Users/ada", "/root"},
	} {
		source, destination, ok := splitBind(in)
		if !ok || source != want[0] || destination != want[1] {
			t.Errorf("%s: %s, %s, %v", in, source, destination, ok)
		}
	}
}

func TestMarkTellsNoSecret(t *testing.T) {
	b := bundle("the-secret", time.Now().Add(time.Hour))
	files, m := newContent(b, target{place: "/root/.azure", shim: "/bin/az", zone: time.UTC}, time.Now()).withMark(nil)
	last := files[len(files)-1]
	if last.name != markFile || bytes.Contains(last.text, []byte("the-secret")) {
		t.Errorf("the last file is %s: %s", last.name, last.text)
	}
	if parsed := parseMark(last.text); parsed == nil || parsed.Hash != m.Hash {
		t.Errorf("read back: %+v", parsed)
	}
	if parseMark([]byte(`{"by":"somebody"}`)) != nil || parseMark([]byte("{")) != nil {
		t.Error("not ours, yet taken for ours")
	}
	again := newContent(b, target{place: "/root/.azure", shim: "/bin/az", zone: time.UTC, owner: owner{uid: 1}}, time.Now())
	if again.mark.Hash == m.Hash {
		t.Error("the same tokens for another user are another delivery")
	}
	for _, f := range files {
		if !bytes.HasSuffix(f.text, []byte("\n")) || strings.Contains(string(f.text), "RefreshToken") {
			t.Errorf("%s: %q", f.name, f.text)
		}
	}
}

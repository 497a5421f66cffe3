//go:build e2e && kubernetes

package cluster

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	rbacv1 "k8s.io/client-go/kubernetes/typed/rbac/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"aztray/internal/containers"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/kube"
	"aztray/test/rig/stage"
)

// TestRealAPIServer has a developer with no rights but those that docs/kubernetes.md asks for.
func TestRealAPIServer(t *testing.T) {
	server, err := kube.Start(t.Context(), os.Getenv("KUBE_APISERVER"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	t.Setenv("NO_PROXY", "127.0.0.1")
	cfg, err := clientcmd.BuildConfigFromFlags("", server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	admin := corev1.NewForConfigOrDie(cfg)
	grant(t, admin, cfg)
	ask := func(o Options) *Cluster {
		o.Kubeconfig = server.Developer
		c, err := Connect(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	live := live()
	secret := func() *core.Secret {
		s, err := admin.Secrets("dev").Get(t.Context(), "aztray-azure", meta.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}

	t.Run("with the documented role it is made, kept and taken back", func(t *testing.T) {
		c := ask(Options{Namespace: "dev", Secret: "aztray-azure"})
		if s := c.Check(t.Context()); s.State != containers.Missing || s.Error != "" {
			t.Errorf("before: %+v", s)
		}
		if s := c.Deliver(t.Context(), live); s.State != containers.Fresh {
			t.Fatalf("delivered: %+v", s)
		}
		first := secret()
		if s := c.Deliver(t.Context(), live); s.State != containers.Fresh || secret().ResourceVersion != first.ResourceVersion {
			t.Errorf("what is there already was written again: %+v", s)
		}
		if s := c.Withdraw(t.Context()); s.State != containers.Missing || strings.Contains(string(secret().Data["msal_token_cache.json"]), tokenValue) {
			t.Errorf("withdrawn: %+v", s)
		}
	})
	t.Run("another's Secret is refused by the role, and without it left alone", func(t *testing.T) {
		if _, err := admin.Secrets("dev").Create(t.Context(), &core.Secret{ObjectMeta: meta.ObjectMeta{Name: "theirs"}}, meta.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if s := ask(Options{Namespace: "dev", Secret: "theirs"}).Deliver(t.Context(), live); s.State != containers.Failed || !strings.Contains(s.Error, "get, create and update") {
			t.Errorf("without the right: %+v", s)
		}
		c, err := Connect(Options{Kubeconfig: server.Admin, Namespace: "dev", Secret: "theirs"})
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Deliver(t.Context(), live); s.State != containers.Unwritable {
			t.Errorf("with it: %+v", s)
		}
	})
	t.Run("a namespace that is not there", func(t *testing.T) {
		c, err := Connect(Options{Kubeconfig: server.Admin, Namespace: "nowhere", Secret: "aztray-azure"})
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Deliver(t.Context(), live); s.State != containers.Failed || !strings.Contains(s.Error, "kubectl create namespace nowhere") {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("the command line delivers a sign-in, and a container reads it as a pod would", func(t *testing.T) { asAPod(t, server, secret) })
}

// grant makes the namespace and gives the developer the role of docs/kubernetes.md.
func grant(t *testing.T, admin *corev1.CoreV1Client, cfg *rest.Config) {
	if _, err := admin.Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: "dev"}}, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\napiVersion: rbac")
	text, _, _ = strings.Cut(text, "```")
	var role rbac.Role
	if err := yaml.Unmarshal([]byte("apiVersion: rbac"+text), &role); err != nil || len(role.Rules) == 0 {
		t.Fatalf("the role of docs/kubernetes.md: %v, %+v", err, role)
	}
	roles := rbacv1.NewForConfigOrDie(cfg)
	if _, err := roles.Roles("dev").Create(t.Context(), &role, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbac.RoleBinding{ObjectMeta: meta.ObjectMeta{Name: "aztray"}, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: role.Name},
		Subjects: []rbac.Subject{{Kind: rbac.UserKind, APIGroup: rbac.GroupName, Name: kube.DeveloperName}}}
	if _, err := roles.RoleBindings("dev").Create(t.Context(), binding, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// asAPod has the real program deliver real az's sign-in, and mounts the Secret's files as the kubelet does.
func asAPod(t *testing.T, server *kube.Server, secret func() *core.Secret) {
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	if err := images.Ensure(ctx, images.Sh); err != nil {
		t.Fatal(err)
	}
	bin, err := stage.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st, err := stage.New(ctx, t.TempDir(), stage.Options{Bin: bin, NoDesktop: true, Settings: "[kubernetes]\nnamespace = \"dev\"\n"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.Setenv("KUBECONFIG", server.Developer)
	if _, err := st.Az(ctx, "login"); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code, err := st.Aztray(ctx, "service", "sync")
	if err != nil || code != 0 || !strings.Contains(stdout, "dev/aztray-azure") {
		t.Fatalf("sync: exit %d, %v\n%s%s", code, err, stdout, stderr)
	}
	t.Log(stdout)
	dir := t.TempDir()
	for name, text := range secret().Data {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(ctx, "docker", "run", "--rm", "--user", "1234", "-e", "AZURE_CONFIG_DIR="+Place, "-v", dir+":"+Place+":ro",
		"-v", filepath.Join(dir, "az")+":/usr/local/bin/az:ro", images.Sh, "az", "account", "get-access-token", "--scope", cloud.ScopeCognitive, "--query", "accessToken", "-o", "tsv").Output()
	if err != nil {
		t.Fatal(err)
	}
	if issued, ok := st.TokenOf(strings.TrimSpace(string(out))); !ok || issued.Kind != cloud.AccessToken {
		t.Error("what a container reads there is no token that the cloud gave out")
	}
	if _, err := st.Az(ctx, "logout"); err != nil {
		t.Fatal(err)
	}
}

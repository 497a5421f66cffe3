package sdk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Apps are the apps of this package and package asker, to run on this machine.
type Apps struct{ dir, sources string }

// Languages are those of the SDKs that the apps use.
var Languages = []string{"Go", "JavaScript", "Python"}

// NewApps puts together in a directory what the apps need.
func NewApps(ctx context.Context, dir string) (Apps, error) {
	_, here, _, _ := runtime.Caller(0)
	a := Apps{dir: dir, sources: filepath.Dir(here)}
	modules := filepath.Join(a.sources, "..", "..", "..", "build", "sdk", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@azure", "identity")); err != nil {
		return Apps{}, fmt.Errorf("the SDK for JavaScript is not there; run: make setup (%w)", err)
	}
	text, err := os.ReadFile(filepath.Join(a.sources, "asker.mjs"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "asker.mjs"), text, 0o600)
	}
	if err == nil {
		err = os.Symlink(modules, filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		return Apps{}, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "asker"), "aztray/test/rig/asker")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Apps{}, fmt.Errorf("%w: %s", err, out)
	}
	return a, nil
}

// Ask runs the app of a language in an environment, of which PATH is a part, until it has asked once for scope by
// "cli" or "identity". It gives what the SDK says where there is no token.
func (a Apps) Ask(ctx context.Context, language, kind, scope string, env []string) (refusal string, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	command := map[string][]string{
		"Go":         {filepath.Join(a.dir, "asker"), scope, "600"},
		"JavaScript": {"node", filepath.Join(a.dir, "asker.mjs"), scope, "600", kind},
		"Python":     {"/usr/bin/python3", filepath.Join(a.sources, "asker.py"), scope, "600", kind},
	}[language]
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	chain := map[string]string{"cli": "AzureCLICredential", "identity": "ManagedIdentityCredential"}[kind]
	cmd.Env = append([]string{"HOME=" + a.dir, "PYTHONDONTWRITEBYTECODE=1", "AZURE_TOKEN_CREDENTIALS=" + chain}, env...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	stop()
	cmd.Wait() // it was ended
	var said struct{ SHA256, Error string }
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err == nil && said.SHA256 == "" && said.Error == "" {
		err = errors.New("neither a token nor a refusal")
	}
	return said.Error, err
}

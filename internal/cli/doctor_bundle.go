package cli

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"aztray/internal/atomicfile"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/doctor"
	"aztray/internal/report"
)

// bundleReadme is for whoever gets the bundle, and for who sends it.
const bundleReadme = `What aztray doctor --bundle wrote, for a report of a bug.

doctor.json      what the doctor found
status.json      aztray service status -o json
versions.json    of aztray, az, the container engine and the system
settings.txt     the settings in effect
environment.txt  the variables that matter; of most only the name
log.txt          the end of aztray's log

It holds no token, password or key. It does hold names: your account, tenants, containers, directories.
Look through it before you send it.
`

// maxLog bounds how much of the log goes into a bundle.
const maxLog = 128 << 10

// writeBundle puts what helps to understand a failure into one file. All of it is searched for what
// looks like a secret, though nothing that is written should hold one.
func (c *command) writeBundle(ctx context.Context, file string, r doctor.Report) error {
	status, err := c.statusDocument(ctx)
	if err != nil {
		return err
	}
	report, err := indented(r)
	if err != nil {
		return err
	}
	versions, err := indented(c.versions(r))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []struct{ name, text string }{
		{"README.txt", bundleReadme}, {"doctor.json", report}, {"status.json", status}, {"versions.json", versions},
		{"settings.txt", c.settingsText()}, {"environment.txt", environmentText(os.Environ())},
		{"log.txt", logTail(filepath.Join(c.client.StateDir, "aztray.log"))},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: c.Now()})
		if err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
		if _, err := io.WriteString(w, withoutSecrets(part.text, os.Environ())); err != nil {
			return fmt.Errorf("writing %s: %w", file, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := atomicfile.Write(file, out.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(c.Err, "Written to %s: no token or password is in it, but names are; look through it before you send it.\n", file)
	return nil
}

// indented is v as a document in which each text is without what looks like a credential.
func indented(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return "", err
	}
	b, err = json.MarshalIndent(redacted(plain), "", "  ")
	return string(b) + "\n", err
}

func redacted(v any) any {
	switch v := v.(type) {
	case string:
		return auth.Redact(v)
	case []any:
		for i := range v {
			v[i] = redacted(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = redacted(v[k])
		}
	}
	return v
}

// statusDocument is what `service status -o json` prints, or why it can't.
func (c *command) statusDocument(ctx context.Context) (string, error) {
	s, err := c.look(ctx, "", false)
	if err == nil {
		var f found
		if f, err = c.find(ctx, nil); err == nil {
			return indented(c.report(ctx, s, f, c.check(ctx, f)).Report)
		}
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return indented(report.ProblemOf(problemOf(err)))
}

// versions are of whatever takes part.
func (c *command) versions(r doctor.Report) map[string]string {
	v := map[string]string{"aztray": c.Version, "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH}
	for _, l := range r.Lines {
		switch l.Check {
		case "az.version", "docker.engine", "desktop.notifications":
			v[l.Check] = cmp.Or(l.Code, l.Message)
		}
	}
	return v
}

// settingsText is each setting, what it is and where that comes from, or why they cannot be read.
func (c *command) settingsText() string {
	all, warnings, err := config.Explain(config.Options{Set: c.set})
	if err != nil {
		return "They cannot be read: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "%s = %s   # %s\n", v.Key, auth.Redact(config.Written(v.Value)), v.From())
	}
	for _, w := range warnings {
		fmt.Fprintln(&b, "#", w)
	}
	return b.String()
}

// bundled are the beginnings of the names of variables that matter.
var bundled = []string{"AZURE_", "AZTRAY_", "IDENTITY_", "MSI_", "DOCKER_", "XDG_", "OPENAI_", "ARM_",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_",
	"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "BROWSER", "SSH_CONNECTION", "WSL_DISTRO_NAME", "LANG", "LC_ALL", "TZ", "PATH"}

// environmentText names the variables that matter, and gives the values of those that hold no secret.
func environmentText(environ []string) string {
	var lines []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !slices.ContainsFunc(bundled, func(p string) bool { return strings.HasPrefix(strings.ToUpper(name), p) }) {
			continue
		}
		switch {
		case value == "":
			lines = append(lines, name+" is empty")
		case doctor.Reveals(name):
			lines = append(lines, name+"="+auth.Redact(value))
		default:
			lines = append(lines, name+" is set")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// logTail is the end of the log, from the beginning of a line.
func logTail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return "There is no log: " + err.Error() + "\n"
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "The log cannot be read: " + err.Error() + "\n"
	}
	from := max(0, info.Size()-maxLog)
	text, err := io.ReadAll(io.NewSectionReader(f, from, maxLog))
	if err != nil {
		return "The log cannot be read: " + err.Error() + "\n"
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return auth.Redact(string(text))
}

// withoutSecrets takes out whatever the environment keeps under a name that speaks of a secret.
func withoutSecrets(text string, environ []string) string {
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if len(value) >= shortestSecret && slices.ContainsFunc([]string{"SECRET", "PASSWORD", "TOKEN", "KEY", "HEADER"}, func(s string) bool { return strings.Contains(strings.ToUpper(name), s) }) && !doctor.Reveals(name) {
			text = strings.ReplaceAll(text, value, "[redacted]")
		}
	}
	return text
}

// shortestSecret keeps a variable such as KEYMAP=us from emptying every text.
const shortestSecret = 6

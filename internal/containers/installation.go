package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"regexp"
)

// installationKey is where az, of which telemetry is on unless somebody switched it off, keeps a random number of its
// own in azureProfile.json at its first command (azure-cli-core, _profile.py, get_installation_id). It says nothing of a
// sign-in, and is kept at each delivery, so that az does not take the container for another machine every time.
const installationKey = "installationId"

// installationForm is a UUID; what else a container holds there is not put anywhere.
var installationForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// installationIn is the installation's id that a profile holds; "" where there is none.
func installationIn(profile []byte) string {
	var p map[string]json.RawMessage
	var id string
	if json.Unmarshal(bytes.TrimPrefix(profile, bom), &p) != nil || json.Unmarshal(p[installationKey], &id) != nil || !installationForm.MatchString(id) {
		return ""
	}
	return id
}

// withInstallation is a profile with the installation's id, or without any for "", spelled as we spell it. It is nil
// for what is no profile.
func withInstallation(profile []byte, id string) []byte {
	var p map[string]any
	if json.Unmarshal(bytes.TrimPrefix(profile, bom), &p) != nil || p == nil {
		return nil
	}
	delete(p, installationKey)
	if id != "" {
		p[installationKey] = id
	}
	text, _ := json.Marshal(p) // it was JSON just now
	return line(text)
}

// keep has the delivery keep the installation's id. The hash stays: it says what was delivered, and the id was not.
func (c content) keep(id string) content {
	if id == "" {
		return c
	}
	c.mark.Installation = id
	files, stamps := make([]file, len(c.files)), map[string]stamp{}
	for i, f := range c.files {
		if f.name == profileFile {
			f.text = withInstallation(f.text, id)
		}
		files[i], stamps[f.name] = f, stampOf(f.text)
	}
	c.files, c.mark.Files = files, stamps
	return c
}

// keepInstallation puts the id back that az had written into the profile which the last renewal replaced.
func (e *Engine) keepInstallation(ctx context.Context, id string, last seen, installation string) (seen, error) {
	profile, err := readFile(ctx, e.api, id, path.Join(last.place, profileFile))
	if err != nil || profile == nil || stampOf(profile) != last.mark.Files[profileFile] {
		return last, err // somebody has written there since
	}
	m := last.mark
	m.Unproved = false
	c := content{files: []file{{profileFile, profile}}, mark: m}.keep(installation)
	for name, s := range last.mark.Files {
		if name != profileFile {
			c.mark.Files[name] = s
		}
	}
	files, m := c.withMark(m.Made)
	if err := e.extract(ctx, id, last.place, last.target.entries(files), m.DeliveredAt); err != nil {
		return last, err
	}
	last.mark, last.size = m, markSize(files)
	return last, nil
}

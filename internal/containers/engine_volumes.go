package containers

import (
	"context"
	"net/url"
	"path"

	api "github.com/docker/docker/api/types/container"
	vols "github.com/docker/docker/api/types/volume"
)

func (e *dockerEngine) volume(ctx context.Context, name string) (volume, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	v, err := e.client.VolumeInspect(ctx, name)
	return volume{v.Name, v.Driver, v.Options}, plain(err)
}

func (e *dockerEngine) volumes(ctx context.Context) ([]volume, error) {
	ctx, cancel := e.within(ctx, fileCall)
	defer cancel()
	found, err := e.client.VolumeList(ctx, vols.ListOptions{})
	var all []volume
	for _, v := range found.Volumes {
		if v != nil {
			all = append(all, volume{v.Name, v.Driver, v.Options})
		}
	}
	return all, plain(err)
}

func (e *dockerEngine) subpaths(ctx context.Context, id string) (map[string]string, error) {
	ctx, cancel := e.within(ctx, quickCall)
	defer cancel()
	var told struct {
		Mounts []struct{ Destination, SubPath string }
	}
	err := e.get(ctx, "/v4.0.0/libpod/containers/"+url.PathEscape(id)+"/json", &told)
	if notFound(err) { // no Podman
		return nil, nil
	}
	parts := map[string]string{}
	for _, m := range told.Mounts {
		parts[path.Clean(m.Destination)] = m.SubPath
	}
	return parts, err
}

// mountsOf puts together what the engine tells of mounts in three places.
func mountsOf(c api.InspectResponse) []mount {
	asked, parts := map[string]string{}, map[string]string{}
	for _, b := range c.HostConfig.Binds {
		if source, destination, ok := splitBind(b); ok {
			asked[path.Clean(destination)] = source
		}
	}
	for _, m := range c.HostConfig.Mounts {
		asked[path.Clean(m.Target)] = m.Source
		if m.VolumeOptions != nil {
			parts[path.Clean(m.Target)] = m.VolumeOptions.Subpath
		}
	}
	var all []mount
	for _, p := range c.Mounts {
		at := path.Clean(p.Destination)
		_, named := asked[at]
		m := mount{Type: string(p.Type), Name: p.Name, Source: p.Source, Destination: p.Destination, Driver: p.Driver, Subpath: parts[at], RW: p.RW}
		m.Plain = !named && len(c.HostConfig.VolumesFrom) == 0 && anonymous.MatchString(m.Name)
		if m.Type == "bind" {
			m.Asked = asked[at]
		}
		all = append(all, m)
	}
	for destination := range c.HostConfig.Tmpfs {
		all = append(all, mount{Type: "tmpfs", Destination: destination, RW: true})
	}
	return overImages(all)
}

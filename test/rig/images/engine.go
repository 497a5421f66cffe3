package images

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// connect takes the engine of DOCKER_HOST, else the usual socket. It dials nothing yet.
func connect() (*client.Client, error) {
	return client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
}

// label is the value of one label of an image, "" where the image or the label does not exist.
func label(ctx context.Context, e *client.Client, name, key string) (string, error) {
	found, err := e.ImageInspect(ctx, name)
	switch {
	case errdefs.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", err
	case found.Config == nil:
		return "", nil
	}
	return found.Config.Labels[key], nil
}

// importImage makes an image of a tar stream. The engine answers 200 at once and puts a failure
// into the stream of progress that follows, so that is read to its end.
func importImage(ctx context.Context, e *client.Client, name string, changes []string, tarball io.Reader) error {
	source := image.ImportSource{Source: tarball, SourceName: "-"}
	body, err := e.ImageImport(ctx, source, name, image.ImportOptions{Tag: "latest", Changes: changes})
	if err != nil {
		return err
	}
	defer body.Close()
	for progress := json.NewDecoder(body); ; {
		var line struct{ Error string }
		if err := progress.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		if line.Error != "" {
			return fmt.Errorf("import: %s", line.Error)
		}
	}
}

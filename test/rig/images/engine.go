package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// engine speaks the few words of the Docker Engine API that an import needs. Paths carry no
// version, so the engine answers in its own: every engine has these calls alike.
type engine struct {
	http *http.Client
	base string
}

// connect takes the engine of DOCKER_HOST (unix:// or tcp://), else the usual socket. It dials
// nothing yet.
func connect() (*engine, error) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	scheme, address, _ := strings.Cut(host, "://")
	switch scheme {
	case "unix":
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", address)
		}
		return &engine{&http.Client{Transport: &http.Transport{DialContext: dial}}, "http://docker"}, nil
	case "tcp":
		return &engine{&http.Client{Transport: &http.Transport{}}, "http://" + address}, nil
	}
	return nil, fmt.Errorf("DOCKER_HOST=%s: only unix:// and tcp:// are understood", host)
}

func (e *engine) close() { e.http.CloseIdleConnections() }

// statusError is an answer of the engine that is not success.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("docker engine: %d: %s", e.status, e.message)
}

// call sends one request and hands back the answer's body, which the caller closes.
func (e *engine) call(ctx context.Context, method, path string, query url.Values, body io.Reader, contentType string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.base+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 400 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	var said struct{ Message string }
	if json.Unmarshal(text, &said) != nil {
		said.Message = string(bytes.TrimSpace(text))
	}
	return nil, &statusError{resp.StatusCode, said.Message}
}

// label is the value of one label of an image, "" where the image or the label does not exist.
func (e *engine) label(ctx context.Context, image, key string) (string, error) {
	body, err := e.call(ctx, http.MethodGet, "/images/"+image+"/json", nil, nil, "")
	if failed, ok := err.(*statusError); ok && failed.status == http.StatusNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer body.Close()
	var found struct {
		Config struct{ Labels map[string]string }
	}
	if err := json.NewDecoder(body).Decode(&found); err != nil {
		return "", fmt.Errorf("docker engine: image %s: %w", image, err)
	}
	return found.Config.Labels[key], nil
}

// importImage makes an image of a tar stream. The engine answers 200 at once and puts a failure
// into the stream of progress that follows, so that is read to its end.
func (e *engine) importImage(ctx context.Context, name string, changes []string, tarball io.Reader) error {
	query := url.Values{"fromSrc": {"-"}, "repo": {name}, "tag": {"latest"}, "changes": changes}
	body, err := e.call(ctx, http.MethodPost, "/images/create", query, tarball, "application/x-tar")
	if err != nil {
		return err
	}
	defer body.Close()
	for progress := json.NewDecoder(body); ; {
		var line struct{ Error string }
		if err := progress.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("docker engine: import of %s: %w", name, err)
		}
		if line.Error != "" {
			return fmt.Errorf("docker engine: import of %s: %s", name, line.Error)
		}
	}
}

package localapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"aztray/internal/auth"
	"aztray/internal/report"
)

// ErrNone says that no aztray runs that would answer.
var ErrNone = errors.New("no aztray runs")

// ErrOtherSettings says that the aztray that runs goes by other settings than the command.
var ErrOtherSettings = errors.New("the aztray that runs has other settings")

// ErrUsage is a command that was wrong; its text says how.
type ErrUsage string

func (e ErrUsage) Error() string { return string(e) }

// answersWithin is how long an aztray may take for its state.
const answersWithin = knownWithin + 5*time.Second

// Client asks the aztray that runs.
type Client struct {
	http     *http.Client
	program  string
	settings string
}

// NewClient is a client for the instance in dir, by a command of the version program that goes by settings of that
// fingerprint.
func NewClient(dir, program, settings string) *Client {
	t := &http.Transport{DisableCompression: true, MaxIdleConns: 1, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) }}
	return &Client{&http.Client{Transport: t}, program, settings}
}

// State is how things stand. It returns ErrNone, ErrOtherSettings, or a *auth.Problem.
func (c *Client) State(ctx context.Context) (report.Whole, error) {
	ctx, stop := context.WithTimeout(ctx, answersWithin)
	defer stop()
	var w report.Whole
	resp, err := c.send(ctx, http.MethodGet, "state", nil)
	if err != nil {
		return w, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxEvent)).Decode(&w); err != nil {
		return w, silent(err)
	}
	return w, nil
}

// Show has the aztray that runs show itself, and gives its state as one line.
func (c *Client) Show(ctx context.Context) (line string, err error) {
	ctx, stop := context.WithTimeout(ctx, bodyWithin)
	defer stop()
	resp, err := c.send(ctx, http.MethodPost, "show", nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&line)
	return line, err
}

// Do has something done: renew, sync, restart, tenant, tenants or answer. Each event on the way goes to tell; the last
// one is returned. When ctx ends, what was begun ends too. It returns ErrNone, ErrOtherSettings, ErrUsage, or a
// *auth.Problem.
func (c *Client) Do(ctx context.Context, what string, r Request, tell func(Event)) (Event, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Event{}, err
	}
	resp, err := c.send(ctx, http.MethodPost, what, body)
	if err != nil {
		return Event{}, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return e, silent(err)
		}
		switch {
		case e.Problem != nil && e.Problem.Usage:
			return e, ErrUsage(e.Problem.Message)
		case e.Problem != nil:
			return e, e.Problem.Full(e.Problem.Raw)
		case e.Done != nil:
			return e, nil
		}
		tell(e)
	}
	if ctx.Err() != nil {
		return Event{}, context.Cause(ctx)
	}
	return Event{}, silent(errors.Join(errors.New("it ended before it was done"), lines.Err()))
}

func (c *Client) send(ctx context.Context, method, what string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://aztray/v1/"+what, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set(versionHeader, Version)
	req.Header.Set(programHeader, c.program)
	if c.settings != "" {
		req.Header.Set(settingsHeader, c.settings)
	}
	resp, err := c.http.Do(req)
	if dialling, ok := errors.AsType[*net.OpError](err); ok && dialling.Op == "dial" || err != nil && notThere(err) {
		return nil, ErrNone
	}
	switch {
	case err != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, silent(err)
	case resp.Header.Get(versionHeader) != Version:
		defer resp.Body.Close()
		return nil, &auth.Problem{Code: "OTHER_VERSION", Kind: auth.ConfigError,
			Message: fmt.Sprintf("The aztray that runs is version %s and this command is version %s: they do not understand each other.", orUnknown(resp.Header.Get(programHeader)), orUnknown(c.program)),
			Advice:  "Quit the one that runs, and start this version: aztray"}
	case resp.StatusCode == http.StatusConflict:
		defer resp.Body.Close()
		return nil, ErrOtherSettings
	case resp.StatusCode != http.StatusOK:
		defer resp.Body.Close()
		return nil, silent(fmt.Errorf("it answered %s", resp.Status))
	}
	return resp, nil
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}

// silent is what to say of an aztray that runs and gives no answer.
func silent(err error) *auth.Problem {
	return &auth.Problem{Code: "AZTRAY_SILENT", Kind: auth.ConfigError, Err: err,
		Message: "The aztray that runs does not answer.", Advice: "Quit it and start it again: aztray"}
}

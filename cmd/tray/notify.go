package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"aztray/assets"
	"aztray/internal/agent"
	"aztray/internal/atomicfile"
	"aztray/internal/config"
	"aztray/internal/notify"
)

// notifications shows what Decide says, and what comes by tell, until ctx ends.
func (p *program) notifications(updates <-chan agent.Snapshot, tell <-chan notify.Message, details func(leave string), change <-chan notify.Settings) func(context.Context) error {
	file := filepath.Join(p.state, "notify.json")
	return func(ctx context.Context) error {
		return notify.Run(ctx, notify.Options{
			Updates: updates, Do: p.agent.Do, Tell: tell, Details: details, IconPath: p.icon(), Log: p.log,
			Settings: notifySettings(p.set), Change: change,
			Load: func() (notify.Memory, error) { return loadShown(file) },
			Save: func(m notify.Memory) error {
				b, err := json.Marshal(m)
				if err != nil {
					return err
				}
				return atomicfile.Write(file, b)
			},
		})
	}
}

func notifySettings(set config.Settings) notify.Settings {
	return notify.Settings{Warn: set.Notify.Warn, Snooze: set.Notify.Snooze}
}

// loadShown reads what an earlier run has shown.
func loadShown(file string) (m notify.Memory, err error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	return m, err
}

// icon leaves the program's picture in a file: notifications are given a path. Without it they do
// without.
func (p *program) icon() string {
	path := filepath.Join(p.state, "aztray.png")
	if err := atomicfile.Write(path, assets.Icon); err != nil {
		p.log.Warn("notifications go without a picture", "err", err)
		return ""
	}
	return path
}

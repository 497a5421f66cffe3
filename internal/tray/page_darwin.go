//go:build cgo

package tray

func opener(url string) (name string, args []string) { return "open", []string{url} }

//go:build unix && !darwin

package config

import "testing"

func TestFileFollowsXDG(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"home alone", []string{"HOME=/home/ada"}, "/home/ada/.config/aztray/config.toml"},
		{"XDG_CONFIG_HOME", []string{"HOME=/home/ada", "XDG_CONFIG_HOME=/etc/ada"}, "/etc/ada/aztray/config.toml"},
		{"a relative one is ignored", []string{"HOME=/home/ada", "XDG_CONFIG_HOME=ada"}, "/home/ada/.config/aztray/config.toml"},
	} {
		if got, err := File(environ(c.env).lookup); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

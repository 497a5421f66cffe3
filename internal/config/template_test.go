package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The file that config init writes changes nothing, and neither does taking away every #.
func TestTemplate(t *testing.T) {
	setting := regexp.MustCompile(`(?m)^# ([a-z_]+ = )`)
	file := string(Template())
	if n := len(setting.FindAllString(file, -1)); n != len(fields) {
		t.Errorf("%d settings are in the file, want %d", n, len(fields))
	}
	for name, text := range map[string]string{"as written": file, "all settings uncommented": setting.ReplaceAllString(file, "$1")} {
		got, _, err := load(t, text)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(defaults()) {
			t.Errorf("%s: %v\n%+v", name, err, got)
		}
	}
	for _, f := range fields {
		if about[f.key] == "" {
			t.Errorf("about does not say what %s is", f.key)
		}
		section, _, _ := strings.Cut(f.key, ".")
		if sectionAbout[section] == "" {
			t.Errorf("sectionAbout does not say what [%s] is", section)
		}
	}
	if len(about) != len(fields) {
		t.Errorf("about explains %d settings, there are %d", len(about), len(fields))
	}
}

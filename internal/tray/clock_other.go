//go:build !windows

package tray

import (
	"cmp"
	"os"
	"strings"
)

// SystemClock is how this person's system writes times: by LC_TIME, which may differ from the
// language of the words.
func SystemClock() Clock {
	return Clock{Hour12: hour12(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_TIME"), os.Getenv("LANG")))}
}

// hour12 reports whether a locale's clocks have twelve hours (glibc's locales with %I in t_fmt).
func hour12(locale string) bool {
	name, _, _ := strings.Cut(locale, ".")
	name, _, _ = strings.Cut(name, "@")
	switch name {
	case "en_US", "en_CA", "en_AU", "en_NZ", "en_PH", "en_IN", "en_HK", "en_SG", "en_PK",
		"es_US", "es_MX", "es_CO", "es_PR", "hi_IN", "bn_BD", "ar_EG", "ar_SA", "ko_KR", "zh_TW":
		return true
	}
	return false
}

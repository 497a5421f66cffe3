package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check says what a right value looks like when s is wrong, else "".
type check func(s string) (wrong string)

// text stores a string that passes check; to is nil where nothing is stored yet.
func text(to func(*Settings) *string, ok check) store {
	return func(s *Settings, raw any) string {
		v, is := raw.(string)
		if !is {
			return "text in quotes"
		}
		v = strings.TrimSpace(v)
		if wrong := ok(v); wrong != "" {
			return wrong
		}
		if to != nil {
			*to(s) = v
		}
		return ""
	}
}

// texts stores a list each entry of which passes check.
func texts(to func(*Settings) *[]string, ok check) store {
	return func(s *Settings, raw any) string {
		v, wrong := list(raw)
		if wrong != "" {
			return wrong
		}
		for _, entry := range v {
			if wrong := ok(entry); wrong != "" {
				return fmt.Sprintf("a list in which each entry is %s", wrong)
			}
		}
		if to != nil {
			*to(s) = v
		}
		return ""
	}
}

// list takes a TOML array of strings, or a variable's text with commas.
func list(raw any) (entries []string, wrong string) {
	switch v := raw.(type) {
	case []string:
		return slices.Clone(v), ""
	case string:
		for entry := range strings.SplitSeq(v, ",") {
			if entry = strings.TrimSpace(entry); entry != "" {
				entries = append(entries, entry)
			}
		}
		return entries, ""
	case []any:
		for _, entry := range v {
			s, is := entry.(string)
			if !is {
				return nil, "a list of texts in quotes"
			}
			entries = append(entries, strings.TrimSpace(s))
		}
		return entries, ""
	}
	return nil, "a list of texts in quotes"
}

// toggle checks a boolean and puts it where to says; nil where nothing acts on it yet.
func toggle(to func(*Settings) *bool) store {
	return func(s *Settings, raw any) string {
		v, is := raw.(bool)
		if text, isText := raw.(string); isText { // a variable's
			parsed, err := strconv.ParseBool(text)
			v, is = parsed, err == nil
		}
		if !is {
			return "true or false"
		}
		if to != nil {
			*to(s) = v
		}
		return ""
	}
}

// endpointPort takes a number as TOML has it or a variable's text.
func endpointPort(s *Settings, raw any) string {
	port, err := strconv.ParseUint(fmt.Sprint(raw), 10, 16)
	if err != nil || port == 0 {
		return "a port, a number from 1 to 65535"
	}
	s.Endpoint.Port = int(port)
	return ""
}

const durationForm = `a time such as "90s", "30m" or "12h", in quotes and above zero`

// duration reads "30m" and its like; never zero, never negative.
func duration(raw any) (d time.Duration, wrong string) {
	v, is := raw.(string)
	if !is {
		return 0, durationForm
	}
	d, err := time.ParseDuration(strings.TrimSpace(v))
	if err != nil || d <= 0 {
		return 0, durationForm
	}
	return d, ""
}

func lifetime(s *Settings, raw any) (wrong string) {
	if raw == "" {
		return ""
	}
	s.Azure.SignInLifetime, wrong = duration(raw)
	return wrong
}

func loginTimeout(s *Settings, raw any) (wrong string) {
	s.Azure.LoginTimeout, wrong = duration(raw)
	return wrong
}

func probeInterval(s *Settings, raw any) (wrong string) {
	s.Azure.ProbeInterval, wrong = duration(raw)
	return wrong
}

func snooze(s *Settings, raw any) (wrong string) {
	s.Notify.Snooze, wrong = duration(raw)
	return wrong
}

// warn stores the moments longest first, each once.
func warn(s *Settings, raw any) string {
	v, wrong := list(raw)
	if wrong != "" || len(v) == 0 {
		return `a list of times such as ["30m", "10m"], at least one`
	}
	all := make([]time.Duration, len(v))
	for i, entry := range v {
		if all[i], wrong = duration(entry); wrong != "" {
			return "a list in which each entry is " + wrong
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	s.Notify.Warn = slices.Compact(all)
	return ""
}

var (
	guid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain  = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*\.)+[0-9A-Za-z-]+$`)
	scopes  = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._:/-]*/\.default$`) // what azidentity lets through
	words   = regexp.MustCompile(`^[0-9A-Za-z._-]*$`)
	allowed = regexp.MustCompile(`^[0-9A-Za-z*][0-9A-Za-z._~:/*-]*$`)
	labels  = regexp.MustCompile(`^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$`)
)

// tenant, subscription and scope become arguments of az, so nothing may look like an option.
func tenant(s string) string {
	if s == "" || guid.MatchString(s) || domain.MatchString(s) {
		return ""
	}
	return "a tenant's id or domain, which az account tenant list shows"
}

func subscription(s string) string {
	if s == "" || guid.MatchString(s) {
		return ""
	}
	return "a subscription's id, which az account list shows"
}

func scope(s string) string {
	if scopes.MatchString(s) {
		return ""
	}
	return "a scope such as " + defaultScope
}

// allowedPattern is a scope or a tenant, in which * stands for anything.
func allowedPattern(s string) string {
	if allowed.MatchString(s) {
		return ""
	}
	return `a scope or a tenant, in which * stands for anything, such as "https://*.vault.azure.net/.default"`
}

func word(s string) string {
	if words.MatchString(s) {
		return ""
	}
	return "a name of letters, digits, dots, dashes and underscores"
}

// kubernetesName is a name as Kubernetes allows it (RFC 1123 label):
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
func kubernetesName(s string) string {
	if labels.MatchString(s) {
		return ""
	}
	return "a name of small letters, digits and dashes, such as \"dev\""
}

// optional is c, or nothing.
func optional(c check) check {
	return func(s string) string {
		if s == "" {
			return ""
		}
		return c(s)
	}
}

// anything is for names that others made up as they liked.
func anything(string) string { return "" }

func optionalURL(s string) string {
	if s == "" {
		return ""
	}
	return requiredURL(s)
}

func requiredURL(s string) string {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil {
		return ""
	}
	return "an address such as https://example.openai.azure.com, without a password"
}

// pattern is a name as path.Match has them.
func pattern(s string) string {
	if _, err := path.Match(s, ""); err == nil && s != "" {
		return ""
	}
	return `a container's name, or a pattern such as "code-story-*"`
}

func oneOf(words ...string) check {
	return func(s string) string {
		if slices.Contains(words, s) {
			return ""
		}
		last := len(words) - 1
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
}

// loopback is an address that only this machine reaches: whoever reaches it can start a sign-in.
func loopback(s string) string {
	host, port, err := net.SplitHostPort(s)
	number, perr := strconv.ParseUint(port, 10, 16)
	ip, _ := netip.ParseAddr(host) // the zero Addr is not loopback
	if s == "" || err == nil && perr == nil && number > 0 && (host == "localhost" || ip.IsLoopback()) {
		return ""
	}
	return "an address of this machine alone, such as 127.0.0.1:8000"
}

// listenAt is loopback, or auto.
func listenAt(s string) string {
	if why := loopback(s); why != "" && s != ListenAuto {
		return "auto, or " + why
	}
	return ""
}

func engineHost(s string) string {
	scheme, rest, _ := strings.Cut(s, "://")
	if rest != "" && slices.Contains([]string{"unix", "npipe", "tcp", "ssh"}, scheme) {
		return ""
	}
	return "an engine's address as DOCKER_HOST has it, such as unix:///var/run/docker.sock"
}

// plainHost is an engine's address to which no TLS and no ssh leads.
func plainHost(s string) string {
	scheme, rest, _ := strings.Cut(s, "://")
	if rest != "" && slices.Contains([]string{"tcp", "http"}, scheme) {
		return ""
	}
	return "an engine's address without encryption, such as tcp://10.0.0.5:2375"
}

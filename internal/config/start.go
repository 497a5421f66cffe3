package config

import "errors"

// Start reads the settings for a program that is to run even where they can't be used: it is started
// where nobody sees what it prints. Change.Err says why, and its Settings are then what is left: what
// the flags and the environment say, and what does no harm where they are silent. Nobody knows what the
// person's own say, so no port is opened that none of the two names, az is left in its tenant, and the
// identity endpoint is off. The error is of a flag, which a person has just typed.
func Start(o Options) (Change, error) {
	set, warnings, err := Load(o)
	if err == nil {
		return Change{Settings: set, Warnings: warnings}, nil
	}
	left, why := o.harmless()
	if e, ok := errors.AsType[*Error](why); ok && e.Variable != "" {
		o.Environ = []string{}
		left, why = o.harmless()
	}
	return Change{Settings: left, Err: err}, why
}

// harmless are the settings without the file.
func (o Options) harmless() (Settings, error) {
	o.noFile = true
	l, err := read(o)
	if err != nil {
		return Settings{}, err
	}
	s, _, err := l.settings()
	if !l.given("health.listen") {
		s.Health.Listen = ""
	}
	s.Azure.Follow, s.Endpoint.Enabled = false, false
	return s, err
}

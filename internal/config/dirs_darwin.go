package config

func configBase(lookupEnv func(string) (string, bool)) (string, error) {
	return under(lookupEnv, "XDG_CONFIG_HOME", "HOME", "Library", "Application Support")
}

func stateBase(lookupEnv func(string) (string, bool)) (string, error) {
	return under(lookupEnv, "XDG_STATE_HOME", "HOME", "Library", "Application Support")
}

package config

func configBase(lookupEnv func(string) (string, bool)) (string, error) {
	return under(lookupEnv, "APPDATA", "USERPROFILE", "AppData", "Roaming")
}

func stateBase(lookupEnv func(string) (string, bool)) (string, error) {
	return under(lookupEnv, "LOCALAPPDATA", "USERPROFILE", "AppData", "Local")
}

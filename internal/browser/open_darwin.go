package browser

func opener(argument string) (name string, args []string) { return "open", []string{argument} }

// confined is for browsers that can't read the runtime directory; there are none here.
func confined() string { return "" }

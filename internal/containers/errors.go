package containers

// localError is a finding about a container, as a sentence for a person.
type localError struct{ sentence string }

func (e *localError) Error() string { return e.sentence }

// execError is a command in a container that failed.
type execError struct {
	state    State
	sentence string
}

func (e *execError) Error() string { return e.sentence }

// errPath is about a path that is not repeated.
var errPath = &localError{"Its az directory has a name that no path has, by its environment or its user's home; say " + labelPath + "=/home/app/.azure in a label."}

var errLoop = &localError{"Its az directory can't be reached: links lead in a circle."}

func notDir(p string) error {
	return &localError{"Its az directory can't be made: " + p + " is not a directory."}
}

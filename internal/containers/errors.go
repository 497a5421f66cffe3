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

// errEnded is for a container that has ended since it was last heard of.
var errEnded = &localError{"It has ended; it gets the credential before it runs again."}

var errLoop = &localError{"Its az directory can't be reached: links lead in a circle."}

func notDir(p string) error {
	return &localError{"Its az directory can't be made: " + p + " is not a directory."}
}

package doctor

import "os"

// systemDirFacts looks at a directory from outside. Who may use it is in the access list of the profile
// that it lies in, which keeps others out.
func systemDirFacts(dir string) dirFacts {
	f := dirFacts{Dir: dir, Writable: true}
	_, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return f
	}
	f.There, f.Err = true, err
	return f
}

package filewatch

import "io/fs"

// number is not had without opening the file there, which would be in its writer's way; time and size do.
func number(fs.FileInfo) uint64 { return 0 }

package containers

import "io/fs"

const noWait = 0 // there are no pipes in a directory here

func fileOwner(fs.FileInfo) (uid, gid int, ok bool) { return 0, 0, false }

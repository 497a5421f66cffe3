package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// errCacheTorn is a token cache that does not read as one; az may be writing it.
var errCacheTorn = fmt.Errorf("%w: the token cache", ErrTorn)

// writing is how lately a file was written that az may still be at.
const writing = 5 * time.Second

// readCache reads az's token cache from the store that az last wrote to. What cannot be read there is
// no error: then az is to be asked. An older store beside it is never taken, for az has left it.
func (d Dir) readCache(ctx context.Context) (*Cache, *Problem, error) {
	name, written := d.newestCache()
	switch {
	case name == "":
		return nil, nil, nil
	case name == cacheFile:
		b, err := d.readFile(cacheFile)
		if err != nil {
			return nil, d.unreadable(err), nil
		}
		return cacheOrTorn(b, brokenCache, written)
	}
	b, err := decrypt(ctx, filepath.Join(string(d), name))
	if err != nil {
		if errors.Is(err, ErrTorn) && time.Since(written) < writing {
			return nil, encryptedCache(err), errCacheTorn
		}
		return nil, encryptedCache(err), nil
	}
	return cacheOrTorn(b, encryptedCache(errors.New("what az keeps there is not its token cache")), written)
}

// newestCache is the name of the store that az last wrote to, "" where there is none. Of two that
// were written at once it is the plain one: az falls back to that.
func (d Dir) newestCache() (name string, written time.Time) {
	for _, n := range []string{cacheFile, cacheSignal, cacheDPAPI} {
		if info, err := os.Stat(filepath.Join(string(d), n)); err == nil && info.ModTime().After(written) {
			name, written = n, info.ModTime()
		}
	}
	return name, written
}

// cacheOrTorn is the cache in b. Where there is none it is the problem, and besides errCacheTorn while
// az may still be writing.
func cacheOrTorn(b []byte, p *Problem, written time.Time) (*Cache, *Problem, error) {
	c, err := parseCache(b)
	switch {
	case err == nil:
		return c, nil, nil
	case time.Since(written) < writing:
		return nil, p, errCacheTorn
	}
	return nil, p, nil
}

// The notices about a cache that is there and cannot be read.

func (d Dir) unreadable(err error) *Problem {
	return &Problem{Code: "AZ_CACHE_UNREADABLE", Kind: ConfigError, Err: err,
		Message: "az's token cache cannot be read, so az is asked for each token instead.",
		Advice:  "Make " + filepath.Join(string(d), cacheFile) + " yours again: sudo chown $USER and chmod 600."}
}

func encryptedCache(err error) *Problem {
	return &Problem{Code: "AZ_CACHE_ENCRYPTED", Kind: ConfigError, Err: err,
		Message: "az keeps its token cache encrypted, so az is asked for each token instead.",
		Advice:  "Nothing is wrong; a refusal is noticed later this way. For early warning: az config set core.encrypt_token_cache=false, then az login."}
}

var brokenCache = &Problem{Code: "AZ_CACHE_BROKEN", Kind: AZBroken,
	Message: "az's token cache is damaged, so az is asked for each token instead.",
	Advice:  "Where az fails too, start afresh: az account clear, then az login."}

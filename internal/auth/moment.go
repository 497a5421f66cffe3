package auth

import (
	"os"
	"path/filepath"
	"time"
)

// loginWrites is how long az login may take from storing the refresh token to writing the profile.
const loginWrites = 15 * time.Second

// SignInMoment tells from az's files when the person last signed in, in UTC; zero where they do not
// say. az login stores a refresh token and writes the profile right after it; a renewal writes the
// first alone and az account set the second alone.
func (d Dir) SignInMoment(f Files) time.Time {
	info, err := os.Stat(filepath.Join(string(d), profileFile))
	if err != nil || f.Cache == nil {
		return time.Time{}
	}
	account, ok := f.Cache.Account(f.Profile.Current().User.Name)
	if !ok {
		return time.Time{}
	}
	stored := f.Cache.Used(account.HomeAccountID)
	if after := info.ModTime().Sub(stored); after < -time.Second || after > loginWrites {
		return time.Time{}
	}
	return stored
}

// Used is when az last had a refresh token of the account from Entra, in UTC: idle limits count from
// there. Zero where the cache has none.
func (c *Cache) Used(homeAccountID string) time.Time {
	for _, r := range c.refresh {
		if r.HomeAccountID == homeAccountID {
			return r.ModifiedAt.Time // the newest is first
		}
	}
	return time.Time{}
}

//go:build linux || darwin

package auth

import (
	"strings"
	"time"
)

// item is where az keeps its token cache in a key ring: a service and an account of the Keychain, a
// schema and attributes of libsecret (azure-cli-core, auth/persistence.py).
type item struct {
	service, account string
	schema           string
	attributes       map[string]string
}

// itemOf is the item that a file stands for, which az touches whenever it writes the item: the .bin of
// az before the end of 2026 and the .sig of later ones.
func itemOf(file string) item {
	if strings.HasSuffix(file, ".sig") {
		return item{"Microsoft Azure CLI", "Token cache", "Microsoft Azure CLI", map[string]string{"type": "Token cache"}}
	}
	return item{"my_service_name", "my_account_name", "my_schema_name", map[string]string{"my_attr1": "foo", "my_attr2": "bar"}}
}

// storeTimeout bounds how long a key ring is waited for.
const storeTimeout = 3 * time.Second

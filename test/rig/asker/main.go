// Command asker is an app in a container that uses Azure's SDK as its documentation says, and nothing
// else: it obtains a token with DefaultAzureCredential and tells what came of it. It never prints the
// token. It knows nothing of aztray.
//
//	asker SCOPE    one JSON line: the token's SHA-256 and end, or the SDK's error
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// outcome is the line that is printed.
type outcome struct {
	SHA256    string    `json:"sha256"`
	ExpiresOn time.Time `json:"expires_on"`
	Error     string    `json:"error"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: asker SCOPE")
		os.Exit(2)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	json.NewEncoder(os.Stdout).Encode(ask(ctx, os.Args[1]))
}

func ask(ctx context.Context, scope string) outcome {
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	t, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return outcome{Error: err.Error()}
	}
	sum := sha256.Sum256([]byte(t.Token))
	return outcome{SHA256: hex.EncodeToString(sum[:]), ExpiresOn: t.ExpiresOn}
}

// Command asker is an app in a container that uses Azure's SDK as its documentation says, and nothing
// else: it obtains a token with DefaultAzureCredential and tells what came of it. It never prints the
// token. It knows nothing of aztray.
//
//	asker SCOPE            one JSON line: the token's SHA-256 and end, or the SDK's error
//	asker SCOPE SECONDS    such a line again and again, with the time, until it is stopped
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// outcome is the line that is printed.
type outcome struct {
	SHA256    string    `json:"sha256"`
	ExpiresOn time.Time `json:"expires_on"`
	Error     string    `json:"error"`
	At        float64   `json:"at"` // Unix seconds, when it was there
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: asker SCOPE [SECONDS]")
		os.Exit(2)
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	for {
		o := outcome{}
		if err != nil {
			o.Error = err.Error()
		} else {
			o = ask(credential, os.Args[1])
		}
		o.At = float64(time.Now().UnixMilli()) / 1000
		json.NewEncoder(os.Stdout).Encode(o)
		if len(os.Args) == 2 {
			return
		}
		seconds, _ := strconv.ParseFloat(os.Args[2], 64) // what is no number is at once
		time.Sleep(time.Duration(seconds * float64(time.Second)))
	}
}

func ask(credential *azidentity.DefaultAzureCredential, scope string) outcome {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	t, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return outcome{Error: err.Error()}
	}
	sum := sha256.Sum256([]byte(t.Token))
	return outcome{SHA256: hex.EncodeToString(sum[:]), ExpiresOn: t.ExpiresOn}
}

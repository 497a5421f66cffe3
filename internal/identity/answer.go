package identity

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"aztray/internal/auth"
)

// answer is what a request gets. Its body holds a token when status is 200.
type answer struct {
	client Client // whose request it was; zero where that is not known
	status int
	body   any
	retry  time.Duration // the caller is to come again after it; whole seconds, 0: not at all
}

func (a answer) of(c Client) answer {
	a.client = c
	return a
}

// granted is App Service's answer. expires_on is text because every SDK takes that; expires_in is left
// out because .NET's reads both into one place, and the last one wins.
type granted struct {
	AccessToken string `json:"access_token"`
	ExpiresOn   string `json:"expires_on"`
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
	ClientID    string `json:"client_id"`
}

// refused says the same sentence under each name by which some SDK looks for it: it is what the person
// reads in the container's log.
type refused struct {
	StatusCode    int    `json:"statusCode"`
	Message       string `json:"message"`
	CorrelationID string `json:"correlationId"`
	Error         string `json:"error"`
	Description   string `json:"error_description"`
}

func give(t auth.Token, resource string) answer {
	return answer{status: http.StatusOK, body: granted{AccessToken: t.Secret.Reveal(), ExpiresOn: strconv.FormatInt(t.ExpiresOn.Unix(), 10),
		Resource: resource, TokenType: "Bearer", ClientID: auth.AzureCLIClientID}}
}

func refuse(status int, sentence string) answer {
	return answer{status: status, body: refused{status, "aztray: " + sentence, correlation(), "invalid_request", "aztray: " + sentence}}
}

// later makes SDKs wait and ask again.
func later(status int, after time.Duration, sentence string) answer {
	a := refuse(status, sentence)
	a.retry = after
	return a
}

// failed tells what time cures from what only a person does: of the first SDKs ask again, with the
// second they fail at once.
func failed(err error) answer {
	p, ok := errors.AsType[*auth.Problem](err)
	switch {
	case ok && p.Kind != auth.Transient && p.Kind != auth.Offline:
		return refuse(http.StatusBadRequest, p.Message+" "+p.Advice)
	case ok:
		return later(http.StatusServiceUnavailable, comeAgain, p.Message)
	case errors.Is(err, context.DeadlineExceeded):
		return later(http.StatusServiceUnavailable, comeAgain, "the token is being renewed")
	}
	return later(http.StatusServiceUnavailable, comeAgain, "there is no token at the moment")
}

func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(a.retry/time.Second)))
	}
	w.WriteHeader(a.status)
	json.NewEncoder(w).Encode(a.body) // a caller that has gone needs no answer
}

// correlation is a random GUID, which App Service's errors have.
func correlation() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

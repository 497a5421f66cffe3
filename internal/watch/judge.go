package watch

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"aztray/internal/watch/symptom"
)

// answer is Code Story's, and that of services that say it in the same way (Spring's actuator does,
// our own does).
type answer struct {
	Status     string               `json:"status"`
	Components map[string]component `json:"components"`
	Errors     json.RawMessage      `json:"error_package"` // a list of texts, gathered since the last question
}

type component struct {
	Status  string          `json:"status"`
	Details json.RawMessage `json:"details"`
}

// verdict is what Code Story says in a component's details when it has found for itself that the
// credential fails; its words say no more.
type verdict struct {
	Type string `json:"type"`
}

// good are the words for a service, or a part of it, that works.
var good = []string{"healthy", "ok", "up", "pass", "passing", "success"}

func works(status string) bool { return slices.Contains(good, strings.ToLower(status)) }

// judge says what an answer complains of. What works is not read: it may tell of failures that are over.
func judge(status int, body []byte) symptom.Hit {
	var m symptom.Matcher
	var a answer
	err := json.Unmarshal(body, &a)
	if fine := status < http.StatusBadRequest; fine && (err != nil || works(a.Status) && a.Components == nil) {
		return symptom.Hit{} // a page, or a word
	}
	if err != nil || a.Components == nil { // an error of the framework's, or a format that we don't know
		hit, _ := m.Find(body)
		return hit
	}
	var hits []symptom.Hit
	for name, c := range a.Components {
		if works(c.Status) {
			continue
		}
		if hit, ok := m.Find(c.Details); ok {
			hits = append(hits, hit)
		} else if c.failsToSignIn(name) {
			hits = append(hits, symptom.Hit{Cause: symptom.NoCredential})
		}
	}
	if hit, ok := m.Find(a.Errors); ok {
		hits = append(hits, hit)
	}
	for _, c := range telling {
		for _, hit := range hits {
			if hit.Cause == c {
				return hit
			}
		}
	}
	return symptom.Hit{}
}

// telling are the causes in the order in which they count, where a service complains of several:
// what a credential cures stands first, and of that what says most.
var telling = []symptom.Cause{symptom.Entra, symptom.WrongTenant, symptom.TokenRefused, symptom.AzLogin, symptom.NoCredential, symptom.RoleMissing}

// failsToSignIn reports whether a part says so by its name or its verdict, without a text that we know.
func (c component) failsToSignIn(name string) bool {
	if !strings.EqualFold(c.Status, "unhealthy") {
		return false
	}
	var v verdict
	json.Unmarshal(c.Details, &v) // details of another form have no verdict
	return name == "azure_auth" || v.Type == "AuthenticationError"
}

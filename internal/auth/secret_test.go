package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASecretIsNeverPrinted(t *testing.T) {
	const text = "eyJ0eXAi.planted.secret"
	token := Token{Scope: scope, Secret: NewSecret(text)}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", token.Secret, "token", token)
	asJSON, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(token), fmt.Sprintf("%+v %#v %s %q %x", token, token, token.Secret, token.Secret, token.Secret),
		fmt.Sprintf("%+v", struct{ s Secret }{token.Secret}), log.String(), string(asJSON)} {
		if strings.Contains(s, "planted") || strings.Contains(s, fmt.Sprintf("%x", text)) {
			t.Errorf("printed: %s", s)
		}
	}
	if token.Secret.Reveal() != text {
		t.Error("Reveal does not give the text")
	}
	if (Secret{}).Reveal() != "" || !(Secret{}).IsZero() {
		t.Error("the zero Secret is not empty")
	}
}

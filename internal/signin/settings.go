package signin

import (
	"slices"
	"time"

	"aztray/internal/config"
)

// SettingsOf are those of the person's settings that a sign-in is read by.
func SettingsOf(s config.Settings) Settings {
	return Settings{TenantID: s.Azure.TenantID, SubscriptionID: s.Azure.SubscriptionID, Scope: s.Azure.Scope, Scopes: s.Containers.Scopes,
		SignInLifetime: s.Azure.SignInLifetime, Warn: slices.Max(append([]time.Duration{0}, s.Notify.Warn...))}
}

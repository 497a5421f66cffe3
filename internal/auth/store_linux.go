package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/godbus/dbus/v5"
)

var errLocked = errors.New("the key ring is locked")

// decrypt reads az's item from the Secret Service (GNOME Keyring, KWallet, KeePassXC), as libsecret
// does. It starts no service and no bus, and prompts nobody: a locked collection stays locked.
// https://specifications.freedesktop.org/secret-service-spec/latest/
func decrypt(ctx context.Context, file string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, storeTimeout)
	defer stop()
	// one's own connection, so that the session made on it ends with it
	bus, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("no session bus: %w", err)
	}
	defer bus.Close()
	if err := bus.Auth(nil); err != nil {
		return nil, fmt.Errorf("the session bus: %w", err)
	}
	if err := bus.Hello(); err != nil {
		return nil, fmt.Errorf("the session bus: %w", err)
	}
	return secretServiceItem(ctx, bus, itemOf(file))
}

// secret is the wire form of a secret: session, parameters, value, content type.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

const secretService = "org.freedesktop.Secret.Service"

func secretServiceItem(ctx context.Context, bus *dbus.Conn, it item) ([]byte, error) {
	call := func(path dbus.ObjectPath, method string, args ...any) *dbus.Call {
		return bus.Object("org.freedesktop.secrets", path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	}
	attributes := maps.Clone(it.attributes)
	attributes["xdg:schema"] = it.schema
	var unlocked, locked []dbus.ObjectPath
	if err := call("/org/freedesktop/secrets", secretService+".SearchItems", attributes).Store(&unlocked, &locked); err != nil {
		return nil, fmt.Errorf("asking the key ring: %w", err)
	}
	switch {
	case len(unlocked) == 0 && len(locked) > 0:
		return nil, errLocked
	case len(unlocked) == 0:
		return nil, errors.New("the key ring has no such item")
	}
	var nothing dbus.Variant
	var session dbus.ObjectPath
	if err := call("/org/freedesktop/secrets", secretService+".OpenSession", "plain", dbus.MakeVariant("")).Store(&nothing, &session); err != nil {
		return nil, fmt.Errorf("opening a session with the key ring: %w", err)
	}
	var s secret
	if err := call(unlocked[0], "org.freedesktop.Secret.Item.GetSecret", session).Store(&s); err != nil {
		return nil, fmt.Errorf("reading the key ring: %w", err)
	}
	return s.Value, nil
}

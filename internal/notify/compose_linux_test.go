package notify

import (
	"reflect"
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestCompose(t *testing.T) {
	warn := Note{
		Summary: "Azure sign-in ends at 17:40", Body: "R&D <Contoso> asks.", Urgency: Normal,
		Buttons: []Button{{KeyRenew, "Renew now"}, {KeySnooze, "Snooze"}}, NoButtons: "Open the tray menu to renew.",
	}
	blocked := Note{Summary: "S", Body: "Ask your administrator.", Buttons: []Button{{KeySnooze, "Snooze"}}, Urgency: Critical}
	news := Note{Summary: "Signed in again", Body: "Contoso.", Urgency: Low, Transient: true}
	hints := func(urgency byte, more map[string]any) map[string]dbus.Variant {
		h := map[string]dbus.Variant{}
		for k, v := range map[string]any{
			"urgency": urgency, "desktop-entry": "aztray", "category": "network",
			"x-canonical-private-synchronous": "tag", "x-dunst-stack-tag": "tag",
		} {
			h[k] = dbus.MakeVariant(v)
		}
		for k, v := range more {
			h[k] = dbus.MakeVariant(v)
		}
		return h
	}
	tests := []struct {
		name  string
		note  Note
		can   capabilities
		click bodyClick
		icon  string
		body  string
		acts  []string
		hint  map[string]dbus.Variant
		wait  int32
	}{
		{"buttons and markup", warn, capabilities{actions: true, markup: true}, bodyRenews, "", "R&amp;D &lt;Contoso&gt; asks.",
			[]string{"default", "", "renew", "Renew now", "snooze", "Snooze"}, hints(1, nil), 0},
		{"plain text", warn, capabilities{actions: true}, bodyDetails, "", "R&D <Contoso> asks.",
			[]string{"default", "Show details", "renew", "Renew now", "snooze", "Snooze"}, hints(1, nil), 0},
		{"no buttons", warn, capabilities{}, bodyRenews, "", "R&D <Contoso> asks. Open the tray menu to renew.", []string{}, hints(1, nil), 0},
		{"a list keeps it", warn, capabilities{actions: true, persistence: true}, bodyNothing, "", "R&D <Contoso> asks.",
			[]string{"renew", "Renew now", "snooze", "Snooze"}, hints(1, nil), -1},
		{"a sign-in does not help", blocked, capabilities{actions: true, persistence: true}, bodyRenews, "", "Ask your administrator.",
			[]string{"snooze", "Snooze"}, hints(2, nil), 0},
		{"news, with a picture", news, capabilities{actions: true}, bodyDetails, "/home/a b/aztray.png", "Contoso.", []string{},
			hints(0, map[string]any{"transient": true, "image-path": "file:///home/a%20b/aztray.png"}), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := compose(tt.note, tt.can, tt.note.bodyKey(tt.click), 7, tt.icon, "tag")
			want := []any{"aztray", uint32(7), "", tt.note.Summary, tt.body, tt.acts, tt.hint, tt.wait}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

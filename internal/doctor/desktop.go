package doctor

import (
	"context"
	"errors"
	"strings"

	"aztray/internal/auth"
	"aztray/internal/autostart"
	"aztray/internal/notify"
	"aztray/internal/tray"
)

func desktopChecks() []check {
	return []check{
		{groupDesktop, "desktop.tray", func(ctx context.Context) ([]Line, []check) { return judgeHost(tray.LookForHost(ctx)), nil }},
		{groupDesktop, "desktop.notifications", func(ctx context.Context) ([]Line, []check) { return judgeNotifications(notify.Probe(ctx)), nil }},
		{groupDesktop, "desktop.autostart", func(context.Context) ([]Line, []check) { return judgeAutostart(lookAtAutostart()), nil }},
	}
}

func judgeHost(p *auth.Problem) []Line {
	const check, title = "desktop.tray", "tray icon"
	switch {
	case p == nil:
		return in(groupDesktop, "", good(check, title, "The panel takes it"))
	case p.Code == "TRAY_NO_SESSION_BUS":
		return in(groupDesktop, "", notApplicable(check, title, "There is no desktop session here."))
	}
	return in(groupDesktop, "", problem(check, title, Warning, p))
}

func judgeNotifications(s notify.Server, err error) []Line {
	const check, title = "desktop.notifications", "notifications"
	name := strings.TrimSpace(s.Name + " " + s.Version)
	switch {
	case errors.Is(err, notify.ErrNoDesktop):
		return in(groupDesktop, "", notApplicable(check, title, "There is no desktop session here."))
	case err != nil:
		return in(groupDesktop, "", bad(check, title, Warning, "NOTIFICATIONS_MISSING", "Nothing on this desktop shows notifications, so you are warned by the icon alone.",
			"Install a notification service, such as dunst or xfce4-notifyd, and sign in to the desktop again."))
	case s.Buttons:
		return in(groupDesktop, "", good(check, title, name+" shows them, with buttons"))
	case s.Only:
		return in(groupDesktop, "", good(check, title, name+" shows them; the buttons are in the tray's menu"))
	}
	return in(groupDesktop, "", bad(check, title, Warning, "NOTIFICATIONS_NO_BUTTONS", name+" shows no buttons, so a warning cannot be answered where it stands.",
		"Nothing is lost: Renew now is in the tray's menu. Another service, such as dunst, has buttons."))
}

func lookAtAutostart() (autostart.Status, error) {
	place, err := autostart.Here()
	if err != nil {
		return autostart.Status{}, err
	}
	return place.Status()
}

// judgeAutostart does not complain of a start that nobody asked for: it is the person's choice.
func judgeAutostart(s autostart.Status, err error) []Line {
	const check, title = "desktop.autostart", "start at log-in"
	const again = "Set it up again: aztray autostart enable"
	switch {
	case err != nil:
		return in(groupDesktop, "", bad(check, title, Warning, "AUTOSTART_UNREADABLE", "Whether aztray starts when you log in can't be told: "+err.Error()+".", again))
	case s.Reason != "":
		return in(groupDesktop, "", bad(check, title, Warning, "AUTOSTART_BROKEN", "aztray was set up to start when you log in, and will not: "+s.Reason+".", again))
	case s.Enabled && s.Way == autostart.Unit:
		return in(groupDesktop, "", good(check, title, "aztray serve starts when you log in"))
	case s.Enabled:
		return in(groupDesktop, "", good(check, title, "The tray starts when you log in"))
	}
	return in(groupDesktop, "", notApplicable(check, title, "aztray is not set to start when you log in; to have it: aztray autostart enable"))
}

package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/shell"
	"aztray/internal/signin"
)

func signInChecks(_ Options, f *facts) []check {
	return []check{{groupSignIn, "sign-in", func(ctx context.Context) ([]Line, []check) {
		s, ok := f.signIn.get(ctx)
		if !ok {
			return nil, nil
		}
		return judgeSignIn(s), nil
	}}}
}

// lookAtSignIn reads az's files and tries a silent renewal, for that alone tells whether it works.
func lookAtSignIn(ctx context.Context, o Options) signInFacts {
	known := agent.Recall(o.StateFile)
	f := signInFacts{Set: o.Settings.Azure.TenantID, Known: known.Tenants}
	if !o.Settings.Azure.Follow {
		f.Chosen = known.Chosen
	}
	if f.Files, f.Err = o.Client.Dir.Read(ctx); f.Err != nil {
		return f
	}
	f.Known = o.tenants(ctx, f)
	v := f.view(o.Settings)
	f.Scope = v.Scope()
	f.Tenant = v.TenantNamed(v.Tenant())
	f.Sources = auth.Sources(ctx, auth.SourceOptions{Tenant: f.Tenant.ID, Scope: f.Scope, Dir: o.Client.Dir})
	if f.Problem = v.NotSignedIn(f.Tenant.ID); f.Problem != nil {
		return f
	}
	row := v.Row(f.Tenant.ID)
	t, err := o.Client.Token(ctx, f.Files, row.User.Name, f.Tenant.ID, f.Scope)
	if f.Token = t; err != nil {
		f.Problem = auth.Classify(err.Error(), err).With(f.Tenant.ID, f.Scope)
	}
	return f
}

// tenants are all that the account may use, with their names: as the tray has learnt them, else as ARM
// says, where it answers soon.
func (o Options) tenants(ctx context.Context, f signInFacts) []auth.Tenant {
	if len(f.Known) > 0 || len(f.Files.Profile.Subscriptions) == 0 {
		return f.Known
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	known, err := o.Client.Tenants(ctx, f.Files)
	if err != nil {
		return nil
	}
	return known
}

// view is what the sign-in is read from.
func (f signInFacts) view(s config.Settings) signin.View {
	return signin.View{Files: f.Files, Read: f.Err == nil, Settings: signin.SettingsOf(s), Chosen: f.Chosen, Listed: f.Known}
}

// named is the tenant of an id, a domain or a name.
func (f signInFacts) named(tenant string) auth.Tenant {
	return signin.View{Files: f.Files, Listed: f.Known}.TenantNamed(tenant)
}

func judgeSignIn(f signInFacts) []Line {
	if f.Err != nil {
		return in(groupSignIn, "", notApplicable("sign-in.account", "account", "It cannot be told before az's files can be read."))
	}
	row := f.Files.Profile.Current()
	if row.ID == "" {
		l := problem("sign-in.account", "account", Wrong, f.Problem)
		l.Fix = FixSignIn
		return in(groupSignIn, "", l,
			notApplicable("sign-in.tenant", "tenant", "Nobody is signed in."), notApplicable("sign-in.renewal", "silent renewal", "Nobody is signed in."))
	}
	lines := []Line{good("sign-in.account", "account", row.User.Name+", "+f.Files.Kind(row).Words())}
	lines = append(lines, judgeTenant(f), judgeRenewal(f), judgeSources(f))
	return in(groupSignIn, "", lines...)
}

func judgeTenant(f signInFacts) Line {
	const check, title = "sign-in.tenant", "tenant"
	current := f.Files.Profile.Current()
	_, known := f.Files.Profile.InTenant(f.Tenant.ID)
	many := max(len(f.Known), len(f.Files.Profile.Tenants()))
	switch {
	case f.Set != "" && !known && f.Problem != nil && f.Problem.Refuses():
		return bad(check, title, Wrong, "TENANT_NOT_SIGNED_IN", fmt.Sprintf("The settings name the tenant %s, and az is not signed in there.", f.Tenant.Label()),
			"Sign in there, or correct azure.tenant_id: aztray tenant use "+f.Tenant.ID)
	case f.Set != "" && !strings.EqualFold(f.Tenant.ID, current.TenantID):
		here := f.named(current.TenantID)
		return bad(check, title, Warning, "TENANT_DIFFERS",
			fmt.Sprintf("The settings name %s (azure.tenant_id, or AZURE_TENANT_ID), and az itself acts in %s: what runs on this machine uses another tenant than the containers.", f.Tenant.Label(), here.Label()),
			"Have az act there too, or take azure.tenant_id away: aztray tenant use "+f.Tenant.ID)
	case many > 1:
		return good(check, title, fmt.Sprintf("%s, of %d that you may use", f.Tenant.Label(), many))
	}
	return good(check, title, f.Tenant.Label())
}

func judgeRenewal(f signInFacts) Line {
	const check, title = "sign-in.renewal", "silent renewal"
	p := f.Problem
	switch {
	case p == nil:
		return good(check, title, "A token for "+shortScope(f.Scope)+" was renewed without you")
	case p.Kind == auth.Offline || p.Code == "CA_BUNDLE_UNREADABLE":
		return notApplicable(check, title, "It could not be tried, for Microsoft Entra did not answer.")
	case p.Kind == auth.Transient:
		return problem(check, title, Warning, p)
	}
	l := problem(check, title, Wrong, p)
	if p.SignInCures() && f.Files.Kind(f.Files.Profile.Current()).Person() {
		l.Fix = FixSignIn
	}
	return l
}

// shortScope is the service of a scope.
func shortScope(scope string) string {
	return strings.TrimRight(strings.TrimSuffix(strings.TrimPrefix(scope, "https://"), ".default"), "/")
}

// judgeSources finds what programs on this machine would take before az.
func judgeSources(f signInFacts) Line {
	const check, title = "sign-in.others", "other sign-ins"
	for _, s := range f.Sources {
		switch {
		case s.Name == "AzureCLICredential" && s.State == auth.SourceNotTried && strings.Contains(s.Reason, "AZURE_TOKEN_CREDENTIALS"):
			return bad(check, title, Warning, "SOURCE_EXCLUDED", "Programs on this machine do not ask az: "+s.Reason, "Let them ask az again: "+shell.Unset("AZURE_TOKEN_CREDENTIALS"))
		case s.Name == "AzureCLICredential":
			return good(check, title, "None comes before az for programs on this machine")
		case s.State == auth.SourceNotTried && s.Problem == nil && !strings.Contains(s.Reason, "AZURE_TOKEN_CREDENTIALS") && s.Name != "VisualStudioCodeCredential":
			return bad(check, title, Warning, "SOURCE_OVERRULES", fmt.Sprintf("Programs on this machine take %s, and never ask az, for the environment configures it.", s.Name),
				"Where they are to use your sign-in: "+shell.Unset(sourceVariables[s.Name]...))
		}
	}
	return notApplicable(check, title, "It cannot be told here.")
}

// sourceVariables configure the credentials that come before az's.
var sourceVariables = map[string][]string{
	"EnvironmentCredential":      {"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME"},
	"WorkloadIdentityCredential": {"AZURE_FEDERATED_TOKEN_FILE"},
	"ManagedIdentityCredential":  {"IDENTITY_ENDPOINT", "MSI_ENDPOINT"},
}

// Package cloud is a stand-in, on loopback, for the three services that a sign-in touches: Entra ID,
// Azure Resource Manager and Azure OpenAI. It speaks their wire formats behind a CONNECT proxy with a
// certificate authority of its own, so that real az, MSAL and azidentity reach it unchanged: they ask
// for https://login.microsoftonline.com and get this. It knows nothing of the product and is never
// linked into it.
//
// # Use
//
//	c, err := cloud.Start(cloud.Options{})
//	defer c.Close()
//	browser, err := c.WriteBrowser(dir) // a $BROWSER that signs in by itself
//	cmd := exec.Command("az", "login", "--allow-no-subscriptions")
//	cmd.Env = append(os.Environ(), c.Env(azureDir)...)
//	cmd.Env = append(cmd.Env, "BROWSER="+browser)
//
// Everything that can go wrong is a setting, taken up by the next request:
//
//	c.SetPolicy(func(p *cloud.Policy) {
//		p.TokenLifetime = 6 * time.Minute
//		p.Tenant(cloud.Contoso).SignInFrequency = 5 * time.Second // then AADSTS70043
//		p.Service(cloud.Entra).Outage = cloud.OutageReset
//	})
//
// What happened is read from [Cloud.Requests] and awaited with [Cloud.WaitFor]; neither ever holds a
// secret. [Cloud.Issued] does the opposite: it lists every access and refresh token ever given out, so
// that a test can search for them by value where they must not be.
//
// # The world
//
// [Ada] lives in [Contoso] and is a guest in [Fabrikam], in [Northwind], which demands MFA, and in
// [Tailspin], which has no subscriptions. [Bob] lives in Fabrikam. A person signs in without a password:
// [Policy].Person is whoever the account tile is for.
//
// [Robot] is a service principal of Contoso, which proves itself by secret, by certificate
// ([Cloud.WriteCertificate]) or by a federated token ([Cloud.FederatedToken]). [Machine] is the managed
// identity that an endpoint on loopback gives to whom [Cloud.IdentityEnv] leads there.
//
// There are four [Clouds], and in each an Azure OpenAI resource of Contoso and one of Fabrikam: see
// [Resources].
//
// # What follows Entra closely
//
//   - Refresh tokens rotate; the old ones stay valid; all of one sign-in keep its moment, from which
//     sign-in frequency (70043) and revocation (50173) count. The idle limit (700082) counts from the
//     issue of the refresh token presented.
//   - A refresh token is bound to person and client, not to tenant or resource. It reaches a tenant that
//     demands MFA only if the sign-in was made in that tenant; else 50076, with a claims challenge.
//   - The home account id is oid.tenant of the home tenant, the object id in a guest tenant another one.
//   - A refused silent request is remembered by MSAL Python for 60 seconds in az's msal_http_cache.bin:
//     az repeats 70043 without asking again even if the policy has since been lifted. A new sign-in has
//     a new refresh token and is not affected. The same memory holds a 429 or 5xx for its Retry-After,
//     60 seconds if there is none, so every such answer here carries a Retry-After.
//   - az and MSAL take the last five minutes of an access token as over. With [Policy].TokenLifetime at
//     or below that, each az call refreshes.
//
// # What it refuses
//
// A host that is none of the services does not resolve (CONNECT gets 502), and plain HTTP is dropped, so
// nothing escapes to the network and no metadata service is found; both are in the log. A real browser
// asks for much of that by itself. It trusts the CA only if told to (--ignore-certificate-errors).
//
// # What it leaves out
//
// Passwords, the v1 endpoints, ADFS, brokers, and continuous access evaluation. A conditional access refusal comes from the token
// endpoint, never on the sign-in page.
package cloud

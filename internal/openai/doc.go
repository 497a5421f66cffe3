// Package openai asks an Azure OpenAI endpoint whether a token works there, for each deployment, as
// a container would, and says in words what is wrong. It gets a token and settings and returns a
// [Result]: it knows nothing of schedules, menus or az, keeps no state and never renews anything.
//
// A probe bills no token. It lists the base models, which proves network, tenant, token and role,
// and then sends each deployment an empty request: the complaint about what is missing in it comes
// from behind the same checks, and after the deployment was found. That order is an assumption, for
// Azure documents none: an endpoint that read the body first would hide a missing deployment.
//
// It is plain net/http and not github.com/openai/openai-go, which sends no empty request, reads an
// answer of any length, drops an error that is not in its own shape (Azure's 401), and makes the
// program 20 MB larger. Nor is it azcore's pipeline, which would sleep and retry inside a probe,
// while here the next try is [Next]'s to say.
package openai

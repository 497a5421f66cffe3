package cloud

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// regionalSuffix is the end of a regional host, which takes keys but no tokens.
const regionalSuffix = ".api.cognitive.microsoft.com"

func resourceAt(host string) (Resource, bool) {
	for _, res := range Resources() {
		if res.Endpoint == "https://"+host {
			return res, true
		}
	}
	return Resource{}, false
}

// openAI answers at an Azure OpenAI resource: network, token, tenant, role, then the request itself.
// The caller holds the lock.
func (c *Cloud) openAI(r *http.Request, rec *Request) reply {
	host := hostOf(r.Host)
	res, ok := resourceAt(host)
	if !ok {
		return apiError(http.StatusBadRequest, "BadRequest", "Please provide a custom subdomain for token authentication, otherwise API key is required.")
	}
	policy := c.policy.openAI[res.Endpoint]
	if policy.Firewall {
		return apiError(http.StatusForbidden, "AccessDenied", "Access denied due to Virtual Network/Firewall rules.")
	}
	token, refused := c.openAIToken(r, rec, res)
	if refused != nil {
		return *refused
	}
	version := r.URL.Query().Get("api-version")
	path := strings.TrimPrefix(r.URL.Path, "/openai/")
	deployment, action, isDeployment := strings.Cut(strings.TrimPrefix(path, "deployments/"), "/")
	isDeployment = isDeployment && strings.HasPrefix(path, "deployments/")
	isModels := path == "models" && apiVersions.MatchString(version) || path == "v1/models"
	switch {
	case isModels && r.Method == http.MethodGet && policy.NoRole:
		return roleMissing(token, "models/read", "GET /openai/models")
	case isModels && r.Method == http.MethodGet:
		return models(res)
	case !isDeployment, !apiVersions.MatchString(version), r.Method != http.MethodPost,
		action != "chat/completions" && action != "embeddings":
		return apiError(http.StatusNotFound, "404", "Resource not found")
	case policy.NoRole:
		return roleMissing(token, "deployments/"+action+"/action", "POST /openai/deployments/{deployment-id}/"+action)
	case policy.RateLimit > 0:
		return rateLimited(policy.RateLimit)
	}
	i := slices.IndexFunc(res.Deployments, func(d Deployment) bool { return d.Name == deployment })
	if i < 0 {
		return apiError(http.StatusNotFound, "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.")
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return invalid("invalid_request_error", "", "We could not parse the JSON body of your request.")
	}
	if action == "embeddings" {
		return embed(res.Deployments[i], body)
	}
	return complete(res.Deployments[i], body)
}

// openAIToken finds who asks, or words the refusal. It is 400 for a token of another tenant.
func (c *Cloud) openAIToken(r *http.Request, rec *Request, res Resource) (*accessToken, *reply) {
	if r.Header.Get("api-key") != "" {
		rep := apiError(http.StatusUnauthorized, "401", "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.")
		return nil, &rep
	}
	value, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	at, _, _ := cloudAt(hostOf(r.Host))
	token, ok := c.access[value]
	if ok {
		rec.Account, rec.Tenant, rec.TokenID = token.who.name(), token.tenant.ID, token.id
	}
	switch {
	case !ok, token.cloud != at.Name, !sameResource(token.resource, at.Cognitive), !c.now().Before(token.expires):
		rep := jsonReply(http.StatusUnauthorized, map[string]any{"statusCode": 401,
			"message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."})
		rep.outcome = "Unauthorized"
		// the challenge names the tenant of the resource, as ARM's does
		rep.header.Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="https://login.windows.net/%s", error="invalid_token"`, res.Tenant.ID))
		return nil, &rep
	case token.tenant != res.Tenant:
		rep := apiError(http.StatusBadRequest, "Tenant provided in token does not match resource token",
			fmt.Sprintf("Token tenant %s does not match resource tenant.", token.tenant.ID))
		return nil, &rep
	}
	return token, nil
}

func roleMissing(t *accessToken, action, operation string) reply {
	return apiError(http.StatusUnauthorized, "PermissionDenied", fmt.Sprintf("The principal `%s` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/%s` to perform `%s` operation.",
		t.who.objectID(t.tenant), action, operation))
}

func rateLimited(after time.Duration) reply {
	seconds := int((after + time.Second - 1) / time.Second)
	rep := apiError(http.StatusTooManyRequests, "429", fmt.Sprintf("Requests to the ChatCompletions_Create Operation under Azure OpenAI API version %s have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after %d seconds.", APIVersion, seconds))
	rep.header.Set("Retry-After", strconv.Itoa(seconds))
	return rep
}

// models lists base models, not deployments, as the real one does.
func models(res Resource) reply {
	rows := []map[string]any{}
	for _, d := range res.Deployments {
		rows = append(rows, map[string]any{"id": d.Model, "object": "model", "status": "succeeded", "created_at": 1715644800, "updated_at": 1715644800,
			"lifecycle_status": "generally-available", "deprecation": map[string]int{"inference": 1893456000},
			"capabilities": map[string]bool{"fine_tune": false, "inference": true, "completion": false, "chat_completion": !d.Embeddings, "embeddings": d.Embeddings}})
	}
	return jsonReply(http.StatusOK, map[string]any{"object": "list", "data": rows})
}

func complete(d Deployment, body map[string]any) reply {
	_, limited := body["max_tokens"]
	messages, _ := body["messages"].([]any)
	switch {
	case d.Embeddings:
		return apiError(http.StatusBadRequest, "OperationNotSupported", "The chatCompletion operation does not work with the specified model, "+d.Model+". Please choose different model and try again.")
	case len(messages) == 0:
		return invalid("missing_required_parameter", "messages", "Missing required parameter: 'messages'.")
	case d.Reasoning && limited:
		return invalid("unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	}
	return jsonReply(http.StatusOK, map[string]any{
		"id": "chatcmpl-" + newGUID(), "object": "chat.completion", "created": time.Now().Unix(), "model": d.Model,
		"choices": []map[string]any{{"index": 0, "finish_reason": "length", "message": map[string]string{"role": "assistant", "content": "Hello"}}},
		"usage":   map[string]int{"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9},
	})
}

func embed(d Deployment, body map[string]any) reply {
	switch {
	case !d.Embeddings:
		return apiError(http.StatusBadRequest, "OperationNotSupported", "The embeddings operation does not work with the specified model, "+d.Model+". Please choose different model and try again.")
	case body["input"] == nil:
		return invalid("missing_required_parameter", "input", "Missing required parameter: 'input'.")
	}
	return jsonReply(http.StatusOK, map[string]any{
		"object": "list", "model": d.Model,
		"data":  []map[string]any{{"object": "embedding", "index": 0, "embedding": []float64{0.1, -0.2, 0.3}}},
		"usage": map[string]int{"prompt_tokens": 1, "total_tokens": 1},
	})
}

// invalid is a 400 as OpenAI words it: token, role and deployment were found good before.
func invalid(code, parameter, message string) reply {
	rep := jsonReply(http.StatusBadRequest, map[string]any{"error": map[string]any{
		"message": message, "type": "invalid_request_error", "param": parameter, "code": code}})
	rep.outcome = code
	return rep
}

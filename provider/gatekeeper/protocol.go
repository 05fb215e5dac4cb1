package gatekeeper

// The protocol's types as Gatekeeper has them, field by field: those of
// github.com/open-policy-agent/frameworks/constraint/pkg/externaldata. They are ours
// because that package brings OPA's parser and Kubernetes' types into whatever links it.
// A test holds the two together.

// APIVersion is the only version of the protocol there is.
const APIVersion = "externaldata.gatekeeper.sh/v1beta1"

// The kinds of what is sent: to a provider, and by one.
const (
	RequestKind  = "ProviderRequest"
	ResponseKind = "ProviderResponse"
)

// ProviderRequest is what Gatekeeper sends.
type ProviderRequest struct {
	APIVersion string  `json:"apiVersion,omitempty"`
	Kind       string  `json:"kind,omitempty"`
	Request    Request `json:"request,omitempty"`
}

// Request is the question.
type Request struct {
	// Keys are image references, as the policy gave them to external_data.
	Keys []string `json:"keys,omitempty"`
}

// ProviderResponse is what a provider sends.
type ProviderResponse struct {
	APIVersion string   `json:"apiVersion,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	Response   Response `json:"response,omitempty"`
}

// Response is the answer.
type Response struct {
	// Idempotent must be true for mutation.
	Idempotent bool   `json:"idempotent,omitempty"`
	Items      []Item `json:"items,omitempty"`
	// SystemError is about the request, or about keys that have no item.
	SystemError string `json:"systemError,omitempty"`
}

// Item is the answer for one key. Gatekeeper takes one without an Error for good.
type Item struct {
	// Key is the key of the request, byte for byte.
	Key   string `json:"key,omitempty"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

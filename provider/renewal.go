package provider

import "context"

type renewalKey struct{}

// WithRenewal marks what is asked to renew what was settled before, such as a tag of an
// image in use. It goes before what anybody may think of to ask.
func WithRenewal(ctx context.Context) context.Context {
	return context.WithValue(ctx, renewalKey{}, true)
}

// IsRenewal tells whether ctx is marked by [WithRenewal].
func IsRenewal(ctx context.Context) bool { return ctx.Value(renewalKey{}) != nil }
